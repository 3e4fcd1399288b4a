/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan as bytes: a head with the counts, then the arrays.  Writer and reader are of one build on
 * one machine; values are checked all the same, as in sniffer/pipeline/plan.c.
 */
#include "registry/plan.h"

#include "base/sealed.h"

#include <errno.h>
#include <string.h>

static const char plan_magic[8] = "wspoll1";

struct head {
    char magic[8];
    uint32_t whitelist_count, pattern_count, resolver_count, zero;
};

_Static_assert(sizeof(struct head) % _Alignof(struct registry_whitelist) == 0, "rows are aligned");
_Static_assert(_Alignof(struct whitelist_pattern) == 1 && _Alignof(struct address) == 1,
               "the other arrays need no alignment");

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

int registry_plan_seal(const struct registry_plan *plan)
{
    struct head head = {
        .whitelist_count = (uint32_t)plan->whitelist_count,
        .pattern_count = (uint32_t)plan->pattern_count,
        .resolver_count = (uint32_t)plan->resolver_count,
    };
    const struct sealed_part parts[] = {
        {&head, sizeof(head)},
        {plan->whitelists, plan->whitelist_count * sizeof(*plan->whitelists)},
        {plan->patterns, plan->pattern_count * sizeof(*plan->patterns)},
        {plan->resolvers, plan->resolver_count * sizeof(*plan->resolvers)},
    };

    if (plan->whitelist_count > WHITELISTS_MAX || plan->pattern_count > REGISTRY_PATTERNS_MAX ||
        plan->resolver_count > REGISTRY_RESOLVERS_MAX)
        return -E2BIG;
    memcpy(head.magic, plan_magic, sizeof(plan_magic));
    return sealed_make("wildset-poll-plan", parts, sizeof(parts) / sizeof(parts[0]));
}

/* ---- opening ---- */

static bool registry_head_is_valid(const struct head *head)
{
    return memcmp(head->magic, plan_magic, sizeof(plan_magic)) == 0 &&
           head->whitelist_count <= WHITELISTS_MAX &&
           head->pattern_count <= REGISTRY_PATTERNS_MAX &&
           head->resolver_count <= REGISTRY_RESOLVERS_MAX && head->zero == 0;
}

static bool is_text(const char *text, size_t room)
{
    return memchr(text, '\0', room) != NULL;
}

static bool whitelist_is_valid(const struct registry_whitelist *whitelist)
{
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

static bool registry_pattern_is_valid(const struct registry_plan *plan,
                                      const struct whitelist_pattern *pattern)
{
    return pattern->whitelist < plan->whitelist_count && pattern->pattern.kind <= PATTERN_ANY &&
           pattern->pattern.name.length > 0 && dname_is_canonical(&pattern->pattern.name);
}

static bool registry_arrays_are_valid(const struct registry_plan *plan)
{
    for (size_t i = 0; i < plan->whitelist_count; i++)
        if (!whitelist_is_valid(&plan->whitelists[i]))
            return false;
    for (size_t i = 0; i < plan->pattern_count; i++)
        if (!registry_pattern_is_valid(plan, &plan->patterns[i]))
            return false;
    for (size_t i = 0; i < plan->resolver_count; i++)
        if (!address_is_canonical(&plan->resolvers[i]) || address_size(&plan->resolvers[i]) == 0)
            return false;
    return true;
}

static size_t registry_size_by_head(const struct head *head)
{
    return sizeof(*head) + head->whitelist_count * sizeof(struct registry_whitelist) +
           head->pattern_count * sizeof(struct whitelist_pattern) +
           head->resolver_count * sizeof(struct address);
}

bool registry_plan_read(const void *bytes, size_t size, struct registry_plan *out)
{
    const struct head *head = bytes;
    const uint8_t *behind = (const uint8_t *)bytes + sizeof(*head);
    struct registry_plan plan;

    if (size < sizeof(*head) || !registry_head_is_valid(head) ||
        size != registry_size_by_head(head))
        return false;
    plan = (struct registry_plan){
        .whitelist_count = head->whitelist_count,
        .pattern_count = head->pattern_count,
        .resolver_count = head->resolver_count,
    };
    plan.whitelists = (const void *)behind;
    behind += plan.whitelist_count * sizeof(*plan.whitelists);
    plan.patterns = (const void *)behind;
    behind += plan.pattern_count * sizeof(*plan.patterns);
    plan.resolvers = (const void *)behind;
    if (!registry_arrays_are_valid(&plan))
        return false;
    *out = plan;
    return true;
}

int registry_plan_open(int fd, struct registry_plan *out)
{
    const void *bytes;
    size_t size;
    int result = sealed_map(fd, &bytes, &size);

    if (result < 0)
        return result;
    if (registry_plan_read(bytes, size, out))
        return 0;
    sealed_unmap(bytes, size);
    return -EBADMSG;
}
