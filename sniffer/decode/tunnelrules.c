/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list is enough: it is looked at for packets that may be tunnels, and nobody has many.
 */
#include "sniffer/decode/tunnelrules.h"

#include <string.h>

static bool names_sender(const struct plan_tunnel *tunnel)
{
    return tunnel->from.address.family != ADDRESS_NONE;
}

static bool counts(const struct tunnelrules *rules, const struct plan_tunnel *tunnel)
{
    return rules->mirror || names_sender(tunnel);
}

struct tunnelrules tunnelrules_of(const struct plan_tunnel *tunnels, size_t count, bool mirror)
{
    struct tunnelrules rules = {.tunnels = tunnels, .count = count, .mirror = mirror};

    for (size_t i = 0; i < count; i++) {
        if (!counts(&rules, &tunnels[i]))
            continue;
        rules.encapsulations |= UINT32_C(1) << tunnels[i].encapsulation;
        rules.own_ports |= tunnels[i].port != 0;
    }
    return rules;
}

bool plan_may_mirror(const struct plan *plan, uint16_t interface)
{
    if (interface >= plan->interface_count)
        return false;
    if (strcmp(plan->interfaces[interface].name, "any") != 0)
        return plan->interfaces[interface].mirror;
    for (size_t i = 0; i < plan->link_count; i++) {
        if (plan->links[i].mirror)
            return true;
    }
    return false;
}

bool plan_mirrors(const struct plan *plan, uint16_t interface, uint32_t link)
{
    if (interface < plan->interface_count && plan->interfaces[interface].mirror)
        return true;
    const struct plan_link *known = plan_link(plan, link);

    return known && known->mirror;
}

enum encapsulation tunnelrules_at_port(const struct tunnelrules *rules, uint16_t port)
{
    if (!rules)
        return ENCAPSULATION_NONE;
    for (size_t i = 0; rules->own_ports && i < rules->count; i++) {
        if (rules->tunnels[i].port == port && counts(rules, &rules->tunnels[i]))
            return (enum encapsulation)rules->tunnels[i].encapsulation;
    }
    return tunnel_usual_at_port(port, rules->encapsulations);
}

static bool may_send(const struct tunnelrules *rules, const struct plan_tunnel *tunnel,
                     const struct address *sender)
{
    return names_sender(tunnel) ? prefix_contains(&tunnel->from, sender) : rules->mirror;
}

bool tunnelrules_know(const struct tunnelrules *rules, const struct address *sender)
{
    for (size_t i = 0; rules && i < rules->count; i++) {
        if (may_send(rules, &rules->tunnels[i], sender))
            return true;
    }
    return false;
}

static bool has_port(const struct plan_tunnel *tunnel, uint16_t port)
{
    if (tunnel->port || port == 0)
        return tunnel->port == port;
    return tunnel_usual_at_port(port, UINT32_C(1) << tunnel->encapsulation) != ENCAPSULATION_NONE;
}

bool tunnelrules_allow(const struct tunnelrules *rules, const struct address *sender, uint16_t port,
                       const struct tunnel_inner *tunnel)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct plan_tunnel *rule = &rules->tunnels[i];

        if (rule->encapsulation == tunnel->encapsulation && has_port(rule, port) &&
            (!rule->has_number || (tunnel->has_number && tunnel->number == rule->number)) &&
            may_send(rules, rule, sender))
            return true;
    }
    return false;
}
