/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which addresses may be granted and for how long (design 5.6, 5.7).  An IPv6 address that a
 * translator or the end of a tunnel turns into IPv4 is judged by what it becomes, too.
 */
#include "setsync/policy/policy.h"

#include "dnsparse/names/pattern_index.h"
#include "setsync/policy/translators.h"

#include <stddef.h>
#include <string.h>

struct range {
    uint8_t bytes[16];
    uint8_t length;
    uint8_t family;
};

/* Never an address that a client connects to (RFC 6890 and the registries behind it). */
static const struct range special_ranges[] = {
    {{0}, 8, ADDRESS_IPV4},                       /* this network */
    {{127}, 8, ADDRESS_IPV4},                     /* loopback */
    {{169, 254}, 16, ADDRESS_IPV4},               /* link-local */
    {{192, 0, 0}, 24, ADDRESS_IPV4},              /* protocol assignments */
    {{192, 88, 99}, 24, ADDRESS_IPV4},            /* 6to4 relays, once (RFC 7526) */
    {{224}, 4, ADDRESS_IPV4},                     /* multicast */
    {{240}, 4, ADDRESS_IPV4},                     /* reserved, broadcast */
    {{0}, 96, ADDRESS_IPV6},                      /* ::, ::1, IPv4-compatible */
    {{[10] = 0xff, 0xff}, 96, ADDRESS_IPV6},      /* IPv4-mapped */
    {{0xfe, 0x80}, 10, ADDRESS_IPV6},             /* link-local */
    {{0xfe, 0xc0}, 10, ADDRESS_IPV6},             /* site-local */
    {{0xff}, 8, ADDRESS_IPV6},                    /* multicast */
    {{0x01, 0x00}, 64, ADDRESS_IPV6},             /* discard-only */
    {{0x01, [7] = 0x01}, 64, ADDRESS_IPV6},       /* no destination (RFC 9780) */
    {{0x20, 0x01, 0x00, 0x10}, 28, ADDRESS_IPV6}, /* ORCHID: identifiers, which nobody routes */
    {{0x20, 0x01, 0x00, 0x20}, 28, ADDRESS_IPV6}, /* ORCHIDv2 */
    {{0x5f, 0x00}, 16, ADDRESS_IPV6},             /* segment identifiers (RFC 9602) */
};

static const struct range private_ranges[] = {
    {{10}, 8, ADDRESS_IPV4},       {{172, 16}, 12, ADDRESS_IPV4}, {{192, 168}, 16, ADDRESS_IPV4},
    {{100, 64}, 10, ADDRESS_IPV4}, {{0xfc}, 7, ADDRESS_IPV6},
};

/* What measures devices has these, and no server out there (RFC 2544, RFC 5180). */
static const struct range benchmark_ranges[] = {
    {{198, 18}, 15, ADDRESS_IPV4},
    {{0x20, 0x01, 0x00, 0x02}, 48, ADDRESS_IPV6},
};

/* Where the four bytes stand in addresses that hold an IPv4 address, and what each is XORed with.
 */
static const struct embedding {
    struct range range;
    uint8_t at[4];
    uint8_t mask;
} embeddings[] = {
    {{{0x00, 0x64, 0xff, 0x9b}, 96, ADDRESS_IPV6}, {12, 13, 14, 15}, 0}, /* NAT64 (RFC 6052) */
    {{{[8] = 0xff, 0xff}, 96, ADDRESS_IPV6}, {12, 13, 14, 15}, 0}, /* IPv4-translated (RFC 2765) */
    {{{0x20, 0x02}, 16, ADDRESS_IPV6}, {2, 3, 4, 5}, 0},           /* 6to4 (RFC 3056) */
    {{{0x20, 0x01}, 32, ADDRESS_IPV6}, {4, 5, 6, 7}, 0},           /* Teredo's server (RFC 4380) */
    {{{0x20, 0x01}, 32, ADDRESS_IPV6}, {12, 13, 14, 15}, 0xff},    /* and the host behind it */
};

