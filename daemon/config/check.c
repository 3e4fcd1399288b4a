/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What takes more than one key to see: limits that contradict each other, sets that two families or
 * two whitelists claim, and what works but deserves a word.
 */
#include "daemon/config/reader.h"
#include "daemon/config/words.h"

#include "sniffer/decode/dnsports.h"
#include "source/message.h"

#include <linux/netfilter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { NARROW_IPV4 = 8, NARROW_IPV6 = 19 }; /* bits that any one network's prefix has */

/* Where the key stood, or `otherwise`. */
static unsigned config_line(const struct config_reader *reader, enum config_section section,
                            const char *name, unsigned otherwise)
{
    unsigned line = reader->line[config_key_index(config_key_find(section, name))];
    return line ? line : otherwise;
}

static unsigned whitelist_line(const struct config_reader *reader, const char *name, unsigned end)
{
    return config_line(reader, SECTION_WHITELIST, name, end);
}

static void default_set(struct set_name *set, const char *name, char family)
{
    if (set->set[0] != '\0' || set_name_is_none(set))
        return;
    *set = (struct set_name){.family = NFPROTO_INET, .table = "wildset"};
    snprintf(set->set, sizeof(set->set), "%s%c", name, family);
}

static void check_limits(struct config_reader *reader, const struct whitelist *whitelist,
                         unsigned end)
{
    if (whitelist->ttl_min > whitelist->ttl_max)
        config_finding(reader, whitelist_line(reader, "ttl-min", end),
                       "whitelist %s: ttl-min: %u s is more than ttl-max, %u s", whitelist->name,
                       whitelist->ttl_min, whitelist->ttl_max);
    else if (whitelist->ttl_max + whitelist->grace == 0)
        config_finding(reader, whitelist_line(reader, "ttl-max", end),
                       "whitelist %s: ttl-max and grace are both 0: nothing would ever be allowed",
                       whitelist->name);
}

static void check_names(struct config_reader *reader, const struct whitelist *whitelist,
                        unsigned end)
{
    if (whitelist->pattern_count == 0 && !whitelist_line(reader, "names", 0))
        config_finding(reader, end,
                       "whitelist %s: names: missing or empty: expected at least one, such as "
                       "names = { \"*.example.net\" }",
                       whitelist->name);
    for (size_t i = 0; i < whitelist->pattern_count; i++)
        if (whitelist->patterns[i].kind == PATTERN_ANY)
            config_warn(reader, whitelist_line(reader, "names", end),
                        "whitelist %s: names: \"*\" is every name: each address that anybody looks "
                        "up is allowed",
                        whitelist->name);
}

/* A set holds addresses of one family; whitelists may share it. */
static void check_sets(struct config_reader *reader, const struct whitelist *whitelist)
{
    const struct config *config = reader->config;
    size_t last = config->whitelist_count - 1;
    char text[SET_TEXT_MAX], place[CONFIG_PLACE_MAX];

    if (set_name_is_none(&whitelist->set4) && set_name_is_none(&whitelist->set6))
        config_finding(reader, reader->set_line[last][0],
                       "whitelist %s: set4 and set6 are both \"none\": nothing would be allowed",
                       whitelist->name);

    for (size_t i = 0; i <= last; i++) {
        const struct whitelist *other = &config->whitelists[i];
        if (set_name_equal(&whitelist->set4, &other->set6))
            config_finding(
                reader, reader->set_line[last][0],
                "whitelist %s: set4: %s is set6 of whitelist %s (%s): a set holds "
                "one family",
                whitelist->name, set_name_to_text(&whitelist->set4, text), other->name,
                config_place(reader, reader->set_line[i][1], reader->set_line[last][0], place));
        if (i != last && set_name_equal(&whitelist->set6, &other->set4))
            config_finding(
                reader, reader->set_line[last][1],
                "whitelist %s: set6: %s is set4 of whitelist %s (%s): a set holds "
                "one family",
                whitelist->name, set_name_to_text(&whitelist->set6, text), other->name,
                config_place(reader, reader->set_line[i][0], reader->set_line[last][1], place));
    }
}

