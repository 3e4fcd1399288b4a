/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By the configuration in force and nothing else.
 */
#include "daemon/control/explain_policy.h"

#include "daemon/config/config.h"
#include "daemon/control/name_verdict.h"
#include "daemon/outputs/views.h"
#include "setsync/policy/policy.h"
#include "setsync/setsync.h"
#include "source/json.h"

#include <stdio.h>

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
    put_verdict(object, whitelist, name, budget);
    return object;
}

json_t *judgement_to_json(const struct daemon_views *views, const struct address *address,
                          const struct dname *name)
{
    const struct config *config = views->config;
    size_t budget = VERDICT_PATTERNS_LOOKED;
    json_t *array = json_array();

    for (size_t i = 0; i < config->whitelist_count; i++) {
        const struct whitelist *whitelist = &config->whitelists[i];

        json_array_append_new(array, address->family != ADDRESS_NONE
                                         ? judge_address(views->sync, whitelist, address)
                                         : judge_name(views->sync, whitelist, name, &budget));
    }
    return array;
}
