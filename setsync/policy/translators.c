/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RFC 7050 section 3 lets the reader tell apart places that hold the well-known address by chance;
 * since a prefix only refuses, each of them is taken.
 */
#include "setsync/policy/translators.h"

#include "dnsparse/names/dns.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Byte 8 is left out. */
static const struct layout {
    uint8_t length;
    uint8_t at[4];
} layouts[] = {
    {32, {4, 5, 6, 7}},   {40, {5, 6, 7, 9}},    {48, {6, 7, 9, 10}},
    {56, {7, 9, 10, 11}}, {64, {9, 10, 11, 12}}, {96, {12, 13, 14, 15}},
};

const uint8_t *translators_layout(uint8_t length)
{
    for (size_t i = 0; i < COUNT(layouts); i++)
        if (layouts[i].length == length)
            return layouts[i].at;
    return NULL;
}

bool translators_is_name(const struct dname *name)
{
    struct dname asked;

    return dname_from_text(DNS64_NAME, &asked) && dname_equal(name, &asked);
}

/* 192.0.0.170 or 192.0.0.171, and in byte 8 nothing where it is left out. */
static bool is_well_known(const uint8_t *bytes, const struct layout *layout)
{
    const uint8_t *at = layout->at;

    return bytes[at[0]] == 192 && bytes[at[1]] == 0 && bytes[at[2]] == 0 &&
           (bytes[at[3]] == 170 || bytes[at[3]] == 171) && (layout->length == 96 || bytes[8] == 0);
}

static bool translators_has(const struct translators *translators, const struct prefix *prefix)
{
    for (size_t i = 0; i < translators->count; i++)
        if (translators->prefixes[i].length == prefix->length &&
            address_equal(&translators->prefixes[i].address, &prefix->address))
            return true;
    return false;
}

bool translators_learn(struct translators *translators, const struct address *address)
{
    bool any = false;

    for (size_t i = 0; address->family == ADDRESS_IPV6 && i < COUNT(layouts); i++) {
        if (!is_well_known(address->bytes, &layouts[i]))
            continue;
        struct prefix prefix = {.address.family = ADDRESS_IPV6, .length = layouts[i].length};
        memcpy(prefix.address.bytes, address->bytes, prefix.length / 8);
        if (translators_has(translators, &prefix))
            continue;
        if (translators->count == TRANSLATORS_MAX) /* the one found longest ago makes room */
            memmove(translators->prefixes, translators->prefixes + 1,
                    --translators->count * sizeof(prefix));
        translators->prefixes[translators->count++] = prefix;
        any = true;
    }
    return any;
}