/* A rule sees an address in a set, and not who put it there. */
static void check_sharing(struct config_reader *reader, const struct whitelist *whitelist)
{
    const struct config *config = reader->config;
    size_t last = config->whitelist_count - 1;

    for (size_t i = 0; i < last; i++)
        if (whitelists_mix_services(&config->whitelists[i], whitelist))
            config_warn(reader, reader->set_line[last][0],
                        "whitelist %s: shares a set with whitelist %s, and their services differ: "
                        "rules let the services of both pass to the addresses of both; give each "
                        "sets of its own",
                        whitelist->name, config->whitelists[i].name);
}

/* Two writers of one file would take turns. */
static void check_feed(struct config_reader *reader, const struct whitelist *whitelist,
                       unsigned end)
{
    const struct config *config = reader->config;

    for (size_t i = 0; i + 1 < config->whitelist_count; i++) {
        const struct whitelist *other = &config->whitelists[i];
        if (whitelist->feed[0] != '\0' && strcmp(whitelist->feed, other->feed) == 0)
            config_finding(reader, whitelist_line(reader, "feed", end),
                           "whitelist %s: feed: %s is the feed of whitelist %s: each needs a file "
                           "of its own",
                           whitelist->name, whitelist->feed, other->name);
    }
}

/* A rule in an ip table never sees IPv6 packets, and the other way round. */
static void check_family(struct config_reader *reader, const struct whitelist *whitelist,
                         const struct set_name *set, unsigned line)
{
    bool wants_ipv4 = set == &whitelist->set4;
    char text[SET_TEXT_MAX];
    if (set->family != (wants_ipv4 ? NFPROTO_IPV6 : NFPROTO_IPV4))
        return;
    config_warn(reader, line,
                "whitelist %s: %s: no packet with such an address passes the table of "
                "%s: inet was meant?",
                whitelist->name, wants_ipv4 ? "set4" : "set6", set_name_to_text(set, text));
}

static void check_words(struct config_reader *reader, const struct whitelist *whitelist,
                        const struct set_name *set, unsigned line)
{
    const char *word = config_taken_word(set);
    const char *key = set == &whitelist->set4 ? "set4" : "set6";

    if (word)
        config_finding(reader, line,
                       "whitelist %s: %s: \"%s\" is a reserved word in nft and cannot be used in "
                       "rules: use for example %s = \"%s %s %s_%s\"",
                       whitelist->name, key, word, key, set_family_name(set->family),
                       config_word_is_taken(set->table) ? "wildset" : set->table, whitelist->name,
                       key);
}

static void take_discover(struct whitelist *whitelist)
{
    size_t kept = 0;

    for (size_t i = 0; i < whitelist->dns64_count; i++) {
        if (whitelist->dns64[i].address.family == ADDRESS_NONE)
            whitelist->dns64_discover = true;
        else
            whitelist->dns64[kept++] = whitelist->dns64[i];
    }
    whitelist->dns64_count = kept;
}

void config_check_whitelist(struct config_reader *reader, unsigned line)
{
    struct whitelist *whitelist = reader->open;
    size_t index = reader->config->whitelist_count - 1;

    if (whitelist == &reader->spare)
        return;
    take_discover(whitelist);
    default_set(&whitelist->set4, whitelist->name, '4');
    default_set(&whitelist->set6, whitelist->name, '6');
    reader->set_line[index][0] = whitelist_line(reader, "set4", line);
    reader->set_line[index][1] = whitelist_line(reader, "set6", line);
    check_names(reader, whitelist, line);
    check_limits(reader, whitelist, line);
    check_feed(reader, whitelist, line);
    check_sets(reader, whitelist);
    check_sharing(reader, whitelist);
    check_words(reader, whitelist, &whitelist->set4, reader->set_line[index][0]);
    check_words(reader, whitelist, &whitelist->set6, reader->set_line[index][1]);
    check_family(reader, whitelist, &whitelist->set4, reader->set_line[index][0]);
    check_family(reader, whitelist, &whitelist->set6, reader->set_line[index][1]);
}

static bool watches(const struct config *config, const char *interface)
{
    for (size_t i = 0; i < config->interface_count; i++)
        if (strcmp(config->interfaces[i].name, interface) == 0)
            return true;
    return false;
}

