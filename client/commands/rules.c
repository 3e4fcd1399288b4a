/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset rules`: reads the configuration, so that the rules can be made before the daemon has
 * ever run, and looks at the ruleset that is loaded, where it may.
 */
#include "client/commands.h"
#include "client/commands/holdrules.h"
#include "client/commands/loaded.h"
#include "client/commands/ruleset.h"
#include "client/options.h"

#include "daemon/config/config.h"
#include "daemon/config/words.h"
#include "setsync/policy/policy.h"

#include <jansson.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct options_page page = {
    .usage =
        "usage: wildset rules [--config FILE] [--shape table|mark] [--table \"inet filter\"]\n"
        "                     [--chain forward] [--mark VALUE/MASK] [--json] [WHITELIST]\n"
        "       wildset rules --hold [--config FILE] [--shape table|mark] [--json] [WHITELIST]\n",
    .help =
        "Prints an nftables ruleset that accepts connections to the services of a whitelist, to "
        "its\n"
        "addresses only: `wildset rules lookback > lookback.nft; nft -f lookback.nft`.  It may be\n"
        "loaded repeatedly; its last lines show what you have to add yourself, once.\n\n"
        "  --shape table   a chain for your own table, the one that drops (default)\n"
        "  --shape mark    chains beside the sets that only mark new connections, so that any\n"
        "                  firewall (iptables, ufw, firewalld) can accept by mark\n"
        "  --table TABLE   table shape: family and name of your table (default: that of the sets, "
        "or\n"
        "                  \"inet filter\" if they are in wildset's own)\n"
        "  --chain CHAIN   table shape: your chain (forward)\n"
        "  --mark V/M      mark shape: value and mask (0x00570000/0x00ff0000)\n"
        "  --hold          other rules, to be loaded in addition and separately: first packets to\n"
        "                  addresses that are not in the sets yet wait until the answer has been\n"
        "                  read; `hold` in the configuration limits the wait\n"
        "  --config FILE   the configuration (" CONFIG_DEFAULT_PATH ")\n"
        "  --json          one object\n\n"
        "Exit status: 0, 1 when no rules can be made, 64 wrong usage, 78 bad configuration.\n",
};

enum { STATUS_CONFIG = 78 };

struct shape {
    const char *name;
    void (*print)(const struct ruleset *ruleset, FILE *out);
};

static const struct shape shapes[] = {
    {.name = "table", .print = ruleset_print_table},
    {.name = "mark", .print = ruleset_print_mark},
};

struct request {
    const struct shape *shape;
    struct set_name table; /* `set` is unused; family 0: that of the sets */
    const char *chain;
    struct ruleset_mark mark;
    bool hold;
    bool shape_given;
    const struct loaded *loaded; /* NULL: could not be looked at */
};

/* Tables and chains have the same identifiers as sets: judged by the same reader. */
static bool table_from_text(const char *text, struct set_name *out)
{
    char name[SET_TEXT_MAX];

    return snprintf(name, sizeof(name), "%s x", text) < (int)sizeof(name) &&
           set_name_from_text(name, out) && !config_word_is_taken(out->table);
}

static bool chain_name_is_good(const char *text)
{
    char name[SET_TEXT_MAX];
    struct set_name ignored;

    return snprintf(name, sizeof(name), "inet x %s", text) < (int)sizeof(name) &&
           set_name_from_text(name, &ignored) && !config_word_is_taken(text);
}

/* NULL, or what is wrong with the options. */
static const char *request_make(const struct options *options, struct request *out)
{
    *out = (struct request){
        .chain = options->chain ? options->chain : "forward",
        .mark = {.value = 0x00570000, .mask = 0x00ff0000},
        .hold = options->hold,
        .shape_given = options->shape,
    };
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (strcmp(shapes[i].name, options->shape ? options->shape : "table") == 0)
            out->shape = &shapes[i];
    }
    if (!out->shape)
        return "--shape: expected table or mark";
    if (options->hold && (options->table || options->chain || options->mark))
        return "--table, --chain and --mark are not for --hold: its chains are in the tables of the"
               " configured sets";
    if (options->table && !table_from_text(options->table, &out->table))
        return "--table: expected a family and a table that is not a reserved word in nft, for"
               " example \"inet filter\"";
    if (!chain_name_is_good(out->chain))
        return "--chain: expected a chain that is not a reserved word in nft, for example forward";
    if (options->mark && out->shape->print != ruleset_print_mark)
        return "--mark requires --shape mark: rules of the table shape accept, and mark nothing";
    if ((options->table || options->chain) && out->shape->print == ruleset_print_mark)
        return "--table and --chain require --shape table: marks are set in chains of their own";
    if (options->mark && !ruleset_mark_from_text(options->mark, &out->mark))
        return "--mark: expected VALUE/MASK, the value not 0 and inside the mask, for example"
               " 0x00570000/0x00ff0000";
    return NULL;
}

static void set_move(struct set_name *set, const struct set_name *table)
{
    set->family = table->family;
    memcpy(set->table, table->table, sizeof(set->table));
}

/* A set may be fed by several whitelists: what all of them may put into it counts. */
static uint32_t set_size(const struct config *config, const struct set_name *set)
{
    uint64_t capacity = 0;

    for (size_t i = 0; i < config->whitelist_count; i++) {
        const struct whitelist *whitelist = &config->whitelists[i];

        if (set_name_equal(&whitelist->set4, set) || set_name_equal(&whitelist->set6, set))
            capacity += whitelist->max_addresses;
    }
    return policy_set_size(capacity);
}

/* A chain that the administrator's own one jumps to. */
static bool is_for_their_table(const struct request *request)
{
    return request->shape->print == ruleset_print_table && !request->hold;
}

static struct ruleset ruleset_make(const struct config *config, const struct request *request,
                                   const struct whitelist *whitelist)
{
    static const struct set_name usual = {.family = NFPROTO_INET, .table = "filter"};
    struct ruleset ruleset = {.whitelist = whitelist,
                              .set4 = whitelist->set4,
                              .set6 = whitelist->set6,
                              .size4 = set_size(config, &whitelist->set4),
                              .size6 = set_size(config, &whitelist->set6),
                              .theirs4 = !whitelist->create,
                              .theirs6 = !whitelist->create,
                              .chain = request->chain,
                              .mark = request->mark};
    struct set_name *const sets[] = {&ruleset.set4, &ruleset.set6};

    for (size_t i = 0; i < FAMILIES && is_for_their_table(request); i++) {
        if (set_name_is_none(sets[i]))
            continue;
        if (request->table.family)
            set_move(sets[i], &request->table);
        else if (set_name_is_own(sets[i]))
            set_move(sets[i], &usual);
    }
    if (request->loaded)
        loaded_tell(request->loaded, &ruleset);
    return ruleset;
}

/* On stderr, since it is not for who loads the rules but for who made them. */
static void sharing_say(const struct config *config, const struct whitelist *whitelist)
{
    for (size_t i = 0; i < config->whitelist_count; i++) {
        const struct whitelist *other = &config->whitelists[i];

        if (other != whitelist && whitelists_mix_services(whitelist, other))
            fprintf(stderr,
                    "wildset: whitelists %s and %s share a set: these rules let the services of %s"
                    " pass to the addresses of both; give each sets of its own\n",
                    whitelist->name, other->name, whitelist->name);
    }
}

/* Whether it would do what it is for, once it is loaded. */
static bool place_is_good(const struct request *request, const struct ruleset *ruleset)
{
    char problem[LOADED_PROBLEM_MAX];

    if (!request->loaded || !is_for_their_table(request) ||
        loaded_chain_is_good(request->loaded, ruleset, problem))
        return true;
    fprintf(stderr, "wildset: no rules for whitelist %s: %s\n", ruleset->whitelist->name, problem);
    return false;
}

/* A terminal shows it anyway. */
static void jump_say(const struct request *request, const struct ruleset *ruleset)
{
    if (!is_for_their_table(request) || ruleset->jumps || isatty(STDOUT_FILENO))
        return;
    fprintf(stderr, "wildset: after loading it, add one rule yourself: chain %s must jump to it:\n",
            ruleset->chain);
    ruleset_print_jump(ruleset, "    ", stderr);
}

/* One whitelist's rules on `out`.  Whether they could be made. */
static bool whitelist_print(const struct config *config, const struct request *request,
                            const struct whitelist *whitelist, FILE *out)
{
    struct ruleset ruleset = ruleset_make(config, request, whitelist);
    const char *problem = ruleset_problem(&ruleset);

    if (problem)
        fprintf(stderr, "wildset: no rules for whitelist %s: it has %s\n", whitelist->name,
                problem);
    if (problem || !place_is_good(request, &ruleset))
        return false;
    request->shape->print(&ruleset, out);
    sharing_say(config, whitelist);
    jump_say(request, &ruleset);
    return true;
}

/* The named whitelist, or all of them.  How many rulesets were printed, -1 for an unknown name. */
static int rulesets_print(const struct config *config, const struct request *request,
                          const char *name, FILE *out)
{
    int count = 0;

    for (size_t i = 0; i < config->whitelist_count; i++) {
        const struct whitelist *whitelist = &config->whitelists[i];

        if (name && strcmp(name, whitelist->name) != 0)
            continue;
        if (count > 0)
            fputc('\n', out);
        count += whitelist_print(config, request, whitelist, out);
        if (name)
            return count;
    }
    return name ? -1 : count;
}

/* ---- --hold ---- */

static bool tables_are_shared(const struct whitelist *a, const struct whitelist *b)
{
    const struct set_name *const of_a[] = {&a->set4, &a->set6}, *const of_b[] = {&b->set4,
                                                                                 &b->set6};

    for (size_t i = 0; i < FAMILIES * FAMILIES; i++) {
        const struct set_name *set = of_a[i / FAMILIES];

        if (!set_name_is_none(set) && table_equal(set, of_b[i % FAMILIES]))
            return true;
    }
    return false;
}

static const char *hold_problem(const struct request *request, const struct ruleset *ruleset)
{
    bool table = request->shape_given && request->shape->print == ruleset_print_table;

    if (table && (set_name_is_own(&ruleset->set4) || set_name_is_own(&ruleset->set6)))
        return "its sets in wildset's own table, which only marks connections: that is --shape "
               "mark";
    return holdrules_problem(ruleset);
}

/* Of the whitelist and all that share a table with it; without one, of all.  How many of `out` were
 * filled in, 0 when the named one cannot have any. */
static size_t hold_rulesets_make(const struct config *config, const struct request *request,
                                 const struct whitelist *named, struct ruleset *out)
{
    size_t count = 0;

    for (size_t i = 0; i < config->whitelist_count; i++) {
        const struct whitelist *whitelist = &config->whitelists[i];

        if (named && whitelist != named && !tables_are_shared(whitelist, named))
            continue;
        out[count] = ruleset_make(config, request, whitelist);
        const char *problem = hold_problem(request, &out[count]);
        if (!problem) {
            count++;
            continue;
        }
        fprintf(stderr, "wildset: no rules for whitelist %s: it has %s\n", whitelist->name,
                problem);
        if (whitelist == named)
            return 0;
    }
    return count;
}

/* As rulesets_print. */
static int hold_rules_print(const struct config *config, const struct request *request,
                            const char *name, FILE *out)
{
    const struct whitelist *named = name ? config_whitelist(config, name) : NULL;

    if (name && !named)
        return -1;
    struct ruleset *rulesets = calloc(config->whitelist_count, sizeof(*rulesets));
    if (!rulesets) {
        fputs("wildset: out of memory\n", stderr);
        return 0;
    }
    struct holdrules rules = {
        .rulesets = rulesets,
        .count = hold_rulesets_make(config, request, named, rulesets),
        .queue = config->hold_queue,
        .off = config->hold_ms == 0,
        .marks = request->shape->print == ruleset_print_mark,
    };
    if (rules.count > 0)
        holdrules_print(&rules, out);
    if (rules.count > 0 && rules.off)
        fputs(
            "wildset: hold is \"\" in the configuration: nothing waits until it has a value, as in"
            "  hold = \"250ms\"\n",
            stderr);
    free(rulesets);
    return (int)rules.count;
}

/* ---- output ---- */

static json_t *ruleset_to_json(const struct config *config, const struct request *request,
                               const char *text)
{
    char mark[32];

    if (request->hold)
        return json_pack("{s:b, s:i, s:s}", "hold", config->hold_ms > 0, "queue",
                         (int)config->hold_queue, "ruleset", text);
    if (request->shape->print != ruleset_print_mark)
        return json_pack("{s:s, s:s, s:s}", "shape", request->shape->name, "ruleset", text, "chain",
                         request->chain);
    snprintf(mark, sizeof(mark), "0x%08x/0x%08x", request->mark.value, request->mark.mask);
    return json_pack("{s:s, s:s, s:s}", "shape", request->shape->name, "ruleset", text, "mark",
                     mark);
}

static int rules_print(const struct config *config, const struct request *request, const char *name,
                       bool json)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out) {
        perror("wildset");
        return COMMAND_FAILED;
    }
    int count = (request->hold ? hold_rules_print : rulesets_print)(config, request, name, out);
    fclose(out);
    if (count < 0) {
        fprintf(stderr, "wildset: no whitelist %s in the configuration; configured are", name);
        for (size_t i = 0; i < config->whitelist_count; i++)
            fprintf(stderr, "%s %s", i ? "," : "", config->whitelists[i].name);
        fputc('\n', stderr);
    } else if (count > 0 && json) {
        json_t *object = ruleset_to_json(config, request, text);

        json_dumpf(object, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(object);
    } else if (count > 0) {
        fputs(text, stdout);
    }
    free(text);
    return count > 0 ? COMMAND_OK : COMMAND_FAILED;
}

int rules_main(int argc, char **argv)
{
    struct options options;
    struct request request;
    struct config *config;
    char error[CONFIG_ERROR_MAX];

    if (!options_read(&options, &page, argc, argv,
                      OPTION_JSON | OPTION_CONFIG | OPTION_SHAPE | OPTION_TABLE | OPTION_CHAIN |
                          OPTION_MARK | OPTION_HOLD))
        return options.status;
    if (argc - options.first > 1)
        return options_refuse(&page, "expected at most one whitelist");
    const char *problem = request_make(&options, &request);
    if (problem)
        return options_refuse(&page, problem);

    if (config_read(options.config ? options.config : CONFIG_DEFAULT_PATH, &config, error) < 0) {
        fprintf(stderr, "%s\n", error);
        return STATUS_CONFIG;
    }
    struct loaded *loaded = NULL;
    (void)loaded_open(&loaded);
    request.loaded = loaded;
    int status = rules_print(config, &request, argv[options.first], options.json);
    loaded_close(loaded);
    config_free(config);
    return status;
}
