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

static bool is_here(const struct plan_resolver *resolver, const char *interface)
{
    return resolver->interface[0] == '\0' || interface[0] == '\0' ||
           strncmp(resolver->interface, interface, IFNAMSIZ) == 0;
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
        trust = is_here(&plan->resolvers[i], name) ? TRUST_HERE : TRUST_ELSEWHERE;
    }
    return trust;
}
