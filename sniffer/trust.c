/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom the plan believes.  Asked only about messages whose name matches, so a list will do.
 */
#include "sniffer/trust.h"

#include <string.h>

const char *plan_interface_name(const struct plan *plan, uint16_t interface)
{
    return interface < plan->interface_count ? plan->interfaces[interface].name : "";
}

static bool is_here(const struct plan_resolver *resolver, const char *interface)
{
    return resolver->interface[0] == '\0' || interface[0] == '\0' ||
           strncmp(resolver->interface, interface, IFNAMSIZ) == 0;
}

enum trust trust_resolver(const struct plan *plan, const struct address *resolver,
                          uint16_t interface)
{
    const char *name = plan_interface_name(plan, interface);
    enum trust trust = TRUST_NONE;

    for (size_t i = 0; i < plan->resolver_count && trust != TRUST_HERE; i++) {
        if (!prefix_contains(&plan->resolvers[i].prefix, resolver))
            continue;
        trust = is_here(&plan->resolvers[i], name) ? TRUST_HERE : TRUST_ELSEWHERE;
    }
    return trust;
}
