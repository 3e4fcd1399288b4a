/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of all keys: one row says what a key may hold, what would be right, and where it goes.
 */
#include "daemon/config/reader.h"
#include "daemon/config/values.h"
#include "setsync/policy/policy.h"

#include <stdlib.h>
#include <string.h>

static const char *const checksums_words[] = {"auto", "verify", "ignore", NULL};
static const char *const latency_words[] = {"low", "normal", NULL};
static const char *const match_words[] = {"question", "chain", NULL};
static const char *const follow_words[] = {"across", "answer", NULL};
static const char *const log_words[] = {"alarms", "grants", "debug", NULL};

static bool convert_number(const struct config_key *key, const char *text, void *out)
{
    bool is_duration = key->type == TYPE_DURATION;
    uint32_t value;

    if (is_duration ? !value_duration(text, &value) : !value_number(text, key->most, &value))
        return false;
    if (value < key->least)
        return false;
    memcpy(out, &value, sizeof(value));
    return true;
}

/* "" is off. */
static bool convert_wait(const struct config_key *key, const char *text, void *out)
{
    uint32_t value = 0;
    if (*text != '\0' && !value_milliseconds(text, key->most, &value))
        return false;
    memcpy(out, &value, sizeof(value));
    return true;
}

/* The enums of the table start at 0 and have the size of an unsigned int. */
static bool convert_word(const struct config_key *key, const char *text, void *out)
{
    for (unsigned i = 0; key->choices[i]; i++) {
        if (strcmp(text, key->choices[i]) != 0)
            continue;
        memcpy(out, &i, sizeof(i));
        return true;
    }
    return false;
}

static bool convert_vlan(const char *text, uint16_t *out)
{
    uint32_t tag;
    if (!value_number(text, 4094, &tag))
        return false;
    *out = (uint16_t)tag;
    return true;
}

/* "discover" is no prefix: of no family, until config_check_whitelist takes it out. */
static bool convert_dns64(const char *text, struct prefix *out)
{
    struct prefix prefix = {0};
    if (strcmp(text, "discover") != 0 &&
        (!prefix_from_text(text, &prefix) || !policy_is_translation_prefix(&prefix)))
        return false;
    *out = prefix;
    return true;
}

/* A text of one's own; out of memory it stays as it was, which is none. */
static bool keep_text(const char *text, char **out)
{
    char *copy = strdup(text);
    if (!copy)
        return false;
    free(*out);
    *out = copy;
    return true;
}

bool config_convert(const struct config_key *key, const char *text, void *out)
{
    switch (key->type) {
    case TYPE_BOOLEAN:
        return value_boolean(text, out);
    case TYPE_NUMBER:
    case TYPE_DURATION:
        return convert_number(key, text, out);
    case TYPE_WAIT:
        return convert_wait(key, text, out);
    case TYPE_WORD:
        return convert_word(key, text, out);
    case TYPE_ADDRESS:
        return address_from_text(text, out);
    case TYPE_PREFIX:
        return prefix_from_text(text, out);
    case TYPE_DNS64:
        return convert_dns64(text, out);
    case TYPE_INTERFACE:
        return value_interface(text, out);
    case TYPE_RESOLVER:
        return value_resolver(text, out);
    case TYPE_TUNNEL:
        return value_tunnel(text, out);
    case TYPE_VLAN:
        return convert_vlan(text, out);
    case TYPE_PATTERN:
        return value_pattern(text, out);
    case TYPE_SET:
        return set_name_from_text(text, out);
    case TYPE_SERVICE:
        return value_service(text, out);
    case TYPE_URL:
        return value_url(text) && strlen(text) < REGISTRY_URL_MAX && keep_text(text, out);
    case TYPE_PATH:
        return value_path(text) && keep_text(text, out);
    case TYPE_USER:
        return value_user(text, out);
    case TYPE_FEED:
        return value_feed(text, out);
    }
    return false;
}

#define AT(structure, field) .offset = offsetof(struct structure, field)
#define LIST_AT(structure, field, count, most)                                                     \
    AT(structure, field), .list = true, .count_offset = offsetof(struct structure, count),         \
                          .element_size = sizeof(*((struct structure *)0)->field),                 \
                          .elements_max = (most)

#define WANTED_BOOLEAN "true or false"
#define WANTED_DURATION                                                                            \
    "a number and a unit, s, m, h or d, at most a year: \"90s\", \"10m\", \"1d\""
#define WANTED_WAIT "milliseconds, at most \"500ms\", such as \"250ms\"; or \"\" for none"
#define WANTED_PATH "a path that begins with /, or \"\" for none"

