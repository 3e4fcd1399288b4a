/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom the plan trusts.  Asked only about messages whose name matches, so a list will do.
 */
#include "sniffer/pipeline/trust.h"

#include <string.h>

const char *trust_interface(const struct plan *plan, const struct segment *segment)
{
    const struct plan_link *link = plan_link(plan, segment->link);

    if (link)
        return link->name;
    return segment->interface < plan->interface_count ? plan->interfaces[segment->interface].name
                                                      : "";
}

bool trust_somewhere(const struct plan *plan, const struct address *resolver)
{
    for (size_t i = 0; i < plan->resolver_count; i++) {
        if (prefix_contains(&plan->resolvers[i].prefix, resolver))
            return true;
    }
    return false;
}

enum trust trust_resolver(const struct plan *plan, const struct address *resolver, uint16_t port,
                          const struct segment *segment)
{
    const char *name = trust_interface(plan, segment);
    enum trust trust = TRUST_NONE;

    for (size_t i = 0; i < plan->resolver_count && trust != TRUST_HERE; i++) {
        if (plan_resolver_port(&plan->resolvers[i]) != port ||
            !prefix_contains(&plan->resolvers[i].prefix, resolver))
            continue;
        const char *bound = plan->resolvers[i].interface;
        bool here = bound[0] == '\0' || name[0] == '\0' || strncmp(bound, name, IFNAMSIZ) == 0;
        trust = here ? TRUST_HERE : TRUST_ELSEWHERE;
    }
    return trust;
}