static const struct range nat64_local_use = {
    {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, ADDRESS_IPV6};

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

/* What a translator makes of it, and not the network it stands in, says whether it is private. */
static enum reason address_judge_plain(const struct whitelist *whitelist,
                                       const struct address *address, bool translated)
{
    if (ranges_contain(special_ranges, COUNT(special_ranges), address))
        return REASON_SPECIAL_ADDRESS;
    if (!whitelist->benchmark_addresses &&
        ranges_contain(benchmark_ranges, COUNT(benchmark_ranges), address))
        return REASON_BENCHMARK_ADDRESS;
    if (!whitelist->private_addresses && !translated &&
        ranges_contain(private_ranges, COUNT(private_ranges), address))
        return REASON_PRIVATE_ADDRESS;
    for (size_t i = 0; i < whitelist->refuse_count; i++)
        if (prefix_contains(&whitelist->refuse[i], address))
            return REASON_REFUSED_PREFIX;
    return REASON_NONE;
}

static enum reason address_judge_embedded(const struct whitelist *whitelist, const uint8_t *bytes,
                                          const uint8_t at[static 4], uint8_t mask)
{
    const uint8_t ipv4[4] = {bytes[at[0]] ^ mask, bytes[at[1]] ^ mask, bytes[at[2]] ^ mask,
                             bytes[at[3]] ^ mask};
    struct address address = address_from_ipv4(ipv4);
    return address_judge_plain(whitelist, &address, false);
}

/*
 * In 64:ff9b:1::/48 (RFC 8215) the operator chose the prefix length, and we do not know it.  Each
 * layout is judged.  The others read zeros where a /96 has its prefix: 0.0.0.0/8 is no address in
 * any of them, and with a /96's address present, one that ends in .0.0 is that prefix's own bytes.
 */
static enum reason address_judge_local_use(const struct whitelist *whitelist, const uint8_t *bytes)
{
    static const uint8_t lengths[] = {48, 56, 64, 96};
    bool is_96 = bytes[12] != 0;
    bool embeds = false;

    for (size_t i = 0; i < COUNT(lengths); i++) {
        const uint8_t *at = translators_layout(lengths[i]);
        bool here = lengths[i] == 96 ? is_96 : bytes[at[0]] != 0;
        bool prefix = lengths[i] < 96 && is_96 && bytes[at[2]] == 0 && bytes[at[3]] == 0;

        if (!here || prefix)
            continue;
        embeds = true;
        enum reason reason = address_judge_embedded(whitelist, bytes, at, 0);
        if (reason != REASON_NONE)
            return reason;
    }
    return embeds ? REASON_NONE : REASON_SPECIAL_ADDRESS;
}

bool policy_is_translation_prefix(const struct prefix *prefix)
{
    return prefix->address.family == ADDRESS_IPV6 && translators_layout(prefix->length);
}

static bool address_is_translated(const struct whitelist *whitelist, const struct address *address)
{
    for (size_t i = 0; i < whitelist->dns64_count; i++)
        if (prefix_contains(&whitelist->dns64[i], address))
            return true;
    return false;
}

static enum reason address_judge_within(const struct whitelist *whitelist,
                                        const struct address *address,
                                        const struct prefix *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!prefix_contains(&prefixes[i], address))
            continue;
        enum reason reason = address_judge_embedded(whitelist, address->bytes,
                                                    translators_layout(prefixes[i].length), 0);
        if (reason != REASON_NONE)
            return reason;
    }
    return REASON_NONE;
}

/* Prefixes that were found are not believed to let anything through: they only judge. */
static enum reason address_judge_translated(const struct whitelist *whitelist,
                                            const struct address *address)
{
    const struct translators *found = whitelist->translators;
    enum reason reason =
        address_judge_within(whitelist, address, whitelist->dns64, whitelist->dns64_count);

    if (reason == REASON_NONE && found)
        reason = address_judge_within(whitelist, address, found->prefixes, found->count);
    return reason;
}

/* An address may hold more than one: each has to be good. */
static enum reason address_judge_ipv4_inside(const struct whitelist *whitelist,
                                             const struct address *address)
{
    static const uint8_t last[4] = {12, 13, 14, 15};
    const uint8_t *identifier = address->bytes + 8;
    enum reason reason = address_judge_translated(whitelist, address);

    for (size_t i = 0; i < COUNT(embeddings) && reason == REASON_NONE; i++) {
        if (range_contains(&embeddings[i].range, address))
            reason = address_judge_embedded(whitelist, address->bytes, embeddings[i].at,
                                            embeddings[i].mask);
    }
    /* ISATAP's, under any prefix (RFC 5214 section 6.1), universal or not. */
    if (reason == REASON_NONE && (identifier[0] & 0xfc) == 0 && identifier[1] == 0 &&
        identifier[2] == 0x5e && identifier[3] == 0xfe)
        reason = address_judge_embedded(whitelist, address->bytes, last, 0);
    if (reason == REASON_NONE && !address_is_translated(whitelist, address) &&
        range_contains(&nat64_local_use, address))
        reason = address_judge_local_use(whitelist, address->bytes);
    return reason;
}

enum reason policy_judge_address(const struct whitelist *whitelist, const struct address *address)
{
    if (address->family != ADDRESS_IPV4 && address->family != ADDRESS_IPV6)
        return REASON_SPECIAL_ADDRESS;
    enum reason reason =
        address_judge_plain(whitelist, address, address_is_translated(whitelist, address));
    if (reason != REASON_NONE || address->family == ADDRESS_IPV4)
        return reason;
    return address_judge_ipv4_inside(whitelist, address);
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
    if (whitelist->index)
        return patternindex_match(whitelist->index, name);
    for (size_t i = 0; i < whitelist->pattern_count; i++)
        if (pattern_matches(&whitelist->patterns[i], name))
            return &whitelist->patterns[i];
    return NULL;
}

bool policy_has_pattern(const struct whitelist *whitelist, const struct pattern *pattern)
{
    if (whitelist->index)
        return patternindex_find(whitelist->index, pattern);
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
