/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A statement at a time.  A rule whose matches all fit certainly is followed; one of which some may
 * fit is followed on trial: what it would do is noted, and the walk goes on behind it.
 */
#include "doctor/rules/nftwalk.h"

#include "base/json_read.h"

#include <stdio.h>
#include <string.h>

enum {
    JUMPS_MAX = 16, /* NFT_JUMP_STACK_SIZE */
    STATEMENTS_MAX = 200000,
};

enum step {
    STEP_ON,
    STEP_RETURN, /* to the chain that jumped here; from a base chain: its policy */
    STEP_ACCEPT, /* done with this base chain */
    STEP_DROP,
};

struct walk {
    const struct nftruleset *ruleset;
    struct nftpacket packet;
    const struct queuerules *queues; /* NULL: none is asked about */
    struct nftwalk *result;
    unsigned statements;
    const struct nftchain *base, *looker; /* where the walk is; which first looked at the set */
    char looked[NFTWALK_PLACE_MAX];       /* by which rule */
    bool may_accept, may_accept_by_set;   /* in this base chain, on trial */
};

/* Where in it. */
struct place {
    const struct nftchain *chain;
    const json_t *rule;
    unsigned depth;
    bool certain; /* this place is reached */
    bool by_set;  /* because of the set */
};

static enum step chain_walk(struct walk *walk, const struct place *from, const char *name);

/* "inet filter forward, rule 12" */
static void place_write(const struct place *place, char out[static NFTWALK_PLACE_MAX])
{
    const struct nftchain *chain = place->chain;

    if (place->rule)
        snprintf(out, NFTWALK_PLACE_MAX, "%s %s %s, handle %" JSON_INTEGER_FORMAT, chain->family,
                 chain->table, chain->name, number_of(place->rule, "handle"));
    else
        snprintf(out, NFTWALK_PLACE_MAX, "%s %s %s, by its policy", chain->family, chain->table,
                 chain->name);
}

/* ---- verdicts ---- */

static enum step drop_follow(struct walk *walk, const struct place *place)
{
    struct nftwalk *result = walk->result;

    result->filtered = true;
    if (!place->certain) {
        if (result->doubt[0] == '\0')
            place_write(place, result->doubt);
        return STEP_ON;
    }
    place_write(place, result->place);
    return STEP_DROP;
}

enum verdict {
    VERDICT_ACCEPT,
    VERDICT_DROP,
    VERDICT_RETURN,
    VERDICT_JUMP,
    VERDICT_GOTO,
    VERDICT_NONE,
};

static enum verdict verdict_of(const char *name)
{
    static const struct {
        const char *name;
        enum verdict verdict;
    } verdicts[] = {
        {"accept", VERDICT_ACCEPT}, {"drop", VERDICT_DROP}, {"reject", VERDICT_DROP},
        {"return", VERDICT_RETURN}, {"jump", VERDICT_JUMP}, {"goto", VERDICT_GOTO},
    };

    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        if (strcmp(verdicts[i].name, name) == 0)
            return verdicts[i].verdict;
    }
    return VERDICT_NONE;
}

static enum step verdict_follow(struct walk *walk, const struct place *place, enum verdict verdict,
                                const json_t *value)
{
    enum step step;

    switch (verdict) {
    case VERDICT_ACCEPT:
        walk->may_accept |= !place->certain;
        walk->may_accept_by_set |= !place->certain && place->by_set;
        walk->result->by_set |= place->certain && place->by_set;
        return place->certain ? STEP_ACCEPT : STEP_ON;
    case VERDICT_DROP:
        return drop_follow(walk, place);
    case VERDICT_RETURN:
        return STEP_RETURN;
    case VERDICT_JUMP:
    case VERDICT_GOTO:
        step = chain_walk(walk, place, text_of(value, "target"));
        /* Behind a goto the rest of the chain is not looked at. */
        return verdict == VERDICT_GOTO && step == STEP_ON && place->certain ? STEP_RETURN : step;
    case VERDICT_NONE:
        return STEP_ON;
    }
    return STEP_ON;
}

/* ---- statements ---- */

/* {"drop": null} and the like: the first key says it all. */
static enum step verdict_object_follow(struct walk *walk, const struct place *place,
                                       json_t *verdict)
{
    const char *key;
    json_t *value;

    json_object_foreach(verdict, key, value) return verdict_follow(walk, place, verdict_of(key),
                                                                   value);
    return STEP_ON;
}

/* The first element that certainly fits ends the search; those that may fit are tried on the way.
 */
