/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What matches is looked for among all patterns; what comes near costs more, and among the first
 * four thousand only: half a millisecond.
 */
#include "daemon/control/name_verdict.h"

#include "daemon/control/near_miss.h"
#include "setsync/policy/policy.h"
#include "source/json.h"

enum { NEAR_SHOWN = 4 }; /* patterns of one whitelist */

struct near_pattern {
    enum nearness nearness;
    const struct pattern *pattern;
};

/* The nearest ones in order: how many. */
static size_t near_patterns(const struct whitelist *whitelist, const struct dname *name,
                            size_t *budget, struct near_pattern out[static NEAR_SHOWN])
{
    size_t count = 0;

    for (size_t i = 0; i<whitelist->pattern_count && * budget> 0; i++, (*budget)--) {
        const struct pattern *pattern = &whitelist->patterns[i];
        enum nearness nearness = nearness_judge(pattern, name);
        size_t at = count < NEAR_SHOWN ? count : NEAR_SHOWN - 1;

        if (nearness == NEARNESS_NONE ||
            (count == NEAR_SHOWN && out[NEAR_SHOWN - 1].nearness <= nearness))
            continue;
        for (; at > 0 && out[at - 1].nearness > nearness; at--)
            out[at] = out[at - 1];
        out[at] = (struct near_pattern){.nearness = nearness, .pattern = pattern};
        count += count < NEAR_SHOWN;
    }
    return count;
}

static void put_near(json_t *object, const struct whitelist *whitelist, const struct dname *name,
                     size_t *budget)
{
    struct near_pattern near[NEAR_SHOWN];
    char text[PATTERN_TEXT_MAX];
    json_t *array = json_array();
    size_t count = near_patterns(whitelist, name, budget, near);

    for (size_t i = 0; i < count; i++) {
        json_t *one = json_object();
        put_text(one, "pattern", pattern_to_text(near[i].pattern, text));
        put_text(one, "near", nearness_name(near[i].nearness));
        json_array_append_new(array, one);
    }
    json_object_set_new(object, "near", array);
}

void put_verdict(json_t *object, const struct whitelist *whitelist, const struct dname *name,
                 size_t *budget)
{
    const struct pattern *pattern = policy_pattern(whitelist, name);
    char text[PATTERN_TEXT_MAX];

    if (pattern)
        put_text(object, "pattern", pattern_to_text(pattern, text));
    else
        put_near(object, whitelist, name, budget);
}
