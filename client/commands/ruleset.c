/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything is declared with `add`, which leaves alone what is there; only chains of our own are
 * flushed and get rules, so that loading it again changes nothing.  nft cannot add a rule unless it
 * is there already: the one in the administrator's chain is his to write.  The rules come in the
 * order of the services, each for both address families, so that the counters show which of them
 * are used.
 */
#include "client/commands/ruleset.h"
#include "dnsparse/names/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h> /* after netinet/in.h, which it collides with */

/* What differs between the two sets. */
struct side {
    const struct set_name *set;
    const char *key; /* in the configuration */
    const struct set_name *configured;
    const char *match; /* the rule's expression for the destination */
    const char *type;  /* the set's */
    uint32_t size;
    bool theirs;
};

/* Those that have a set: one or two. */
static unsigned sides_of(const struct ruleset *ruleset, struct side out[static FAMILIES])
{
    out[0] = (struct side){.set = &ruleset->set4,
                           .key = "set4",
                           .configured = &ruleset->whitelist->set4,
                           .match = "ip daddr",
                           .type = "ipv4_addr",
                           .size = ruleset->size4,
                           .theirs = ruleset->theirs4};
    out[1] = (struct side){.set = &ruleset->set6,
                           .key = "set6",
                           .configured = &ruleset->whitelist->set6,
                           .match = "ip6 daddr",
                           .type = "ipv6_addr",
                           .size = ruleset->size6,
                           .theirs = ruleset->theirs6};
    if (set_name_is_none(out[0].set))
        out[0] = out[1];
    return FAMILIES - set_name_is_none(&ruleset->set4) - set_name_is_none(&ruleset->set6);
}

bool table_equal(const struct set_name *a, const struct set_name *b)
{
    return a->family == b->family && strcmp(a->table, b->table) == 0;
}

/* The sides whose tables differ: one or two. */
static unsigned tables_of(const struct side side[static FAMILIES], unsigned count)
{
    return count == FAMILIES && table_equal(side[0].set, side[1].set) ? 1 : count;
}

const char *table_to_text(const struct set_name *set, char out[static SET_TEXT_MAX])
{
    snprintf(out, SET_TEXT_MAX, "%s %s", set_family_name(set->family), set->table);
    return out;
}

static bool number_from_text(const char *text, const char *ends, uint32_t *out, const char **rest)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 0);
    if (errno != 0 || value > UINT32_MAX || !strchr(ends, *end))
        return false;
    *out = (uint32_t)value;
    *rest = end;
    return true;
}

bool ruleset_mark_from_text(const char *text, struct ruleset_mark *out)
{
    struct ruleset_mark mark = {.mask = UINT32_MAX};

    if (!number_from_text(text, "/", &mark.value, &text))
        return false;
    if (*text == '/' && !number_from_text(text + 1, "", &mark.mask, &text))
        return false;
    if (mark.value == 0 || (mark.value & ~mark.mask) != 0)
        return false;
    *out = mark;
    return true;
}

const char *ruleset_problem(const struct ruleset *ruleset)
{
    struct side side[FAMILIES];

    if (ruleset->whitelist->service_count == 0)
        return "no services: add for example  services = { \"tcp 443\" }";
    const unsigned count = sides_of(ruleset, side);
    for (unsigned i = 0; i < count; i++) {
        if (side[i].set->family == NFPROTO_NETDEV)
            return "a set in a netdev table: such a table has no forward chain";
    }
    if (ruleset->set4.family == NFPROTO_IPV6 || ruleset->set6.family == NFPROTO_IPV4)
        return "a set in a table of the other address family: use a table of family inet";
    return NULL;
}

const char *service_to_text(const struct service *service, char out[static SERVICE_TEXT_MAX])
{
    const char *protocol = service->protocol == IPPROTO_UDP ? "udp" : "tcp";

    if (service->first_port == service->last_port)
        snprintf(out, SERVICE_TEXT_MAX, "%s %u", protocol, service->first_port);
    else
        snprintf(out, SERVICE_TEXT_MAX, "%s %u-%u", protocol, service->first_port,
                 service->last_port);
    return out;
}

static void names_print(const struct ruleset *ruleset, FILE *out)
{
    const struct whitelist *whitelist = ruleset->whitelist;
    char text[PATTERN_TEXT_MAX];

    for (size_t i = 0; i < whitelist->pattern_count; i++)
        fprintf(out, "#     %s\n", pattern_to_text(&whitelist->patterns[i], text));
}

