/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whitelist as the configuration gives it: name patterns, two sets, limits.  Plain values, owned
 * by the configuration, borrowed by everyone else.
 */
#ifndef WILDSET_SETSYNC_POLICY_WHITELIST_H
#define WILDSET_SETSYNC_POLICY_WHITELIST_H

#include "dnsparse/names/address.h"
#include "dnsparse/names/matcher.h"
#include "dnsparse/names/pattern.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WHITELIST_NAME_MAX = 32, /* [A-Za-z][A-Za-z0-9_-]{0,30} and its NUL */
    SET_IDENTIFIER_MAX =
        128, /* a table's or set's name and its NUL; the kernel's own limit is 256 */
    WHITELIST_FEED_MAX = 256,
    WHITELIST_ADDRESSES_MOST = 262144, /* max-addresses, in all together: more was not tried */
    SET_TEXT_MAX = 2 * SET_IDENTIFIER_MAX + 16,
};

enum { SET_FAMILY_NONE = 0xff }; /* no set: addresses of that family are not granted */

/* "inet wildset lookback4", or "none" */
struct set_name {
    uint8_t family; /* NFPROTO_INET, NFPROTO_IPV4 (ip), NFPROTO_IPV6 (ip6), _BRIDGE, _NETDEV */
    char table[SET_IDENTIFIER_MAX];
    char set[SET_IDENTIFIER_MAX];
};

bool set_name_from_text(const char *text, struct set_name *out);
const char *set_name_to_text(const struct set_name *name, char out[static SET_TEXT_MAX]);
/* No set is equal to nothing, itself included. */
bool set_name_equal(const struct set_name *a, const struct set_name *b);
bool set_name_is_none(const struct set_name *name);
/* In "inet wildset", the table that is wildset's own. */
bool set_name_is_own(const struct set_name *name);
/* "inet", "ip"...; NULL for a family that is not one. */
const char *set_family_name(uint8_t family);

struct service {
    uint8_t protocol; /* IPPROTO_UDP, IPPROTO_TCP */
    uint16_t first_port, last_port;
};

enum whitelist_match {
    MATCH_QUESTION,
    MATCH_CHAIN, /* a pattern may match an alias on the way too */
};

enum whitelist_follow {
    FOLLOW_ACROSS, /* derived names */
    FOLLOW_ANSWER,
};

struct whitelist {
    char name[WHITELIST_NAME_MAX];
    struct pattern *patterns;
    size_t pattern_count;
    struct patternindex *index; /* of a long list; NULL: it is short enough to be walked */
    struct set_name set4, set6;
    bool create;
    struct service *services; /* in the order of preference */
    size_t service_count;
    enum whitelist_match match;
    enum whitelist_follow follow;
    uint32_t ttl_min, ttl_max, grace; /* seconds */
    uint32_t max_addresses;           /* in each of the two sets */
    bool private_addresses;
    bool benchmark_addresses;
    struct prefix *refuse;
    size_t refuse_count;
    struct prefix *dns64; /* of translators: an address in one is what it embeds */
    size_t dns64_count;
    bool dns64_discover;                   /* "discover": those that RFC 7050 finds refuse, too */
    const struct translators *translators; /* the found ones, borrowed; NULL: not asked for */
    char feed[WHITELIST_FEED_MAX];         /* a file for other firewalls to fetch; "": none */
    uint32_t feed_linger;                  /* seconds that an address stays in it past its lease */
    bool resolve;                          /* the names without "*" */
    char *registry;                        /* the list's URL; NULL or "": none */
    char *registry_ca;                     /* NULL or "": the system's certificates */
    bool registry_addresses;               /* addresses that stand in the list may be granted */
    uint32_t registry_interval, registry_keep; /* seconds */
    uint32_t registry_shrink;                  /* per cent */
};

/* Whether rules for one let its services pass to the addresses of the other too, which the other's
 * own rules would not: they share a set, and their services differ. */
bool whitelists_mix_services(const struct whitelist *a, const struct whitelist *b);

#endif