/* clang-format off */
static const struct config_key keys[] = {
    {.name = "log", .section = SECTION_ROOT, .type = TYPE_WORD, .choices = log_words,
     AT(config, log), .wanted = "\"alarms\", \"grants\" or \"debug\""},
    {.name = "registry-resolvers", .section = SECTION_ROOT, .type = TYPE_ADDRESS,
     LIST_AT(config, registry_resolvers, registry_resolver_count, REGISTRY_RESOLVERS_MAX),
     .wanted = "an address such as \"192.0.2.53\""},
    {.name = "hold", .section = SECTION_ROOT, .type = TYPE_WAIT, .most = CONFIG_HOLD_MAX,
     AT(config, hold_ms), .wanted = WANTED_WAIT},
    {.name = "hold-queue", .section = SECTION_ROOT, .type = TYPE_NUMBER, .most = UINT16_MAX,
     AT(config, hold_queue), .wanted = "the number of a queue, 0 to 65535"},
    {.name = "hold-at-least", .section = SECTION_ROOT, .type = TYPE_WAIT,
     .most = CONFIG_HOLD_MAX, AT(config, hold_at_least_ms), .wanted = WANTED_WAIT},

    {.name = "interfaces", .section = SECTION_CAPTURE, .type = TYPE_INTERFACE,
     LIST_AT(config, interfaces, interface_count, PLAN_INTERFACES_MAX),
     .wanted = "an interface's name, at most 15 characters, or \"any\""},
    {.name = "mirror", .section = SECTION_CAPTURE, .type = TYPE_INTERFACE,
     LIST_AT(config, mirrors, mirror_count, PLAN_INTERFACES_MAX),
     .wanted = "an interface's name, at most 15 characters, or \"auto\""},
    {.name = "resolvers", .section = SECTION_CAPTURE, .type = TYPE_RESOLVER,
     LIST_AT(config, resolvers, resolver_count, CONFIG_RESOLVERS_MAX),
     .standard = VALUE_DEFAULT_RESOLVERS,
     .wanted = "an address, a prefix with no host bits set, either with an interface and a port, or "
               "\"default\": \"192.0.2.53\", \"198.51.100.0/28\", \"2001:db8::53%eth1\", "
               "\"127.0.0.1@5335\""},
    {.name = "require-query", .section = SECTION_CAPTURE, .type = TYPE_BOOLEAN,
     AT(config, require_query), .wanted = WANTED_BOOLEAN},
    {.name = "checksums", .section = SECTION_CAPTURE, .type = TYPE_WORD,
     .choices = checksums_words, AT(config, checksums),
     .wanted = "\"auto\", \"verify\" or \"ignore\""},
    {.name = "latency", .section = SECTION_CAPTURE, .type = TYPE_WORD,
     .choices = latency_words, AT(config, latency), .wanted = "\"low\" or \"normal\""},
    {.name = "decapsulate", .section = SECTION_CAPTURE, .type = TYPE_TUNNEL,
     LIST_AT(config, tunnels, tunnel_count, PLAN_TUNNELS_MAX),
     .wanted = "\"gre\", \"erspan\", \"vxlan\", \"geneve\", \"ipip\", \"tzsp\" or \"gtp\" and whose: "
               "\"vxlan from 198.51.100.7\", \"vxlan from 198.51.100.0/28 vni 42 port 8472\", "
               "\"gre from 198.51.100.7 key 7\", \"erspan from 198.51.100.7 session 5\""},
    {.name = "vlans", .section = SECTION_CAPTURE, .type = TYPE_VLAN,
     LIST_AT(config, vlans, vlan_count, PLAN_VLANS_MAX), .wanted = "a tag from 0 to 4094"},

    {.name = "socket", .section = SECTION_DNSTAP, .type = TYPE_PATH,
     AT(config, dnstap_socket), .wanted = WANTED_PATH},
    {.name = "peers", .section = SECTION_DNSTAP, .type = TYPE_USER,
     LIST_AT(config, dnstap_peers, dnstap_peer_count, DNSTAP_PEERS_MAX),
     .wanted = "the name or number of the user that a resolver runs as: \"unbound\""},

    {.name = "names", .section = SECTION_WHITELIST, .type = TYPE_PATTERN,
     LIST_AT(whitelist, patterns, pattern_count, PLAN_PATTERNS_MAX),
     .wanted = "a name, \"*.\" and a name, or \"*\": \"www.example.net\", \"*.example.net\"",
     .mend = value_mend_name},
    {.name = "set4", .section = SECTION_WHITELIST, .type = TYPE_SET, AT(whitelist, set4),
     .wanted = "family, table and set, or \"none\": \"inet wildset lookback4\""},
    {.name = "set6", .section = SECTION_WHITELIST, .type = TYPE_SET, AT(whitelist, set6),
     .wanted = "family, table and set, or \"none\": \"inet wildset lookback6\""},
    {.name = "create", .section = SECTION_WHITELIST, .type = TYPE_BOOLEAN,
     AT(whitelist, create), .wanted = WANTED_BOOLEAN},
    {.name = "services", .section = SECTION_WHITELIST, .type = TYPE_SERVICE,
     LIST_AT(whitelist, services, service_count, 64),
     .wanted = "a protocol and a port or range: \"tcp 443\", \"udp 19305-19309\"",
     .mend = value_mend_service},
    {.name = "match", .section = SECTION_WHITELIST, .type = TYPE_WORD,
     .choices = match_words, AT(whitelist, match), .wanted = "\"question\" or \"chain\""},
    {.name = "follow", .section = SECTION_WHITELIST, .type = TYPE_WORD,
     .choices = follow_words, AT(whitelist, follow), .wanted = "\"across\" or \"answer\""},
    {.name = "ttl-min", .section = SECTION_WHITELIST, .type = TYPE_DURATION,
     AT(whitelist, ttl_min), .wanted = WANTED_DURATION},
    {.name = "ttl-max", .section = SECTION_WHITELIST, .type = TYPE_DURATION,
     AT(whitelist, ttl_max), .wanted = WANTED_DURATION},
    {.name = "grace", .section = SECTION_WHITELIST, .type = TYPE_DURATION,
     AT(whitelist, grace), .wanted = WANTED_DURATION},
    {.name = "max-addresses", .section = SECTION_WHITELIST, .type = TYPE_NUMBER, .least = 1,
     .most = WHITELIST_ADDRESSES_MOST, AT(whitelist, max_addresses),
     .wanted = "a number from 1 to 262144"},
    {.name = "private-addresses", .section = SECTION_WHITELIST, .type = TYPE_BOOLEAN,
     AT(whitelist, private_addresses), .wanted = WANTED_BOOLEAN},
    {.name = "refuse", .section = SECTION_WHITELIST, .type = TYPE_PREFIX,
     LIST_AT(whitelist, refuse, refuse_count, 4096),
     .wanted = "an address, or a prefix with no host bits set: \"203.0.113.0/24\""},
    {.name = "benchmark-addresses", .section = SECTION_WHITELIST, .type = TYPE_BOOLEAN,
     AT(whitelist, benchmark_addresses), .wanted = WANTED_BOOLEAN},
    {.name = "dns64", .section = SECTION_WHITELIST, .type = TYPE_DNS64,
     LIST_AT(whitelist, dns64, dns64_count, 64),
     .wanted = "an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits, with no host bits set: "
               "\"2001:db8:64::/96\"; or \"discover\""},
    {.name = "resolve", .section = SECTION_WHITELIST, .type = TYPE_BOOLEAN,
     AT(whitelist, resolve), .wanted = WANTED_BOOLEAN},
    {.name = "registry", .section = SECTION_WHITELIST, .type = TYPE_URL,
     AT(whitelist, registry),
     .wanted = "\"https://HOST/PATH\" without a password, or \"\" for none"},
    {.name = "registry-interval", .section = SECTION_WHITELIST, .type = TYPE_DURATION,
     .least = 1, AT(whitelist, registry_interval), .wanted = WANTED_DURATION},
    {.name = "registry-addresses", .section = SECTION_WHITELIST, .type = TYPE_BOOLEAN,
     AT(whitelist, registry_addresses), .wanted = WANTED_BOOLEAN},
    {.name = "registry-keep", .section = SECTION_WHITELIST, .type = TYPE_DURATION,
     AT(whitelist, registry_keep), .wanted = WANTED_DURATION},
    {.name = "registry-shrink", .section = SECTION_WHITELIST, .type = TYPE_NUMBER,
     .most = 100, AT(whitelist, registry_shrink), .wanted = "per cent, a number from 0 to 100"},
    {.name = "registry-ca", .section = SECTION_WHITELIST, .type = TYPE_PATH,
     AT(whitelist, registry_ca), .wanted = WANTED_PATH},
    {.name = "feed", .section = SECTION_WHITELIST, .type = TYPE_FEED, AT(whitelist, feed),
     .wanted = "a file's path that begins with /, without \"..\" or \"//\", at most 255 bytes "
               "long, or \"\" for none"},
    {.name = "feed-linger", .section = SECTION_WHITELIST, .type = TYPE_DURATION,
     AT(whitelist, feed_linger), .wanted = WANTED_DURATION},
};
/* clang-format on */

_Static_assert(sizeof(keys) / sizeof(keys[0]) <= CONFIG_KEYS_MAX, "one line number a key");

size_t config_key_count(void)
{
    return sizeof(keys) / sizeof(keys[0]);
}

const struct config_key *config_key(size_t index)
{
    return &keys[index];
}

const struct config_key *config_key_find(enum config_section section, const char *name)
{
    for (size_t i = 0; i < config_key_count(); i++)
        if (keys[i].section == section && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

size_t config_key_index(const struct config_key *key)
{
    return (size_t)(key - keys);
}
