/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading it again deletes no base chain: the kernel drops what waits when one is deleted.  A
 * packet reaches the queue once a table: the whitelists of a table share its chains, and an address
 * that any of them allows to this port does not wait.
 */
#include "client/commands/holdrules.h"

#include <string.h>

#include <linux/netfilter.h>

enum {
    SOURCE_RATE = 100, /* a second, from an IPv4 address or an IPv6 /64: as no person connects */
    SOURCE_BURST = 50,
    SOURCES_MAX = 4096, /* a flood from more addresses does not wait: as without these rules */
    TOTAL_RATE = 2000,  /* a second: 3 % of a CPU for wildsetd and the sniffer */
    TOTAL_BURST = 500,
};

struct side {
    const char *destination, *source; /* expressions */
    const char *type;                 /* of a set of sources */
    unsigned version;
};

static const struct side sides[FAMILIES] = {
    {.destination = "ip daddr", .source = "ip saddr", .type = "ipv4_addr", .version = 4},
    {.destination = "ip6 daddr",
     .source = "ip6 saddr and ffff:ffff:ffff:ffff::",
     .type = "ipv6_addr",
     .version = 6},
};

static const struct set_name *set_of(const struct ruleset *ruleset, unsigned side)
{
    return side == 0 ? &ruleset->set4 : &ruleset->set6;
}

const char *holdrules_problem(const struct ruleset *ruleset)
{
    const char *problem = ruleset_problem(ruleset);

    for (unsigned i = 0; i < FAMILIES && !problem; i++) {
        uint8_t family = set_of(ruleset, i)->family;

        if (family == NFPROTO_BRIDGE || family == NFPROTO_ARP)
            problem = "a set in a bridge or arp table: packets wait in tables of family inet, ip or"
                      " ip6";
    }
    return problem;
}

/* The whitelist's set of this table and family; NULL when it has none there. */
static const struct set_name *set_in_table(const struct ruleset *ruleset,
                                           const struct set_name *table, unsigned side)
{
    const struct set_name *set = set_of(ruleset, side);

    return !set_name_is_none(set) && table_equal(set, table) ? set : NULL;
}

/* How many whitelists have a set of this family there. */
static size_t users_of(const struct holdrules *rules, const struct set_name *table, unsigned side)
{
    size_t count = 0;

    for (size_t i = 0; i < rules->count; i++)
        count += set_in_table(&rules->rulesets[i], table, side) != NULL;
    return count;
}

/* One rule a service of the whitelist: what becomes of packets to addresses that are in its set
 * (`relation` "") or not ("!= "). */
static void hold_services_print(const struct ruleset *ruleset, const struct set_name *table,
                                unsigned side, const char *relation, const char *verdict, FILE *out)
{
    const struct whitelist *whitelist = ruleset->whitelist;
    const struct set_name *set = set_in_table(ruleset, table, side);
    char text[SET_TEXT_MAX], service[SERVICE_TEXT_MAX];

    for (size_t i = 0; set && i < whitelist->service_count; i++) {
        service_to_text(&whitelist->services[i], service);
        fprintf(out,
                "add rule %s " HOLDRULES_NAME " %s %s@%s %.3s dport %s %s comment \"%s %zu\"\n",
                table_to_text(table, text), sides[side].destination, relation, set->set, service,
                service + 4, verdict, whitelist->name, i + 1);
    }
}

static void chain_print(const char *table, const char *suffix, FILE *out)
{
    fprintf(out, "add chain %s " HOLDRULES_NAME "%s\nflush chain %s " HOLDRULES_NAME "%s\n", table,
            suffix, table, suffix);
}

/* Past its rate a source's packets go on without a wait, and so does what has no room in the set.
 */
static void meters_print(const struct holdrules *rules, const struct set_name *table, FILE *out)
{
    char text[SET_TEXT_MAX];

    table_to_text(table, text);
    for (unsigned side = 0; side < FAMILIES; side++) {
        if (users_of(rules, table, side) == 0)
            continue;
        fprintf(out,
                "add set %s " HOLDRULES_NAME "%u { type %s; size %d; flags dynamic,timeout;"
                " timeout 10s; }\n"
                "add rule %s " HOLDRULES_NAME "-meter add @" HOLDRULES_NAME
                "%u { %s limit rate %d/second burst %d packets } goto " HOLDRULES_NAME "-queue\n",
                text, sides[side].version, sides[side].type, SOURCES_MAX, text, sides[side].version,
                sides[side].source, SOURCE_RATE, SOURCE_BURST);
    }
}

