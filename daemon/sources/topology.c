/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what the kernel has to rows of a plan.  Pure; topology_read.c asks the kernel.
 */
#include "daemon/sources/topology.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void topology_free(struct topology *topology)
{
    free(topology->links);
    free(topology->addresses);
    *topology = (struct topology){0};
}

void topology_part_free(struct topology_part *part)
{
    free(part->links);
    free(part->origins);
    *part = (struct topology_part){0};
}

const char *mirror_verdict_name(enum mirror_verdict verdict)
{
    static const char *const names[MIRROR_VERDICTS] = {
        [MIRROR_ORDINARY] = "",
        [MIRROR_NAMED] = "named",
        [MIRROR_EVIDENT] = "no-addresses",
        [MIRROR_FORWARDS] = "forwards",
        [MIRROR_PART] = "part",
        [MIRROR_ADDRESSED] = "had-addresses",
    };

    return (unsigned)verdict < MIRROR_VERDICTS ? names[verdict] : "";
}

/* ---- mirror ports ---- */

static bool has_addresses(const struct topology *topology, uint32_t link)
{
    for (size_t i = 0; i < topology->address_count; i++) {
        if (topology->addresses[i].link == link)
            return true;
    }
    return false;
}

static bool had_addresses(const struct topology_past *past, uint32_t link)
{
    for (size_t i = 0; i < past->count; i++) {
        if (past->addressed[i] == link)
            return true;
    }
    return false;
}

void topology_remember(struct topology_past *past, const struct topology *topology)
{
    for (size_t i = 0; i < topology->address_count; i++) {
        uint32_t link = topology->addresses[i].link;

        if (past->count < TOPOLOGY_LINKS_MAX && !had_addresses(past, link))
            past->addressed[past->count++] = link;
    }
}

static bool link_is_named(const struct mirror_choice *choice, const char *name)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (strncmp(choice->named[i].name, name, IFNAMSIZ) == 0)
            return true;
    }
    return false;
}

/* Whether one stands directly on the other, or is part of it. */
static bool is_above(const struct topology_link *above, const struct topology_link *below)
{
    return below->master == above->index || above->lower == below->index;
}

static bool is_part(const struct topology *topology, const struct topology_link *link)
{
    if (link->master || !link->plain)
        return true;
    for (size_t i = 0; i < topology->link_count; i++) {
        if (is_above(&topology->links[i], link))
            return true;
    }
    return false;
}

/* Full of those that had addresses, the memory holds for all: nothing is evident any more. */
enum mirror_verdict topology_judge(const struct topology *topology,
                                   const struct topology_past *past,
                                   const struct mirror_choice *choice,
                                   const struct topology_link *link)
{
    if (link_is_named(choice, link->name))
        return MIRROR_NAMED;
    if (!choice->detect || link->loopback || has_addresses(topology, link->index))
        return MIRROR_ORDINARY;
    if (is_part(topology, link))
        return MIRROR_PART;
    if (link->forwards)
        return MIRROR_FORWARDS;
    if (past->count == TOPOLOGY_LINKS_MAX || had_addresses(past, link->index))
        return MIRROR_ADDRESSED;
    return MIRROR_EVIDENT;
}

/* ---- kin ---- */

enum { KIN_UP = 1, KIN_DOWN = 2 };

/* Marks what stands on this one, what that stands on, and so on; up and down are never mixed. */
static void spread(const struct topology *topology, uint8_t *marks, uint8_t mark)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < topology->link_count; i++) {
            for (size_t j = 0; (marks[i] & mark) && j < topology->link_count; j++) {
                const struct topology_link *from = &topology->links[i], *to = &topology->links[j];

                if (marks[j] & mark || !(mark == KIN_UP ? is_above(to, from) : is_above(from, to)))
                    continue;
                marks[j] |= mark;
                changed = true;
            }
        }
    }
}

static void find_kin(const struct topology *topology, uint32_t link, uint8_t *marks)
{
    memset(marks, 0, topology->link_count);
    for (size_t i = 0; i < topology->link_count; i++) {
        if (topology->links[i].index == link)
            marks[i] = KIN_UP | KIN_DOWN;
    }
    spread(topology, marks, KIN_UP);
    spread(topology, marks, KIN_DOWN);
}

/* ---- rows ---- */

static bool is_watched(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->interface_count; i++) {
        if (strncmp(plan->interfaces[i].name, name, IFNAMSIZ) == 0 ||
            strcmp(plan->interfaces[i].name, "any") == 0)
            return true;
    }
    return false;
}

static bool is_of_interest(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->resolver_count; i++) {
        if (strncmp(plan->resolvers[i].interface, name, IFNAMSIZ) == 0)
            return true;
    }
    for (size_t i = 0; i < plan->interface_count; i++) {
        if (strncmp(plan->interfaces[i].name, name, IFNAMSIZ) == 0)
            return true;
    }
    return false;
}

static const struct topology_link *find_link(const struct topology *topology, uint32_t index)
{
    for (size_t i = 0; i < topology->link_count; i++) {
        if (topology->links[i].index == index)
            return &topology->links[i];
    }
    return NULL;
}

