/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which addresses may be granted and for how long (design 5.6, 5.7).  An IPv6 address that a
 * translator or 6to4 relay turns into IPv4 is judged by what it becomes, too.
 */
#include "setsync/policy.h"

#include "dnsparse/patternindex.h"

#include <stddef.h>
#include <string.h>

struct range {
    uint8_t bytes[16];
    uint8_t length;
    uint8_t family;
};

/* Never an address that a client connects to (RFC 6890 and the registries behind it). */
static const struct range special_ranges[] = {
    {{0}, 8, ADDRESS_IPV4},                  /* this network */
    {{127}, 8, ADDRESS_IPV4},                /* loopback */
    {{169, 254}, 16, ADDRESS_IPV4},          /* link-local */
    {{192, 0, 0}, 24, ADDRESS_IPV4},         /* protocol assignments */
    {{224}, 4, ADDRESS_IPV4},                /* multicast */
    {{240}, 4, ADDRESS_IPV4},                /* reserved, broadcast */
    {{0}, 96, ADDRESS_IPV6},                 /* ::, ::1, IPv4-compatible */
    {{[10] = 0xff, 0xff}, 96, ADDRESS_IPV6}, /* IPv4-mapped */
    {{0xfe, 0x80}, 10, ADDRESS_IPV6},        /* link-local */
    {{0xfe, 0xc0}, 10, ADDRESS_IPV6},        /* site-local */
    {{0xff}, 8, ADDRESS_IPV6},               /* multicast */
    {{0x01, 0x00}, 64, ADDRESS_IPV6},        /* discard-only */
};

static const struct range private_ranges[] = {
    {{10}, 8, ADDRESS_IPV4},       {{172, 16}, 12, ADDRESS_IPV4}, {{192, 168}, 16, ADDRESS_IPV4},
    {{100, 64}, 10, ADDRESS_IPV4}, {{0xfc}, 7, ADDRESS_IPV6},
};

static const struct range nat64_well_known = {{0x00, 0x64, 0xff, 0x9b}, 96, ADDRESS_IPV6};
static const struct range nat64_local_use = {
    {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, ADDRESS_IPV6};
static const struct range six_to_four = {{0x20, 0x02}, 16, ADDRESS_IPV6};

/* Where RFC 6052 section 2.2 puts the four IPv4 bytes; byte 8 is left out. */
static const uint8_t nat64_layouts[][4] = {
    {6, 7, 9, 10},   /* /48 */
    {7, 9, 10, 11},  /* /56 */
    {9, 10, 11, 12}, /* /64 */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool range_contains(const struct range *range, const struct address *address)
{
    struct prefix prefix = {.address.family = range->family, .length = range->length};
    memcpy(prefix.address.bytes, range->bytes, sizeof(prefix.address.bytes));
    return prefix_contains(&prefix, address);
}

static bool ranges_contain(const struct range *ranges, size_t count, const struct address *address)
{
    for (size_t i = 0; i < count; i++)
        if (range_contains(&ranges[i], address))
            return true;
    return false;
}

static enum reason judge_plain(const struct whitelist *whitelist, const struct address *address)
{
    if (ranges_contain(special_ranges, COUNT(special_ranges), address))
        return REASON_SPECIAL_ADDRESS;
    if (!whitelist->private_addresses &&
        ranges_contain(private_ranges, COUNT(private_ranges), address))
        return REASON_PRIVATE_ADDRESS;
    for (size_t i = 0; i < whitelist->refuse_count; i++)
        if (prefix_contains(&whitelist->refuse[i], address))
            return REASON_REFUSED_PREFIX;
    return REASON_NONE;
}

static enum reason judge_embedded(const struct whitelist *whitelist, const uint8_t *ipv4)
{
    struct address address = address_from_ipv4(ipv4);
    return judge_plain(whitelist, &address);
}

/*
 * In 64:ff9b:1::/48 (RFC 8215) the operator chose the prefix length, and we do not know it.  Each
 * layout is judged.  The others read zeros where a /96 has its prefix: 0.0.0.0/8 is no address in
 * any of them, and with a /96's address present, one that ends in .0.0 is that prefix's own bytes.
 */
static enum reason judge_local_use(const struct whitelist *whitelist, const uint8_t *bytes)
{
    bool is_96 = bytes[12] != 0;
    if (is_96) {
        enum reason reason = judge_embedded(whitelist, bytes + 12);
        if (reason != REASON_NONE)
            return reason;
    }
    bool embeds = is_96;
    for (size_t i = 0; i < COUNT(nat64_layouts); i++) {
        const uint8_t *at = nat64_layouts[i];
        uint8_t ipv4[4] = {bytes[at[0]], bytes[at[1]], bytes[at[2]], bytes[at[3]]};
        if (ipv4[0] == 0 || (is_96 && ipv4[2] == 0 && ipv4[3] == 0))
            continue;
        embeds = true;
        enum reason reason = judge_embedded(whitelist, ipv4);
        if (reason != REASON_NONE)
            return reason;
    }
    return embeds ? REASON_NONE : REASON_SPECIAL_ADDRESS;
}

enum reason policy_judge_address(const struct whitelist *whitelist, const struct address *address)
{
    if (address->family != ADDRESS_IPV4 && address->family != ADDRESS_IPV6)
        return REASON_SPECIAL_ADDRESS;
    enum reason reason = judge_plain(whitelist, address);
    if (reason != REASON_NONE || address->family == ADDRESS_IPV4)
        return reason;
    if (range_contains(&nat64_well_known, address))
        return judge_embedded(whitelist, address->bytes + 12);
    if (range_contains(&six_to_four, address))
        return judge_embedded(whitelist, address->bytes + 2);
    if (range_contains(&nat64_local_use, address))
        return judge_local_use(whitelist, address->bytes);
    return REASON_NONE;
}

uint32_t policy_clamp_ttl(const struct whitelist *whitelist, uint32_t ttl)
{
    if (ttl > INT32_MAX)
        ttl = 0; /* RFC 2181, section 8 */
    if (ttl < whitelist->ttl_min)
        ttl = whitelist->ttl_min;
    return ttl < whitelist->ttl_max ? ttl : whitelist->ttl_max;
}

uint32_t policy_lifetime(const struct whitelist *whitelist, uint32_t ttl)
{
    uint32_t clamped = policy_clamp_ttl(whitelist, ttl);
    return clamped > UINT32_MAX - whitelist->grace ? UINT32_MAX : clamped + whitelist->grace;
}

const struct pattern *policy_pattern(const struct whitelist *whitelist, const struct dname *name)
{
    if (whitelist->index != NULL)
        return patternindex_match(whitelist->index, name);
    for (size_t i = 0; i < whitelist->pattern_count; i++)
        if (pattern_matches(&whitelist->patterns[i], name))
            return &whitelist->patterns[i];
    return NULL;
}

bool policy_has_pattern(const struct whitelist *whitelist, const struct pattern *pattern)
{
    if (whitelist->index != NULL)
        return patternindex_find(whitelist->index, pattern) != NULL;
    for (size_t i = 0; i < whitelist->pattern_count; i++)
        if (pattern_equal(&whitelist->patterns[i], pattern))
            return true;
    return false;
}

uint32_t policy_set_size(uint64_t capacity)
{
    uint64_t size = capacity + capacity / 4 + 256;
    return size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}
