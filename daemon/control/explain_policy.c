/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By the configuration in force and nothing else.  What matches is looked for among all patterns;
 * what comes near costs more, and among the first four thousand only: half a millisecond.
 */
#include "daemon/control/explain_policy.h"

#include "daemon/config/config.h"
#include "daemon/control/near_miss.h"
#include "daemon/outputs/views.h"
#include "setsync/policy/policy.h"
#include "setsync/setsync.h"
#include "source/json.h"

#include <stdio.h>

enum {
    NEAR_SHOWN = 4,     /* patterns of one whitelist */
    NEAR_LOOKED = 4096, /* of all whitelists */
};

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

/* "inet wildset lookback4: holds ipv6_addr...", when a set is not as it has to be. */
static void put_set(json_t *object, const char *key, const struct set_name *name,
                    const struct setsync *sync)
{
    char text[SET_TEXT_MAX], problem[SET_TEXT_MAX + SET_PROBLEM_MAX + 2];

    put_text(object, key, set_name_to_text(name, text));
    for (size_t i = 0; i < setsync_set_count(sync); i++) {
        struct set_status status = setsync_set(sync, i);
        if (!set_name_equal(status.name, name) || status.problem[0] == '\0')
            continue;
        snprintf(problem, sizeof(problem), "%s: %s", text, status.problem);
        put_text(object, "problem", problem);
    }
}

static void put_pattern(json_t *object, const struct whitelist *whitelist, const struct dname *name,
                        size_t *budget)
{
    const struct pattern *pattern = policy_pattern(whitelist, name);
    char text[PATTERN_TEXT_MAX];

    if (pattern)
        put_text(object, "pattern", pattern_to_text(pattern, text));
    else
        put_near(object, whitelist, name, budget);
}

static json_t *judge_address(const struct setsync *sync, const struct whitelist *whitelist,
                             const struct address *address)
{
    bool ipv4 = address->family == ADDRESS_IPV4;
    json_t *object = json_object();

    put_text(object, "whitelist", whitelist->name);
    put_set(object, "set", ipv4 ? &whitelist->set4 : &whitelist->set6, sync);
    put_text(object, "reason", reason_name(policy_judge_address(whitelist, address)));
    return object;
}

static json_t *judge_name(const struct setsync *sync, const struct whitelist *whitelist,
                          const struct dname *name, size_t *budget)
{
    json_t *object = json_object();

    put_text(object, "whitelist", whitelist->name);
    put_set(object, "set4", &whitelist->set4, sync);
    put_set(object, "set6", &whitelist->set6, sync);
    put_pattern(object, whitelist, name, budget);
    return object;
}

json_t *judgement_to_json(const struct daemon_views *views, const struct address *address,
                          const struct dname *name)
{
    const struct config *config = views->config;
    size_t budget = NEAR_LOOKED;
    json_t *array = json_array();

    for (size_t i = 0; i < config->whitelist_count; i++) {
        const struct whitelist *whitelist = &config->whitelists[i];

        json_array_append_new(array, address->family != ADDRESS_NONE
                                         ? judge_address(views->sync, whitelist, address)
                                         : judge_name(views->sync, whitelist, name, &budget));
    }
    return array;
}