void ruleset_print_sets(const struct ruleset *ruleset, FILE *out)
{
    struct side side[FAMILIES];
    char text[SET_TEXT_MAX];

    const unsigned count = sides_of(ruleset, side);
    for (unsigned i = 0; i < tables_of(side, count); i++)
        fprintf(out, "add table %s\n", table_to_text(side[i].set, text));
    for (unsigned i = 0; i < count; i++) {
        set_name_to_text(side[i].set, text);
        if (side[i].theirs)
            fprintf(out, "# You have to create %s before loading this.\n", text);
        else if (side[i].size)
            fprintf(out, "add set %s { type %s; size %u; flags timeout; }\n", text, side[i].type,
                    side[i].size);
        else
            fprintf(out, "add set %s { type %s; flags timeout; }\n", text, side[i].type);
    }
}

/* A chain of our own, empty. */
static void chain_declare(const char *table, const char *chain, const char *hook, FILE *out)
{
    fprintf(out, "add chain %s %s", table, chain);
    if (hook)
        fprintf(out, " { type filter hook %s priority mangle; policy accept; }", hook);
    fprintf(out, "\nflush chain %s %s\n", table, chain);
}

/* One rule a service and address family, the best service first. */
static void services_print(const struct ruleset *ruleset, const char *chain, const char *verdict,
                           FILE *out)
{
    const struct whitelist *whitelist = ruleset->whitelist;
    struct side side[FAMILIES];
    char text[SET_TEXT_MAX], service[SERVICE_TEXT_MAX];

    const unsigned count = sides_of(ruleset, side);
    for (size_t i = 0; i < whitelist->service_count; i++) {
        service_to_text(&whitelist->services[i], service);
        for (unsigned j = 0; j < count; j++)
            fprintf(out, "add rule %s %s %s @%s %.3s dport %s counter %s comment \"%s %zu\"\n",
                    table_to_text(side[j].set, text), chain, side[j].match, side[j].set->set,
                    service, service + 4, verdict, whitelist->name, i + 1);
    }
}

static void head_print(const struct ruleset *ruleset, const char *does, FILE *out)
{
    fprintf(out, "# Made by `wildset rules %s`: %s to the addresses of\n", ruleset->whitelist->name,
            does);
    names_print(ruleset, out);
    fputs("# and to these services only, in order of preference.\n#\n", out);
}

/* What the configuration has to say for these rules, where it says something else. */
static void change_print(const struct ruleset *ruleset, FILE *out)
{
    struct side side[FAMILIES];
    char text[SET_TEXT_MAX];

    const unsigned count = sides_of(ruleset, side);
    if (set_name_equal(side[0].set, side[0].configured) &&
        (count == 1 || set_name_equal(side[1].set, side[1].configured)))
        return;
    fputs(
        "# TO DO: a rule can only use a set of its own table, and an accept in one table does not\n"
        "# undo a drop in another, so the sets must be in the table that drops.  In the\n"
        "# configuration they are in another one; change it, then `systemctl reload wildset`:\n",
        out);
    for (unsigned i = 0; i < count; i++)
        fprintf(out, "#     %s = \"%s\"\n", side[i].key, set_name_to_text(side[i].set, text));
    fprintf(out,
            "# Or leave it, and mark connections instead: `wildset rules --shape mark %s`.\n#\n",
            ruleset->whitelist->name);
}

const char *ruleset_chain_name(const struct ruleset *ruleset, char out[static RULESET_CHAIN_MAX])
{
    snprintf(out, RULESET_CHAIN_MAX, "wildset-%s", ruleset->whitelist->name);
    return out;
}

void ruleset_print_jump(const struct ruleset *ruleset, const char *before, FILE *out)
{
    struct side side[FAMILIES];
    char text[SET_TEXT_MAX], chain[RULESET_CHAIN_MAX];

    const unsigned count = sides_of(ruleset, side);
    ruleset_chain_name(ruleset, chain);
    for (unsigned i = 0; i < tables_of(side, count); i++)
        fprintf(out, "%snft insert rule %s %s jump %s\n", before, table_to_text(side[i].set, text),
                ruleset->chain, chain);
}

/* Where the rule stands says what it overrules: nobody but the administrator knows. */
static void jump_print(const struct ruleset *ruleset, FILE *out)
{
    char chain[RULESET_CHAIN_MAX];

    ruleset_chain_name(ruleset, chain);
    if (ruleset->jumps) {
        fprintf(out, "\n# Chain %s jumps to %s already.\n", ruleset->chain, chain);
        return;
    }
    fprintf(out,
            "\n# Add one rule yourself, once: chain %s must jump here, before the rules that drop"
            " (and\n"
            "# after those that must go on dropping).  In your ruleset, after the include of this"
            " file:\n"
            "#     jump %s\n"
            "# Or now, as its first rule, until your ruleset is loaded again:\n",
            ruleset->chain, chain);
    ruleset_print_jump(ruleset, "#     ", out);
}

