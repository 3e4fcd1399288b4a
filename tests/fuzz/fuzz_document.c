/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A registry's answer: whatever comes, entries are well-formed and a roster keeps its bounds. */
#include "registry/list/accepted.h"
#include "registry/list/document.h"
#include "tests/fuzz/require.h"

#include <stdint.h>

static void check(void *context, const struct entry *entry, const char *text, size_t size,
                  const struct dname *beside)
{
    struct roster *roster = context;

    REQUIRE(text != NULL && (size > 0 || entry->kind == ENTRY_MALFORMED));
    REQUIRE(!beside || (dname_is_canonical(beside) && beside->length > 1));
    if (entry->kind == ENTRY_HOST || entry->kind == ENTRY_WILDCARD)
        REQUIRE(dname_is_canonical(&entry->name));
    if (entry->kind == ENTRY_ADDRESS || entry->kind == ENTRY_PREFIX)
        REQUIRE(address_is_canonical(&entry->address) && address_size(&entry->address) > 0);
    REQUIRE(roster_take(roster, entry, beside) < FATE_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct matcher *matcher;
    struct whitelist_pattern patterns[2] = {{.whitelist = 0}, {.whitelist = 1}};
    struct roster roster;

    REQUIRE(pattern_from_text("*.io", &patterns[0].pattern));
    REQUIRE(pattern_from_text("*", &patterns[1].pattern));
    if (!matcher)
        matcher = matcher_new(patterns, 2);
    REQUIRE(matcher != NULL);
    roster_init(&roster, matcher, size & 1, true);
    document_read((const char *)data, size, check, &roster);
    for (size_t i = 0; i < roster.host_count; i++)
        REQUIRE(matcher_find(matcher, &roster.hosts[i]) >> roster.whitelist & 1);
    for (size_t i = 0; i < roster.address_count; i++)
        REQUIRE(roster.addresses[i].host == ROSTER_UNNAMED ||
                roster.addresses[i].host < roster.host_count);
    roster_free(&roster);
    return 0;
}