static enum step map_follow(struct walk *walk, const struct place *place, const json_t *map)
{
    const json_t *elements = json_object_get(json_object_get(map, "data"), "set");
    struct nftfact fact = nftfact_of(json_object_get(map, "key"), &walk->packet);
    json_t *element;
    size_t i;

    if (fact.kind == FACT_ABSENT)
        return STEP_ON;
    if (!json_is_array(elements)) {
        walk->result->foreign = true; /* a named map: its elements are not in the document */
        return STEP_ON;
    }
    json_array_foreach(elements, i, element)
    {
        struct place there = *place;
        enum truth truth = nftfact_is(&fact, json_array_get(element, 0), place->chain,
                                      &walk->packet, &there.by_set);
        if (truth == TRUTH_NO)
            continue;
        there.certain = place->certain && truth == TRUTH_YES;
        enum step step = verdict_object_follow(walk, &there, json_array_get(element, 1));
        if (truth == TRUTH_YES)
            return step;
    }
    return STEP_ON;
}

static void mark_set(struct walk *walk, const struct place *place, const json_t *mangle)
{
    const json_t *key = json_object_get(mangle, "key");
    const json_t *connection = json_object_get(key, "ct"), *meta = json_object_get(key, "meta");
    struct nftmark *mark = connection ? &walk->packet.connection_mark : &walk->packet.packet_mark;

    if (!text_is(connection ? connection : meta, "key", "mark"))
        return;
    struct nftmark new = nftmark_of(json_object_get(mangle, "value"), &walk->packet);
    if (!place->certain && (!mark->known || new.value != mark->value))
        new.known = false;
    new.by_set |= place->by_set;
    *mark = new;
}

/* ---- the queue ---- */

/* "!=" does something with what is outside: what that is, the walk sees. */
static void look_note(struct walk *walk, const struct place *place, const json_t *match)
{
    const char *right = text_of(match, "right");

    if (walk->looker || text_is(match, "op", "!=") ||
        !nftchain_names_set(place->chain, right, walk->packet.set))
        return;
    walk->looker = walk->base;
    place_write(place, walk->looked);
}

/* Where the walk goes on, an earlier statement has let it pass; in doubt it may be queued. */
static void queue_note(struct walk *walk, const struct place *place)
{
    struct nftwalk *result = walk->result;

    if (!walk->queues || result->queued ||
        queuerule_read(walk->queues, place->chain, place->rule).ours == TRUTH_NO)
        return;
    result->queued = true;
    place_write(place, result->queue);
    if (walk->looker && walk->looker != walk->base)
        memcpy(result->late, walk->looked, sizeof(result->late));
}

/* These neither match nor decide. */
static bool is_idle(const char *name)
{
    static const char *const idle[] = {"counter",   "log",        "notrack", "set",
                                       "ct helper", "ct timeout", "flow",    "ct expectation",
                                       "dup",       "last",       "continue"};

    for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++) {
        if (strcmp(idle[i], name) == 0)
            return true;
    }
    return false;
}

/* One statement; false when the rule does not fit. */
static bool statement_walk(struct walk *walk, struct place *place, const char *name,
                           const json_t *value, enum step *step)
{
    enum verdict verdict = verdict_of(name);

    if (strcmp(name, "match") == 0) {
        enum truth truth = nftmatch(value, place->chain, &walk->packet, &place->by_set);

        look_note(walk, place, value);
        place->certain = place->certain && truth == TRUTH_YES;
        return truth != TRUTH_NO;
    }
    if (strcmp(name, "vmap") == 0) {
        *step = map_follow(walk, place, value);
    } else if (strcmp(name, "mangle") == 0) {
        mark_set(walk, place, value);
    } else if (verdict != VERDICT_NONE) {
        *step = verdict_follow(walk, place, verdict, value);
    } else if (!is_idle(name)) {
        place->certain = false; /* "limit", "quota"; "xt": whatever it may be */
        if (strcmp(name, "xt") == 0 || strcmp(name, "queue") == 0) {
            walk->result->foreign = true;
            queue_note(walk, place);
        }
    }
    return true;
}

/* `place` is a copy for this rule: its matches narrow it. */
static enum step rule_walk(struct walk *walk, struct place place, bool *certain_behind)
{
    json_t *statement, *value;
    enum step step = STEP_ON;
    const char *name;
    size_t i;