void ruleset_print_table(const struct ruleset *ruleset, FILE *out)
{
    struct side side[FAMILIES];
    char text[SET_TEXT_MAX], chain[RULESET_CHAIN_MAX];

    const unsigned count = sides_of(ruleset, side);
    ruleset_chain_name(ruleset, chain);
    head_print(ruleset, "lets connections pass", out);
    change_print(ruleset, out);
    fprintf(
        out,
        "# Replies, and connections whose address has left the set meanwhile, need this in\n"
        "# chain %s:\n"
        "#     ct state established,related accept\n"
        "# Load it with `nft -f`, repeatedly if you like; include it in your own ruleset, before\n"
        "# the chain that jumps to it, so that it is loaded at boot.\n\n",
        ruleset->chain);
    ruleset_print_sets(ruleset, out);
    for (unsigned i = 0; i < tables_of(side, count); i++)
        chain_declare(table_to_text(side[i].set, text), chain, NULL, out);
    services_print(ruleset, chain, "accept", out);
    jump_print(ruleset, out);
}

/* The base chains, for connections through this machine and from it. */
static void hooks_print(const struct ruleset *ruleset, const struct set_name *set,
                        const char *target, FILE *out)
{
    static const char *const hooks[] = {"forward", "output"};
    char text[SET_TEXT_MAX], chain[RULESET_CHAIN_MAX];

    table_to_text(set, text);
    for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
        snprintf(chain, sizeof(chain), "%s-%s", ruleset->whitelist->name, hooks[i]);
        chain_declare(text, chain, hooks[i], out);
        fprintf(out, "add rule %s %s ct state new jump %s\n", text, chain, target);
    }
}

static void accept_print(const struct ruleset_mark *mark, FILE *out)
{
    fprintf(
        out,
        "\n# Then accept marked connections, once, before the rules that drop.  One of:\n"
        "#  nftables   nft insert rule inet filter forward ct mark and 0x%08x == 0x%08x accept\n"
        "#  iptables   iptables -I FORWARD -m connmark --mark 0x%x/0x%x -j ACCEPT\n"
        "#             ip6tables -I FORWARD -m connmark --mark 0x%x/0x%x -j ACCEPT\n",
        mark->mask, mark->value, mark->value, mark->mask, mark->value, mark->mask);
    fprintf(out,
            "#  ufw        in /etc/ufw/after.rules, before its COMMIT, then `ufw reload`:\n"
            "#               -A ufw-after-forward -m connmark --mark 0x%x/0x%x -j ACCEPT\n"
            "#             and in /etc/ufw/after6.rules:\n"
            "#               -A ufw6-after-forward -m connmark --mark 0x%x/0x%x -j ACCEPT\n",
            mark->value, mark->mask, mark->value, mark->mask);
    fprintf(out,
            "#  firewalld  needs the sets in its own table, not marks: firewalls.md\n"
            "#             in /usr/share/doc/wildset\n"
            "#             FirewallBackend=iptables, for ipv4 and again for ipv6:\n"
            "#               firewall-cmd --permanent --direct --add-rule ipv4 filter FORWARD 0"
            " -m connmark --mark 0x%x/0x%x -j ACCEPT\n",
            mark->value, mark->mask);
    fputs(
        "# Connections from this machine itself need the same in its output chain.  A connection\n"
        "# keeps its mark, so replies pass too, and it continues when its address leaves the "
        "set.\n",
        out);
}

static void verdict_make(const struct ruleset_mark *mark, char out[static 96])
{
    if (mark->mask == UINT32_MAX)
        snprintf(out, 96, "ct mark set 0x%08x", mark->value);
    else
        snprintf(out, 96, "ct mark set ct mark and 0x%08x or 0x%08x", ~mark->mask, mark->value);
}

void ruleset_print_mark(const struct ruleset *ruleset, FILE *out)
{
    struct side side[FAMILIES];
    char text[SET_TEXT_MAX], chain[RULESET_CHAIN_MAX], verdict[96];

    const unsigned count = sides_of(ruleset, side);
    snprintf(chain, sizeof(chain), "%s-mark", ruleset->whitelist->name);
    verdict_make(&ruleset->mark, verdict);
    head_print(ruleset, "marks new connections", out);
    fputs("# It accepts and drops nothing by itself.  In /etc/wildset/rules.nft the service"
          " wildset-rules\n"
          "# loads it: at boot, on reload, and when another ruleset has flushed it.  Or use"
          " `nft -f`,\n"
          "# repeatedly if you like.  The elements of the sets stay.\n\n",
          out);
    ruleset_print_sets(ruleset, out);
    for (unsigned i = 0; i < tables_of(side, count); i++)
        chain_declare(table_to_text(side[i].set, text), chain, NULL, out);
    services_print(ruleset, chain, verdict, out);
    for (unsigned i = 0; i < tables_of(side, count); i++)
        hooks_print(ruleset, side[i].set, chain, out);
    accept_print(&ruleset->mark, out);
}
