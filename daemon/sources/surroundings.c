/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan's part is made anew from what the kernel says, and compared as bytes.
 */
#include "daemon/sources/surroundings.h"

#include "base/log.h"

#include <string.h>

void surroundings_close(struct surroundings *surroundings)
{
    topology_part_free(&surroundings->part);
}

static size_t at_most(size_t count, size_t most)
{
    return count < most ? count : most;
}

static void keep_basis(struct surroundings *surroundings, const struct plan *plan,
                       const struct mirror_choice *choice)
{
    size_t named = at_most(choice->count, PLAN_INTERFACES_MAX);

    surroundings->interface_count = at_most(plan->interface_count, PLAN_INTERFACES_MAX);
    surroundings->resolver_count = at_most(plan->resolver_count, PLAN_RESOLVERS_MAX);
    if (plan->interface_count > 0)
        memcpy(surroundings->interfaces, plan->interfaces,
               surroundings->interface_count * sizeof(*plan->interfaces));
    if (plan->resolver_count > 0)
        memcpy(surroundings->resolvers, plan->resolvers,
               surroundings->resolver_count * sizeof(*plan->resolvers));
    if (named > 0)
        memcpy(surroundings->named, choice->named, named * sizeof(*choice->named));
    surroundings->choice = (struct mirror_choice){surroundings->named, named, choice->detect};
}

/* ---- telling ---- */

static void say(const struct mirror_port *port)
{
    switch ((enum mirror_verdict)port->verdict) {
    case MIRROR_NAMED:
        log_notice("capture: %s is a mirror port, as `mirror` says", port->name);
        return;
    case MIRROR_EVIDENT:
        log_notice("capture: %s has no addresses and does not forward: it is treated as a mirror "
                   "port, where questions and answers may both come in; if it is none, say so: "
                   "mirror = { }",
                   port->name);
        return;
    case MIRROR_FORWARDS:
        log_warning("capture: %s has no addresses, but forwards what comes in: it is not taken for "
                    "a mirror port; if a switch copies packets to it, add mirror = { \"%s\" }",
                    port->name, port->name);
        return;
    case MIRROR_PART:
        log_notice("capture: %s has no addresses, but is part of another interface or carries one: "
                   "it is not treated as a mirror port; if a switch copies packets to it, add "
                   "mirror = { \"%s\" }",
                   port->name, port->name);
        return;
    case MIRROR_ADDRESSED:
        log_warning("capture: %s has lost its addresses: it is not treated as a mirror port; if it "
                    "has become one, restart wildset or add mirror = { \"%s\" }",
                    port->name, port->name);
        return;
    case MIRROR_ORDINARY:
    case MIRROR_VERDICTS:
        return;
    }
}

static bool was_said(const struct mirror_port *said, size_t count, const struct mirror_port *port)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&said[i], port, sizeof(*port)) == 0)
            return true;
    }
    return false;
}

static void surroundings_take_ports(struct surroundings *surroundings,
                                    const struct topology *topology, const struct plan *plan)
{
    struct mirror_port ports[PLAN_INTERFACES_MAX];
    size_t count =
        topology_ports(topology, &surroundings->past, &surroundings->choice, plan, ports);

    for (size_t i = 0; i < count; i++) {
        if (!was_said(surroundings->ports, surroundings->port_count, &ports[i]))
            say(&ports[i]);
    }
    memcpy(surroundings->ports, ports, count * sizeof(ports[0]));
    surroundings->port_count = count;
}

/* ---- making ---- */

/* On failure nothing is known, and so less is trusted. */
static struct topology_part read_part(struct surroundings *surroundings, const struct plan *plan,
                                      bool take)
{
    struct topology_part part = {.link_count = 0};
    struct topology topology;
    int result = topology_read(&topology);

    if (result == 0) {
        topology_remember(&surroundings->past, &topology);
        result = topology_plan(&topology, &surroundings->past, &surroundings->choice, plan, &part);
        if (take)
            surroundings_take_ports(surroundings, &topology, plan);
        topology_free(&topology);
    }
    if (result < 0)
        log_error("cannot query the kernel for interfaces and addresses: %s; answers on mirror "
                  "ports and loopback are not trusted until that works",
                  strerror(-result));
    return part;
}

static bool is_mirror(const struct topology_part *part, const char *name)
{
    for (size_t i = 0; i < part->link_count; i++) {
        if (strncmp(part->links[i].name, name, IFNAMSIZ) == 0)
            return part->links[i].mirror;
    }
    return false;
}

struct plan surroundings_complete(struct surroundings *surroundings, const struct plan *plan,
                                  const struct mirror_choice *choice)
{
    struct plan completed = *plan;

    keep_basis(surroundings, plan, choice);
    topology_part_free(&surroundings->part);
    surroundings->part = read_part(surroundings, plan, true);
    for (size_t i = 0; i < surroundings->interface_count; i++)
        surroundings->interfaces[i].mirror =
            is_mirror(&surroundings->part, surroundings->interfaces[i].name);
    completed.interfaces = surroundings->interfaces;
    completed.interface_count = surroundings->interface_count;
    completed.links = surroundings->part.links;
    completed.link_count = surroundings->part.link_count;
    completed.origins = surroundings->part.origins;
    completed.origin_count = surroundings->part.origin_count;
    return completed;
}

static bool parts_are_equal(const struct topology_part *a, const struct topology_part *b)
{
    return a->link_count == b->link_count && a->origin_count == b->origin_count &&
           (a->link_count == 0 ||
            memcmp(a->links, b->links, a->link_count * sizeof(*a->links)) == 0) &&
           (a->origin_count == 0 ||
            memcmp(a->origins, b->origins, a->origin_count * sizeof(*a->origins)) == 0);
}

bool surroundings_have_changed(struct surroundings *surroundings)
{
    const struct plan basis = {
        .interfaces = surroundings->interfaces,
        .interface_count = surroundings->interface_count,
        .resolvers = surroundings->resolvers,
        .resolver_count = surroundings->resolver_count,
    };
    struct topology_part part = read_part(surroundings, &basis, false);
    bool equal = parts_are_equal(&surroundings->part, &part);

    topology_part_free(&part);
    return !equal;
}