    json_array_foreach(json_object_get(place.rule, "expr"), i, statement)
    {
        if (++walk->statements > STATEMENTS_MAX) {
            walk->result->incomplete = true;
            return STEP_RETURN;
        }
        json_object_foreach(statement, name, value)
        {
            if (!statement_walk(walk, &place, name, value, &step))
                return STEP_ON;
        }
        if (step == STEP_RETURN && !place.certain) {
            *certain_behind = false; /* the rest of the chain is only reached when it did not */
            return STEP_ON;
        }
        if (step != STEP_ON)
            return step;
    }
    return STEP_ON;
}

static enum step rules_walk(struct walk *walk, struct place *place)
{
    const struct nftchain *chain = place->chain;

    for (size_t i = 0; i < chain->rule_count; i++) {
        bool certain_behind = place->certain;

        place->rule = chain->rules[i];
        enum step step = rule_walk(walk, *place, &certain_behind);
        if (step != STEP_ON)
            return step;
        place->certain = certain_behind;
    }
    return STEP_ON;
}

static enum step chain_walk(struct walk *walk, const struct place *from, const char *name)
{
    struct place place = *from;

    place.chain = nftruleset_chain(walk->ruleset, from->chain->family, from->chain->table, name);
    if (!place.chain || ++place.depth > JUMPS_MAX)
        return STEP_ON;
    enum step step = rules_walk(walk, &place);
    return step == STEP_RETURN ? STEP_ON : step;
}

/* ---- base chains ---- */

static enum step base_chain_walk(struct walk *walk, const struct nftchain *chain)
{
    struct place place = {.chain = chain, .certain = true};

    walk->base = chain;
    walk->may_accept = walk->may_accept_by_set = false;
    enum step step = rules_walk(walk, &place);
    if (step == STEP_ACCEPT || step == STEP_DROP)
        return step;
    if (!chain->drops)
        return STEP_ACCEPT;
    place = (struct place){.chain = chain, .certain = true};
    return drop_follow(walk, &place);
}

/* What a chain that drops in the end may have accepted before. */
static enum step base_chain_judge(struct walk *walk, const struct nftchain *chain)
{
    enum step step = base_chain_walk(walk, chain);
    struct nftwalk *result = walk->result;

    if (step != STEP_DROP)
        return step;
    if (!walk->may_accept)
        return STEP_DROP;
    result->outcome = NFTWALK_MAY_PASS;
    result->by_set |= walk->may_accept_by_set;
    result->place[0] = '\0';
    return STEP_ACCEPT;
}

/* The next one by priority behind `last`; of several with one priority the newest is the first,
 * which nft lists last (in their tables' order). */
static const struct nftchain *next_chain(const struct walk *walk, const char *hook,
                                         const struct nftchain *last)
{
    const char *family = walk->packet.family == ADDRESS_IPV4 ? "ip" : "ip6";
    const struct nftchain *best = NULL;

    for (size_t i = 0; i < walk->ruleset->chain_count; i++) {
        const struct nftchain *chain = &walk->ruleset->chains[i];

        if (!chain->hook || strcmp(chain->hook, hook) != 0 ||
            (strcmp(chain->family, "inet") != 0 && strcmp(chain->family, family) != 0) ||
            (strcmp(chain->type, "filter") != 0 && strcmp(chain->type, "route") != 0))
            continue;
        if (last && (chain->priority < last->priority ||
                     (chain->priority == last->priority && chain >= last)))
            continue;
        if (!best || chain->priority <= best->priority)
            best = chain;
    }
    return best;
}

static enum step hook_walk(struct walk *walk, const char *hook)
{
    const struct nftchain *chain = NULL;

    while ((chain = next_chain(walk, hook, chain))) {
        if (base_chain_judge(walk, chain) == STEP_DROP)
            return STEP_DROP;
    }
    return STEP_ON;
}

struct nftwalk nftwalk(const struct nftruleset *ruleset, const struct nftpacket *packet,
                       const struct queuerules *queues, enum nftwalk_way way)
{
    static const char *const hooks[][3] = {
        [NFTWALK_FORWARD] = {"prerouting", "forward", "postrouting"},
        [NFTWALK_OUTPUT] = {"output", "postrouting", NULL},
    };
    struct nftwalk result = {.outcome = NFTWALK_PASSES};
    struct walk walk = {.ruleset = ruleset, .packet = *packet, .queues = queues, .result = &result};

    for (size_t i = 0; i < 3 && hooks[way][i]; i++) {
        if (hook_walk(&walk, hooks[way][i]) == STEP_DROP) {
            result.outcome = NFTWALK_DROPPED;
            break;
        }
    }
    result.mark = walk.packet.connection_mark;
    return result;
}
