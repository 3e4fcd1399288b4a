/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an answer that counts teaches: addresses for the question's name and, with match = "chain",
 * for aliases on the way; names at which the chain is open; and addresses that nobody should have
 * sent.
 */
#include "base/clock.h"
#include "sniffer/pipeline/state.h"

#include <string.h>

static whitelist_mask alias_match(const struct pipeline *pipeline, const struct dname *alias)
{
    return matcher_find(pipeline->matcher, alias) & pipeline->plan->chain_whitelists;
}

whitelist_mask learn_chain_match(const struct pipeline *pipeline)
{
    const struct answer *answer = &pipeline->answer;
    whitelist_mask found = 0;

    for (unsigned i = 0; i < answer->chain_count; i++)
        found |= alias_match(pipeline, &answer->chain[i]);
    return found;
}

/* A tag for each kind, so that one is not taken for another. */
static void digest_name(const struct pipeline *pipeline, struct answer_digest *digest, char kind,
                        const struct dname *name)
{
    struct {
        char kind;
        struct dname name;
    } fact;

    memset(&fact, 0, sizeof(fact));
    fact.kind = kind;
    fact.name = *name;
    questions_digest(pipeline->questions, digest, &fact, sizeof(fact));
}

void learn_digest(const struct pipeline *pipeline, enum answer_outcome outcome,
                  struct answer_digest *out)
{
    const struct answer *answer = &pipeline->answer;

    *out = (struct answer_digest){.value = {answer->rcode, outcome}};
    if (outcome != ANSWER_OK)
        return;
    for (unsigned i = 0; i < answer->address_count; i++)
        questions_digest(pipeline->questions, out, &answer->addresses[i].address,
                         sizeof(struct address));
    for (unsigned i = 0; i < answer->target_count; i++)
        digest_name(pipeline, out, 't', &answer->targets[i].name);
    for (unsigned i = 0; i < answer->chain_count; i++) {
        if (alias_match(pipeline, &answer->chain[i]))
            digest_name(pipeline, out, 'a', &answer->chain[i]);
    }
}

/*
 * The entry for a name that `matched` leads to: a child of the pattern's own name, or one step
 * further than the derived name that it was itself.
 */
static struct derived_name descendant(struct pipeline *pipeline, const struct dname *matched,
                                      const struct answer_target *target, uint8_t whitelist,
                                      uint64_t now_ns)
{
    const struct plan *plan = pipeline->plan;
    uint64_t ttl = target->ttl;
    struct derived_name name = {
        .name = target->name,
        .root = *matched,
        .whitelist = whitelist,
        .steps = 1,
    };

    if (ttl < plan->ttl_min[whitelist])
        ttl = plan->ttl_min[whitelist];
    if (ttl > plan->ttl_max[whitelist])
        ttl = plan->ttl_max[whitelist];
    name.expires_ns = now_ns + ttl * NS_PER_SECOND;
    if (matcher_find(pipeline->matcher, matched) >> whitelist & 1)
        return name;
    const struct derived_name *parent = derived_get(pipeline->derived, matched, whitelist, now_ns);
    if (parent) {
        name.root = parent->root;
        name.steps = (uint8_t)(parent->steps + 1);
    }
    return name;
}

/*
 * True when the name counts as a question's name now.  One that a whitelist's own pattern matches
 * needs no entry there.
 */
static bool learn_follow(struct pipeline *pipeline, const struct dname *matched,
                         const struct answer_target *target, whitelist_mask whitelists,
                         uint64_t now_ns)
{
    whitelist_mask left = whitelists & pipeline->plan->follow_whitelists &
                          ~matcher_find(pipeline->matcher, &target->name);
    struct derived *derived = pipeline->derived;
    bool entered = false;

    for (; left; left &= left - 1) {
        uint8_t whitelist = (uint8_t)__builtin_ctzll(left);
        struct derived_name name = descendant(pipeline, matched, target, whitelist, now_ns);
        bool known = derived_get(derived, &name.name, whitelist, now_ns) != NULL;

        if (!derived_add(derived, &name, now_ns) ||
            !derived_get(derived, &name.name, whitelist, now_ns))
            continue;
        if (!known)
            count(pipeline, COUNTER_DERIVED_NAMES);
        if (pipeline->hooks.derived && !pipeline->answer.negative)
            pipeline->hooks.derived(pipeline->hooks.context, &name);
        entered = true;
    }
    return entered;
}

/* What the name of this index leads to.  Returns whether anything was passed on. */
static bool teach(struct pipeline *pipeline, const struct passing *passing,
                  const struct report_subject *subject, unsigned index, whitelist_mask whitelists)
{
    const struct answer *answer = &pipeline->answer;
    const struct dname *matched = answer_name(answer, index);
    bool taught = report_answer(&pipeline->report, subject, answer, index);

    if (taught && pipeline->hooks.ended)
        pipeline->hooks.ended(pipeline->hooks.context);
    for (unsigned i = 0; i < answer->target_count; i++) {
        const struct answer_target *target = &answer->targets[i];

        if ((target->owners & answer->leads[index]) == 0 ||
            !learn_follow(pipeline, matched, target, whitelists, passing->now_ns))
            continue;
        report_open(&pipeline->report, subject, matched, target);
        taught = true;
    }
    return taught;
}

/*
 * A name of the answer that these whitelists take.  `done` has for each name the whitelists that
 * have been told of it: what another one led to already is not told twice.
 */
static bool teach_once(struct pipeline *pipeline, const struct passing *passing,
                       const struct report_subject *subject, unsigned index,
                       whitelist_mask whitelists, whitelist_mask done[static ANSWER_NAMES_MAX])
{
    whitelist_mask more = whitelists & ~done[index];

    if (!more)
        return false;
    for (answer_names left = pipeline->answer.leads[index]; left; left &= left - 1)
        done[__builtin_ctz(left)] |= more;
    return teach(pipeline, passing, subject, index, more);
}

void learn_answer(struct pipeline *pipeline, const struct passing *passing,
                  const struct report_subject *subject)
{
    const struct answer *answer = &pipeline->answer;
    whitelist_mask done[ANSWER_NAMES_MAX] = {0};
    bool taught = teach_once(pipeline, passing, subject, 0, passing->matched, done);

    for (unsigned i = 1; i <= answer->chain_count; i++)
        taught |= teach_once(pipeline, passing, subject, i,
                             alias_match(pipeline, answer_name(answer, i)), done);
    if (taught)
        count(pipeline, COUNTER_LEARNED);
    for (unsigned i = 0; i < answer->stray_count; i++) {
        pipeline->counters.refused[REASON_OWNER_OFF_CHAIN]++;
        report_stray(&pipeline->report, subject, &answer->strays[i]);
    }
}