static void check_interfaces(struct config_reader *reader)
{
    const struct config *config = reader->config;
    unsigned line = config_line(reader, SECTION_CAPTURE, "interfaces", 0);
    bool any = watches(config, "any");

    for (size_t i = 0; i < config->interface_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(config->interfaces[i].name, config->interfaces[j].name) == 0)
                config_finding(reader, line, "capture: interfaces: %s is named twice",
                               config->interfaces[i].name);
    if (any && config->interface_count > 1)
        config_warn(reader, line,
                    "capture: interfaces: \"any\" beside others: each packet of "
                    "those is looked at twice");
    if (any)
        config_note(reader, line,
                    "capture: interfaces: \"any\" is never promiscuous: on a mirror "
                    "port name the interface instead");
}

static void check_mirrors(struct config_reader *reader)
{
    struct config *config = reader->config;
    unsigned line = config_line(reader, SECTION_CAPTURE, "mirror", 0);

    for (size_t i = 0; i < config->mirror_count; i++) {
        const char *name = config->mirrors[i].name;
        if (strcmp(name, "auto") == 0)
            config->mirrors_auto = true;
        else if (strcmp(name, "any") == 0 || strcmp(name, "lo") == 0)
            config_finding(reader, line,
                           "capture: mirror: %s is no mirror port: name the interface that a "
                           "switch copies packets to",
                           name);
        else if (!watches(config, name) && !watches(config, "any"))
            config_finding(reader, line,
                           "capture: mirror: %s is not in interfaces, so it is not captured: add "
                           "interfaces += { \"%s\" }",
                           name, name);
    }
}

/* Said on purpose, and said again: no network of one's own is that wide. */
static void check_width(struct config_reader *reader, const struct prefix *prefix, unsigned line)
{
    char text[PREFIX_TEXT_MAX];
    unsigned narrow = prefix->address.family == ADDRESS_IPV4 ? NARROW_IPV4 : NARROW_IPV6;

    if (prefix->address.family != ADDRESS_NONE && prefix->length < narrow)
        config_warn(
            reader, line,
            "capture: resolvers: %s trusts nearly any server: anyone who can put an answer on "
            "the wire, even an unprivileged user of this machine, can have any "
            "address allowed",
            prefix_to_text(prefix, text));
}

/* Those that go into the kernel's filter. */
static void check_ports(struct config_reader *reader, unsigned line)
{
    const struct config *config = reader->config;
    const struct dnsports ports = dnsports_of(config->resolvers, config->resolver_count);

    for (size_t i = 0; i < config->resolver_count; i++) {
        if (dnsports_have(&ports, plan_resolver_port(&config->resolvers[i])))
            continue;
        config_finding(reader, line,
                       "capture: resolvers: port %u is one too many: at most %d other than 53 are "
                       "captured",
                       config->resolvers[i].port, PLAN_PORTS_MAX);
        return;
    }
}

static void check_resolvers(struct config_reader *reader)
{
    const struct config *config = reader->config;
    unsigned line = config_line(reader, SECTION_CAPTURE, "resolvers", 0);

    check_ports(reader, line);
    for (size_t i = 0; i < config->resolver_count; i++) {
        const char *interface = config->resolvers[i].interface;

        check_width(reader, &config->resolvers[i].prefix, line);
        if (interface[0] != '\0' && !watches(config, interface) && !watches(config, "any"))
            config_finding(reader, line,
                           "capture: resolvers: %s is not in interfaces: no answer from there "
                           "would be trusted",
                           interface);
    }
    if (!config->require_query && config_believes_default(config))
        config_finding(
            reader, config_line(reader, SECTION_CAPTURE, "require-query", line),
            "capture: require-query: false needs resolvers, and without \"default\", since a "
            "packet "
            "in the name of any of them would be trusted: name those that your clients ask, or "
            "say { \"0.0.0.0/0\", \"::/0\" } explicitly");
}

