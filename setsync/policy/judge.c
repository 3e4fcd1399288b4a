/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sighting may claim, judged as if its sender were hostile: the question has to match a
 * pattern, or to be derived in our own table; with match = "chain" an alias on the way may match
 * instead.
 */
#include "setsync/policy/judge.h"

#include "setsync/policy/policy.h"

static bool question_is_let_in(const struct whitelist *whitelist, const struct dname *name,
                               struct verdict *out)
{
    out->pattern = policy_pattern(whitelist, name);
    if (!out->pattern)
        return false;
    out->name = *name;
    out->steps = 0;
    return true;
}

/* The root is matched again: patterns may have gone since the name was derived. */
static bool derived_is_let_in(const struct judge *judge, const struct whitelist *whitelist,
                              const struct dname *name, uint64_t now_ns, struct verdict *out)
{
    const struct derived_name *derived =
        derived_get(judge->derived, name, (uint8_t)out->whitelist, now_ns);
    if (!derived || !question_is_let_in(whitelist, &derived->root, out))
        return false;
    out->steps = derived->steps;
    return true;
}

static whitelist_mask whitelist_bit(unsigned whitelist)
{
    return (whitelist_mask)1 << whitelist;
}

unsigned judge_sighting(const struct judge *judge, const struct sighting *sighting, uint64_t now_ns,
                        struct verdict out[static WHITELISTS_MAX])
{
    whitelist_mask asked = matcher_find(judge->matcher, &sighting->question);
    whitelist_mask derived = derived_find(judge->derived, &sighting->question, now_ns);
    whitelist_mask chained = 0;
    if (judge->chain_whitelists != 0 && sighting->matched.length > 0)
        chained = matcher_find(judge->matcher, &sighting->matched) & judge->chain_whitelists;
    unsigned count = 0;
    whitelist_mask left = asked | derived | chained;
    for (unsigned i = 0; left != 0; i++, left >>= 1) {
        if ((left & 1) == 0 || i >= judge->whitelist_count)
            continue;
        const struct whitelist *whitelist = &judge->whitelists[i];
        struct verdict *verdict = &out[count];
        verdict->whitelist = i;
        if (((asked & whitelist_bit(i)) != 0 &&
             question_is_let_in(whitelist, &sighting->question, verdict)) ||
            ((derived & whitelist_bit(i)) != 0 &&
             derived_is_let_in(judge, whitelist, &sighting->question, now_ns, verdict)) ||
            ((chained & whitelist_bit(i)) != 0 &&
             question_is_let_in(whitelist, &sighting->matched, verdict)))
            count++;
    }
    return count;
}