static void base_chains_print(const char *table, const char *priority, FILE *out)
{
    static const char *const hooks[] = {"forward", "output"};

    for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
        fprintf(out,
                "add chain %s " HOLDRULES_NAME "-%s { type filter hook %s priority %s;"
                " policy accept; }\n"
                "flush chain %s " HOLDRULES_NAME "-%s\n"
                "add rule %s " HOLDRULES_NAME "-%s ct state new jump " HOLDRULES_NAME "\n",
                table, hooks[i], hooks[i], priority, table, hooks[i], table, hooks[i]);
}

/* Behind their jumps: each chain is declared before one leads to it. */
static void hold_table_print(const struct holdrules *rules, const struct set_name *table, FILE *out)
{
    bool marks = rules->marks || set_name_is_own(table);
    char text[SET_TEXT_MAX];

    table_to_text(table, text);
    chain_print(text, "-queue", out);
    fprintf(out,
            "add rule %s " HOLDRULES_NAME "-queue limit rate %d/second burst %d packets counter"
            " queue flags bypass to %u\n",
            text, TOTAL_RATE, TOTAL_BURST, rules->queue);
    chain_print(text, "-meter", out);
    meters_print(rules, table, out);
    chain_print(text, "", out);
    /* What one whitelist allows does not wait because another one does not. */
    for (unsigned side = 0; side < FAMILIES; side++) {
        for (size_t i = 0; i < rules->count && users_of(rules, table, side) > 1; i++)
            hold_services_print(&rules->rulesets[i], table, side, "", "return", out);
    }
    for (size_t i = 0; i < rules->count; i++) {
        for (unsigned side = 0; side < FAMILIES; side++)
            hold_services_print(&rules->rulesets[i], table, side,
                                "!= ", "goto " HOLDRULES_NAME "-meter", out);
    }
    base_chains_print(text, marks ? "mangle - 1" : "filter - 10", out);
}

static bool is_printed(const struct holdrules *rules, size_t count, const struct set_name *table)
{
    for (size_t i = 0; i < count; i++) {
        if (table_equal(set_of(&rules->rulesets[i / FAMILIES], i % FAMILIES), table))
            return true;
    }
    return false;
}

static void hold_head_print(const struct holdrules *rules, FILE *out)
{
    fprintf(
        out,
        "# Made by `wildset rules --hold`: the first packets of connections to services of the\n"
        "# whitelists below, to addresses that their sets do not hold (yet), wait in queue %u\n"
        "# until wildsetd has read the answers that were captured before them.  Then they go\n"
        "# on to the chains behind these, which decide about them as ever.  When wildsetd does\n"
        "# not run, or the queue is full, they go on at once.\n"
        "# Load it by itself with `nft -f`, as often as you like, and in no file with other\n"
        "# rules: a kernel without nft_queue refuses the whole file.  The service wildset-rules\n"
        "# does it for you.  Copy no rule of it into another chain: behind a queue the rest of\n"
        "# that chain is skipped, so that what it would drop can pass.\n",
        rules->queue);
    if (rules->off)
        fputs("# TO DO: hold is \"\" in the configuration: nothing waits until it has a value, as "
              "in\n"
              "#     hold = \"250ms\"\n",
              out);
}

void holdrules_print(const struct holdrules *rules, FILE *out)
{
    hold_head_print(rules, out);
    for (size_t i = 0; i < rules->count; i++) {
        fprintf(out, "\n# %s\n", rules->rulesets[i].whitelist->name);
        ruleset_print_sets(&rules->rulesets[i], out);
    }
    for (size_t i = 0; i < rules->count * FAMILIES; i++) {
        const struct set_name *table = set_of(&rules->rulesets[i / FAMILIES], i % FAMILIES);

        if (set_name_is_none(table) || is_printed(rules, i, table))
            continue;
        fputc('\n', out);
        hold_table_print(rules, table, out);
    }
}
