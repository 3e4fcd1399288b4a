/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registry's plan: bytes that pass hold what registry_plan promises. */
#include "registry/plan.h"
#include "tests/fuzz/require.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct registry_plan plan;

    if (!registry_plan_read(data, size, &plan))
        return 0;
    REQUIRE(plan.whitelist_count <= WHITELISTS_MAX);
    for (size_t i = 0; i < plan.whitelist_count; i++)
        REQUIRE(memchr(plan.whitelists[i].url, '\0', REGISTRY_URL_MAX) &&
                plan.whitelists[i].interval > 0);
    for (size_t i = 0; i < plan.pattern_count; i++)
        REQUIRE(plan.patterns[i].whitelist < plan.whitelist_count &&
                dname_is_canonical(&plan.patterns[i].pattern.name));
    for (size_t i = 0; i < plan.resolver_count; i++)
        REQUIRE(address_size(&plan.resolvers[i]) > 0);
    (void)registry_plan_is_needed(&plan);
    return 0;
}