static bool is_in_vrf(const struct topology *topology, const struct topology_link *link)
{
    const struct topology_link *master =
        link && link->master ? find_link(topology, link->master) : NULL;

    return master && master->vrf;
}

/*
 * Containers and guests come and go by the dozen: where nothing is to be said of their interface it
 * is left out, so that no other sniffer has to be started for each.
 */
static bool link_is_listed(const struct topology *topology, const struct plan *plan,
                           const struct topology_link *link, enum mirror_verdict verdict)
{
    if (!is_watched(plan, link->name))
        return false;
    return !link->made || mirror_is_taken(verdict) || link->loopback ||
           is_of_interest(plan, link->name) ||
           (!link->master && has_addresses(topology, link->index));
}

static bool lists(const struct topology_part *part, uint32_t index)
{
    for (size_t i = 0; i < part->link_count; i++) {
        if (part->links[i].index == index)
            return true;
    }
    return false;
}

static void add_links(const struct topology *topology, const struct topology_past *past,
                      const struct mirror_choice *choice, const struct plan *plan,
                      struct topology_part *part)
{
    for (size_t i = 0; i < topology->link_count && part->link_count < PLAN_LINKS_MAX; i++) {
        const struct topology_link *link = &topology->links[i];
        enum mirror_verdict verdict = topology_judge(topology, past, choice, link);

        if (!link_is_listed(topology, plan, link, verdict))
            continue;
        struct plan_link *row = &part->links[part->link_count++];
        row->index = link->index;
        memcpy(row->name, link->name, IFNAMSIZ);
        row->mirror = mirror_is_taken(verdict);
        row->loopback = link->loopback;
        row->any_source = link->proxies || is_in_vrf(topology, link);
    }
}

static void part_add_origin(struct topology_part *part, uint32_t link, const struct prefix *prefix)
{
    if (part->origin_count == PLAN_ORIGINS_MAX)
        return;
    part->origins[part->origin_count++] = (struct plan_origin){.link = link, .prefix = *prefix};
}

/* Its own link, whether listed or not, so that it is known to be another's elsewhere. */
static void add_connected(const struct topology *topology, const struct topology_address *address,
                          uint8_t *marks, struct topology_part *part)
{
    find_kin(topology, address->link, marks);
    for (size_t i = 0; i < topology->link_count; i++) {
        uint32_t index = topology->links[i].index;

        if (marks[i] && (index == address->link || lists(part, index)))
            part_add_origin(part, index, &address->connected);
    }
}

static int compare_origins(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct plan_origin));
}

/* First what nobody else may have, should there be more than fit. */
static void add_origins(const struct topology *topology, uint8_t *marks, struct topology_part *part)
{
    for (size_t i = 0; i < topology->address_count; i++) {
        const struct address *own = &topology->addresses[i].own;

        part_add_origin(part, 0, &(struct prefix){*own, (uint8_t)(8 * address_size(own))});
    }
    for (size_t i = 0; i < topology->address_count; i++) {
        const struct topology_address *address = &topology->addresses[i];

        if (address->connected.length > 0 &&
            !is_in_vrf(topology, find_link(topology, address->link)))
            add_connected(topology, address, marks, part);
    }
    qsort(part->origins, part->origin_count, sizeof(*part->origins), compare_origins);
}

int topology_plan(const struct topology *topology, const struct topology_past *past,
                  const struct mirror_choice *choice, const struct plan *plan,
                  struct topology_part *out)
{
    struct topology_part part = {
        .links = calloc(PLAN_LINKS_MAX, sizeof(*part.links)),
        .origins = calloc(PLAN_ORIGINS_MAX, sizeof(*part.origins)),
    };
    uint8_t *marks = calloc(topology->link_count + 1, sizeof(*marks));

    if (!part.links || !part.origins || !marks) {
        topology_part_free(&part);
        free(marks);
        return -ENOMEM;
    }
    add_links(topology, past, choice, plan, &part);
    add_origins(topology, marks, &part);
    free(marks);
    *out = part;
    return 0;
}

/* ---- telling ---- */

/* With "any" the many that containers have are not worth a word. */
static bool is_worth_a_word(const struct plan *plan, const struct topology_link *link,
                            enum mirror_verdict verdict)
{
    if (verdict == MIRROR_ORDINARY || !is_watched(plan, link->name))
        return false;
    return is_of_interest(plan, link->name) || mirror_is_taken(verdict) ||
           (!link->made && verdict != MIRROR_PART);
}

size_t topology_ports(const struct topology *topology, const struct topology_past *past,
                      const struct mirror_choice *choice, const struct plan *plan,
                      struct mirror_port out[static PLAN_INTERFACES_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < topology->link_count && count < PLAN_INTERFACES_MAX; i++) {
        const struct topology_link *link = &topology->links[i];
        enum mirror_verdict verdict = topology_judge(topology, past, choice, link);

        if (!is_worth_a_word(plan, link, verdict))
            continue;
        out[count] = (struct mirror_port){.verdict = (uint8_t)verdict};
        memcpy(out[count++].name, link->name, IFNAMSIZ);
    }
    return count;
}