/* Only the daemon knows its interfaces: what is wrong without a mirror port is kept until then. */
static void check_tunnels(struct config_reader *reader)
{
    struct config *config = reader->config;
    unsigned line = config_line(reader, SECTION_CAPTURE, "decapsulate", 0);
    char place[CONFIG_PLACE_MAX];

    for (size_t i = 0; i < config->tunnel_count && !config->open_tunnel; i++) {
        const struct plan_tunnel *tunnel = &config->tunnels[i];
        const char *name = encapsulation_name((enum encapsulation)tunnel->encapsulation);

        if (tunnel->from.address.family != ADDRESS_NONE)
            continue;
        if (asprintf(&config->open_tunnel,
                     "%s: capture: decapsulate: \"%s\": whoever reaches this machine could "
                     "send such packets, with any answer in them: say whose are meant, "
                     "decapsulate = { \"%s from ADDRESS\" } with the address that sends them; or, "
                     "where a switch copies them to an interface, name that: mirror = { \"%s\" }",
                     config_where(reader, line, place), name, name,
                     strcmp(config->interfaces[0].name, "any") == 0
                         ? "NAME"
                         : config->interfaces[0].name) < 0) {
            config->open_tunnel = NULL;
            reader->no_memory = true;
            return;
        }
    }
}

static void check_hold(struct config_reader *reader)
{
    const struct config *config = reader->config;
    unsigned line = config_line(reader, SECTION_ROOT, "hold-at-least", 0);

    if (config->hold_at_least_ms == 0)
        return;
    if (config->hold_ms == 0)
        config_warn(reader, line, "hold-at-least: hold is \"\", so that no packet waits at all");
    else if (config->hold_at_least_ms >= config->hold_ms)
        config_finding(reader, line,
                       "hold-at-least: %u ms is not less than hold, %u ms, which ends each wait",
                       config->hold_at_least_ms, config->hold_ms);
}

/* What plan.h bounds over all whitelists, and as many addresses as a start and a refill have been
 * tried with. */
static void check_totals(struct config_reader *reader, unsigned last_line)
{
    size_t patterns = 0;
    uint64_t addresses = 0;

    for (size_t i = 0; i < reader->config->whitelist_count; i++) {
        patterns += reader->config->whitelists[i].pattern_count;
        addresses += reader->config->whitelists[i].max_addresses;
    }
    if (patterns > PLAN_PATTERNS_MAX)
        config_finding(reader, last_line, "names: %zu in all whitelists together, at most %d",
                       patterns, PLAN_PATTERNS_MAX);
    if (addresses > WHITELIST_ADDRESSES_MOST)
        config_finding(reader, last_line,
                       "max-addresses: %llu in all whitelists together, at most %d",
                       (unsigned long long)addresses, WHITELIST_ADDRESSES_MOST);
}

/* The field in which the kernel takes a socket's path, with its end. */
static void check_dnstap(struct config_reader *reader)
{
    const struct config *config = reader->config;
    const char *path = config->dnstap_socket ? config->dnstap_socket : "";
    unsigned line = config_line(reader, SECTION_DNSTAP, "socket", 0);

    if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
        config_finding(reader, line,
                       "dnstap: socket: \"%.60s...\": a socket's path has at most %zu "
                       "bytes",
                       path, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
    else if (*path && config->dnstap_peer_count == 0)
        config_finding(reader, line,
                       "dnstap: peers: missing or empty: expected the user that your resolver runs "
                       "as, such as peers = { \"unbound\" }");
    else if (!*path && config->dnstap_peer_count > 0)
        config_finding(reader, config_line(reader, SECTION_DNSTAP, "peers", 0),
                       "dnstap: socket: missing or empty: expected a path, such as socket = "
                       "\"/run/wildset/dnstap.sock\"");
}

void config_check(struct config_reader *reader, unsigned last_line)
{
    struct config *config = reader->config;

    if (config->interface_count == 0) {
        config->interfaces = calloc(1, sizeof(*config->interfaces));
        if (!config->interfaces) {
            reader->no_memory = true;
            return;
        }
        strcpy(config->interfaces[0].name, "any");
        config->interface_count = 1;
    }
    if (config->whitelist_count == 0)
        config_finding(reader, last_line,
                       "no whitelist: expected at least one, such as whitelist "
                       "example { names = { \"*.example.net\" } }");
    check_interfaces(reader);
    check_mirrors(reader);
    check_resolvers(reader);
    check_tunnels(reader);
    check_hold(reader);
    check_dnstap(reader);
    check_totals(reader, last_line);
}
