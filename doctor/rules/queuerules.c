/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions are not judged here: a rule that drops anything behind the queue is one too many.
 */
#include "doctor/rules/queuerules.h"

#include "base/json_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    JUMPS_MAX = 16, /* NFT_JUMP_STACK_SIZE */
    STATEMENTS_MAX = 200000,
    LINE_MAX_SIZE = 1024,
};

/* ---- native ---- */

static bool has_bypass(const json_t *flags)
{
    json_t *flag;
    size_t i;

    json_array_foreach(flags, i, flag)
    {
        if (json_is_string(flag) && strcmp(json_string_value(flag), "bypass") == 0)
            return true;
    }
    return json_is_string(flags) && strcmp(json_string_value(flags), "bypass") == 0;
}

/* {"num":5,"flags":"bypass"}; a number that is calculated is nobody's. */
static struct queuerule native_read(uint32_t number, const json_t *queue)
{
    const json_t *num = json_object_get(queue, "num");
    const json_t *range = json_object_get(num, "range");
    json_int_t first = json_integer_value(range ? json_array_get(range, 0) : num);
    json_int_t last = json_integer_value(range ? json_array_get(range, 1) : num);
    bool known = !num || json_is_integer(num) || json_array_size(range) == 2; /* none: 0 */

    return (struct queuerule){.ours =
                                  known && first <= number && number <= last ? TRUTH_YES : TRUTH_NO,
                              .bypass = has_bypass(json_object_get(queue, "flags"))};
}

/* ---- iptables ---- */

/* The last one: a comment in front of it may say anything. */
static const char *target_find(const char *line)
{
    const char *found = NULL;

    for (const char *at = line; (at = strstr(at, " -j NFQUEUE")); at++)
        found = at;
    return found;
}

/* "-A FORWARD -p tcp -j NFQUEUE --queue-num 5757 --queue-bypass", "--queue-balance 0:3" */
static struct queuerule saved_line_read(uint32_t number, const char *line)
{
    const char *target = target_find(line);
    const char *one = target ? strstr(target, " --queue-num ") : NULL;
    const char *several = target ? strstr(target, " --queue-balance ") : NULL;
    unsigned first = 0, last = 0;

    if (!target)
        return (struct queuerule){.ours = TRUTH_NO};
    if (one)
        last = first = (unsigned)strtoul(one + strlen(" --queue-num "), NULL, 10);
    else if (several)
        (void)sscanf(several, " --queue-balance %u:%u", &first, &last);
    return (struct queuerule){.ours = first <= number && number <= last ? TRUTH_YES : TRUTH_NO,
                              .bypass = strstr(target, " --queue-bypass") != NULL};
}

static bool is_of_chain(const char *line, const char *chain)
{
    size_t length = strlen(chain);

    return strncmp(line, "-A ", 3) == 0 && strncmp(line + 3, chain, length) == 0 &&
           (line[3 + length] == ' ' || line[3 + length] == '\0');
}

/* The rule at this position of its chain, from 1. */
static struct queuerule saved_read(const struct queuerules *queues, const struct nftchain *chain,
                                   size_t position)
{
    const struct saved_rules *saved = &queues->saved[strcmp(chain->family, "ip6") == 0];
    const char *text = saved->text;
    size_t left = text ? saved->size : 0, at = 0;
    bool in_table = false;

    while (left > 0) {
        const char *end = memchr(text, '\n', left);
        size_t length = end ? (size_t)(end - text) : left;
        char line[LINE_MAX_SIZE];

        snprintf(line, sizeof(line), "%.*s",
                 (int)(length < sizeof(line) ? length : sizeof(line) - 1), text);
        if (line[0] == '*')
            in_table = strcmp(line + 1, chain->table) == 0;
        at += in_table && is_of_chain(line, chain->name);
        if (in_table && at == position && is_of_chain(line, chain->name))
            return saved_line_read(queues->number, line);
        left -= length + (end != NULL);
        text += length + (end != NULL);
    }
    return (struct queuerule){.ours = TRUTH_MAYBE, .bypass = true};
}

