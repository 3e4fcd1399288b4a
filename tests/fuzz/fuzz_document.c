/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A registry's answer: whatever comes, entries are well-formed and what is accepted keeps its
 * bounds. */
#include "registry/list/accepted.h"
#include "registry/list/document.h"
#include "tests/fuzz/require.h"

#include <stdint.h>

static void check(void *context, const struct entry *entry, const char *text, size_t size,
                  const struct dname *beside)
{
    struct accepted *accepted = context;

    REQUIRE(text != NULL && (size > 0 || entry->kind == ENTRY_MALFORMED));
    REQUIRE(!beside || (dname_is_canonical(beside) && beside->length > 1));
    if (entry->kind == ENTRY_HOST || entry->kind == ENTRY_WILDCARD)
        REQUIRE(dname_is_canonical(&entry->name));
    if (entry->kind == ENTRY_ADDRESS || entry->kind == ENTRY_PREFIX)
        REQUIRE(address_is_canonical(&entry->address) && address_size(&entry->address) > 0);
    REQUIRE(accepted_take(accepted, entry, beside) < FATE_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct matcher *matcher;
    struct whitelist_pattern patterns[2] = {{.whitelist = 0}, {.whitelist = 1}};
    struct accepted accepted;

    REQUIRE(pattern_from_text("*.io", &patterns[0].pattern));
    REQUIRE(pattern_from_text("*", &patterns[1].pattern));
    if (!matcher)
        matcher = matcher_new(patterns, 2);
    REQUIRE(matcher != NULL);
    accepted_init(&accepted, matcher, size & 1, true);
    document_read((const char *)data, size, check, &accepted);
    for (size_t i = 0; i < accepted.host_count; i++)
        REQUIRE(matcher_find(matcher, &accepted.hosts[i]) >> accepted.whitelist & 1);
    for (size_t i = 0; i < accepted.address_count; i++)
        REQUIRE(accepted.addresses[i].host == ACCEPTED_UNNAMED ||
                accepted.addresses[i].host < accepted.host_count);
    accepted_free(&accepted);
    return 0;
}
