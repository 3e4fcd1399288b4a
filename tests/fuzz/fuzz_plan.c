/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes as the plan of a sniffer.  What is taken for one is walked through, and sealed again it
 * must be the same bytes: nothing in them went unread.
 */
#include "sniffer/plan.h"

#include "tests/fuzz/require.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct plan *plan)
{
    char text[PATTERN_TEXT_MAX], prefix[PREFIX_TEXT_MAX];

    for (size_t i = 0; i < plan->interface_count; i++)
        REQUIRE(strlen(plan->interfaces[i].name) < IFNAMSIZ);
    for (size_t i = 0; i < plan->resolver_count; i++)
        REQUIRE(prefix_to_text(&plan->resolvers[i].prefix, prefix)[0]);
    for (size_t i = 0; i < plan->pattern_count; i++)
        REQUIRE(pattern_to_text(&plan->patterns[i].pattern, text)[0]);
    for (size_t i = 0; i < plan->derived_count; i++)
        REQUIRE(plan->derived[i].whitelist < WHITELISTS_MAX && plan->derived[i].root.length > 0);
    for (size_t i = 0; i < plan->link_count; i++)
        REQUIRE(plan_link(plan, plan->links[i].index) == &plan->links[i]);
    for (size_t i = 0; i < plan->origin_count; i++)
        REQUIRE(prefix_to_text(&plan->origins[i].prefix, prefix)[0]);
    for (size_t i = 0; i < plan->vlan_count; i++)
        REQUIRE(plan->vlans[i] <= 4094);
}

static void seal_again(const struct plan *plan, const uint8_t *data, size_t size)
{
    int fd = plan_seal(plan);
    uint8_t *sealed = malloc(size + 1);

    REQUIRE(fd >= 0 && sealed);
    REQUIRE(pread(fd, sealed, size + 1, 0) == (ssize_t)size);
    REQUIRE(memcmp(sealed, data, size) == 0);
    free(sealed);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Aligned, and with nothing behind it. */
    uint8_t *bytes = malloc(size ? size : 1);
    struct plan plan;

    REQUIRE(bytes);
    memcpy(bytes, data, size);
    if (plan_read(bytes, size, &plan)) {
        walk(&plan);
        seal_again(&plan, data, size);
    }
    free(bytes);
    return 0;
}