static struct queuerule target_read(const struct queuerules *queues, const struct nftchain *chain,
                                    const json_t *rule, const json_t *target)
{
    size_t position = 0;

    if (!text_is(target, "name", "NFQUEUE"))
        return (struct queuerule){.ours = TRUTH_NO};
    while (position < chain->rule_count && chain->rules[position] != rule)
        position++;
    position = position < chain->rule_count ? position + 1 : 0;

    struct queuerule read = saved_read(queues, chain, position);
    read.position = position;
    return read;
}

struct queuerule queuerule_read(const struct queuerules *queues, const struct nftchain *chain,
                                const json_t *rule)
{
    json_t *statement;
    size_t i;

    json_array_foreach(json_object_get(rule, "expr"), i, statement)
    {
        const json_t *queue = json_object_get(statement, "queue");
        const json_t *target = json_object_get(statement, "xt");
        struct queuerule read = {.ours = TRUTH_NO};

        if (queue)
            read = native_read(queues->number, queue);
        else if (json_is_object(target))
            read = target_read(queues, chain, rule, target);
        if (read.ours != TRUTH_NO)
            return read;
    }
    return (struct queuerule){.ours = TRUTH_NO};
}

/* ---- where they are ---- */

struct search {
    const struct nftruleset *ruleset;
    const struct queuerules *queues;
    struct queueplace place;
    unsigned statements;
};

static void chain_search(struct search *search, const struct nftchain *chain, unsigned depth);

static void drop_note(struct search *search, const struct nftchain *chain, const json_t *rule)
{
    struct queueplace *place = &search->place;
    bool behind = place->rule != NULL;

    if (place->drops_behind || (place->drops_before && !behind))
        return; /* the first one of the worse kind is told */
    place->drops_behind |= behind;
    place->drops_before |= !behind;
    place->drop = chain;
    place->drop_rule = rule;
}

/* A verdict or a jump: a statement's, or a map's value. */
static void verdict_search(struct search *search, const struct nftchain *chain, const json_t *rule,
                           const json_t *statement, unsigned depth)
{
    const json_t *jump = json_object_get(statement, "jump"), *xt = json_object_get(statement, "xt");
    const char *target = text_of(jump ? jump : json_object_get(statement, "goto"), "target");

    search->statements++;
    if (json_object_get(statement, "drop") || json_object_get(statement, "reject") ||
        text_is(xt, "name", "REJECT") || text_is(xt, "name", "DROP"))
        drop_note(search, chain, rule);
    const struct nftchain *to =
        *target ? nftruleset_chain(search->ruleset, chain->family, chain->table, target) : NULL;
    if (to)
        chain_search(search, to, depth + 1);
}

static void rule_search(struct search *search, const struct nftchain *chain, const json_t *rule,
                        unsigned depth)
{
    struct queuerule read = queuerule_read(search->queues, chain, rule);
    json_t *statement, *element;
    size_t i, j;

    if (read.ours != TRUTH_NO && !search->place.rule) {
        search->place.chain = chain;
        search->place.rule = rule;
        search->place.read = read;
    }
    json_array_foreach(json_object_get(rule, "expr"), i, statement)
    {
        const json_t *map = json_object_get(json_object_get(statement, "vmap"), "data");

        verdict_search(search, chain, rule, statement, depth);
        json_array_foreach(json_object_get(map, "set"), j, element)
            verdict_search(search, chain, rule, json_array_get(element, 1), depth);
    }
}

static void chain_search(struct search *search, const struct nftchain *chain, unsigned depth)
{
    for (size_t i = 0; depth <= JUMPS_MAX && i < chain->rule_count; i++) {
        if (search->statements > STATEMENTS_MAX)
            return;
        rule_search(search, chain, chain->rules[i], depth);
    }
}

bool queuerules_each(const struct nftruleset *ruleset, const struct queuerules *queues,
                     void (*tell)(void *context, const struct queueplace *place), void *context)
{
    struct search search = {.ruleset = ruleset, .queues = queues};

    for (size_t i = 0; i < ruleset->chain_count && search.statements <= STATEMENTS_MAX; i++) {
        const struct nftchain *base = &ruleset->chains[i];

        if (!base->hook)
            continue;
        search.place = (struct queueplace){.base = base};
        chain_search(&search, base, 0);
        if (base->drops)
            drop_note(&search, base, NULL);
        if (search.place.rule)
            tell(context, &search.place);
    }
    return search.statements <= STATEMENTS_MAX;
}
