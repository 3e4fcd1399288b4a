/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the registry's plan may hold, array by array.
 */
#include "registry/plan.h"

#include "base/sealed.h"

#include <string.h>

_Static_assert(_Alignof(struct whitelist_pattern) == 1 && _Alignof(struct address) == 1,
               "the arrays behind the first need no alignment");

bool registry_plan_is_needed(const struct registry_plan *plan)
{
    for (size_t i = 0; i < plan->whitelist_count; i++)
        if (plan->whitelists[i].url[0] != '\0' || plan->whitelists[i].discovers)
            return true;
    for (size_t i = 0; i < plan->pattern_count; i++)
        if (plan->patterns[i].pattern.kind == PATTERN_EXACT &&
            plan->whitelists[plan->patterns[i].whitelist].resolves)
            return true;
    return false;
}

/* ---- what is valid ---- */

static bool is_text(const char *text, size_t room)
{
    return memchr(text, '\0', room) != NULL;
}

static bool whitelist_is_valid(const void *plan, const void *element)
{
    const struct registry_whitelist *whitelist = element;

    (void)plan;
    return is_text(whitelist->name, REGISTRY_NAME_MAX) &&
           is_text(whitelist->url, REGISTRY_URL_MAX) && is_text(whitelist->ca, REGISTRY_CA_MAX) &&
           (whitelist->url[0] == '\0' || strncmp(whitelist->url, "https://", 8) == 0) &&
           (whitelist->ca[0] == '\0' || whitelist->ca[0] == '/') && whitelist->interval >= 1 &&
           whitelist->interval <= INT32_MAX && whitelist->keep <= INT32_MAX &&
           whitelist->shrink <= 100 && whitelist->ttl_min <= whitelist->ttl_max &&
           whitelist->ttl_max <= INT32_MAX && whitelist->grace <= INT32_MAX &&
           whitelist->takes_addresses <= 1 && whitelist->resolves <= 1 && whitelist->follows <= 1 &&
           whitelist->discovers <= 1;
}

static bool registry_pattern_is_valid(const void *plan, const void *element)
{
    const struct whitelist_pattern *pattern = element;

    return pattern->whitelist < ((const struct registry_plan *)plan)->whitelist_count &&
           pattern->pattern.kind <= PATTERN_ANY && pattern->pattern.name.length > 0 &&
           dname_is_canonical(&pattern->pattern.name);
}

static bool registry_resolver_is_valid(const void *plan, const void *element)
{
    (void)plan;
    return address_is_canonical(element) && address_size(element) != 0;
}

/* ---- as bytes ---- */

static const struct sealed_layout registry_layout = {
    .name = "wildset-poll-plan",
    .magic = "wspoll2",
    .array_count = 3,
    .arrays =
        {
            SEALED_ARRAY(struct registry_plan, whitelists, whitelist_count, WHITELISTS_MAX,
                         whitelist_is_valid),
            SEALED_ARRAY(struct registry_plan, patterns, pattern_count, REGISTRY_PATTERNS_MAX,
                         registry_pattern_is_valid),
            SEALED_ARRAY(struct registry_plan, resolvers, resolver_count, REGISTRY_RESOLVERS_MAX,
                         registry_resolver_is_valid),
        },
};

int registry_plan_seal(const struct registry_plan *plan)
{
    return sealed_make(&registry_layout, plan);
}

bool registry_plan_read(const void *bytes, size_t size, struct registry_plan *out)
{
    struct registry_plan plan;

    if (!sealed_read(&registry_layout, bytes, size, &plan))
        return false;
    *out = plan;
    return true;
}

int registry_plan_open(int fd, struct registry_plan *out)
{
    struct registry_plan plan;
    int result = sealed_open(&registry_layout, fd, &plan);

    if (result == 0)
        *out = plan;
    return result;
}
