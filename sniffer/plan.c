/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sniffer's plan may hold, array by array.
 */
#include "sniffer/plan.h"

#include "base/sealed.h"
#include "source/message.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    VLAN_MAX = 4094,
    VALUES_AT = offsetof(struct plan, chain_whitelists),
    VALUES_SIZE = sizeof(struct plan) - VALUES_AT,
};

/* The widest arrays come first, so that each is aligned where the one before it ends. */
static_assert(VALUES_SIZE == 4 * sizeof(uint64_t) + 2 * WHITELISTS_MAX * sizeof(uint32_t),
              "no padding in the values");
static_assert(VALUES_SIZE % _Alignof(struct derived_name) == 0, "derived names are aligned");
static_assert(sizeof(struct derived_name) % _Alignof(struct plan_tunnel) == 0,
              "tunnels are aligned");
static_assert(sizeof(struct plan_tunnel) % _Alignof(struct plan_link) == 0, "links are aligned");
static_assert(sizeof(struct plan_link) == 24 && sizeof(struct plan_origin) == 24,
              "neither has padding, and what follows them is aligned");
static_assert(sizeof(struct plan_resolver) == 36, "no padding, so that two can be compared");
static_assert(_Alignof(struct plan_resolver) == _Alignof(uint16_t), "aligned behind the tags");
static_assert(_Alignof(struct plan_interface) == 1 && _Alignof(struct whitelist_pattern) == 1,
              "the other arrays need no alignment");

/* ---- what is valid ---- */

static bool plan_interface_is_valid(const char name[static IFNAMSIZ])
{
    return memchr(name, '\0', IFNAMSIZ) && !strchr(name, '/');
}

/* A byte, until it is known to be a bool. */
static bool flag_is_valid(const bool *flag)
{
    uint8_t byte;

    memcpy(&byte, flag, sizeof(byte));
    return byte <= 1;
}

static bool name_is_valid(const struct dname *name)
{
    return name->length > 0 && dname_is_canonical(name);
}

static bool pattern_is_valid(const void *plan, const void *element)
{
    const struct whitelist_pattern *pattern = element;

    (void)plan;
    return pattern->whitelist < WHITELISTS_MAX && pattern->pattern.kind <= PATTERN_ANY &&
           name_is_valid(&pattern->pattern.name);
}

static bool derived_is_valid(const void *plan, const void *element)
{
    const struct derived_name *derived = element;

    (void)plan;
    return name_is_valid(&derived->name) && name_is_valid(&derived->root) &&
           derived->whitelist < WHITELISTS_MAX && derived->steps > 0 &&
           derived->steps <= DERIVED_STEPS_MAX;
}

static bool tunnel_is_valid(const void *plan, const void *element)
{
    static const struct prefix anybody;
    const struct plan_tunnel *tunnel = element;

    (void)plan;
    return tunnel->encapsulation > ENCAPSULATION_NONE &&
           tunnel->encapsulation < ENCAPSULATION_COUNT && flag_is_valid(&tunnel->has_number) &&
           (memcmp(&tunnel->from, &anybody, sizeof(anybody)) == 0 ||
            prefix_is_canonical(&tunnel->from));
}

/* They are looked up by index: each one's is above the one before. */
static bool link_is_valid(const void *plan, const void *element)
{
    const struct plan_link *link = element, *first = ((const struct plan *)plan)->links;
    uint32_t below = link > first ? link[-1].index : 0;

    return link->index > below && link->name[0] && plan_interface_is_valid(link->name) &&
           flag_is_valid(&link->mirror) && flag_is_valid(&link->loopback) &&
           flag_is_valid(&link->any_source) && link->zero == 0;
}

static bool origin_is_valid(const void *plan, const void *element)
{
    const struct plan_origin *origin = element;

    (void)plan;
    return prefix_is_canonical(&origin->prefix) && origin->zero[0] == 0 && origin->zero[1] == 0;
}

static bool vlan_is_valid(const void *plan, const void *element)
{
    (void)plan;
    return *(const uint16_t *)element <= VLAN_MAX;
}

static bool interface_is_valid(const void *plan, const void *element)
{
    const struct plan_interface *interface = element;

    (void)plan;
    return interface->name[0] && plan_interface_is_valid(interface->name) &&
           flag_is_valid(&interface->mirror);
}

static bool resolver_is_valid(const void *plan, const void *element)
{
    const struct plan_resolver *resolver = element;

    (void)plan;
    return prefix_is_canonical(&resolver->prefix) && plan_interface_is_valid(resolver->interface);
}

static bool values_are_valid(const void *sealed)
{
    const struct plan *plan = sealed;
    static const uint8_t zero[sizeof(plan->zero)];

    return flag_is_valid(&plan->require_query) && plan->checksums <= CHECKSUMS_IGNORE &&
           plan->latency <= LATENCY_HELD && memcmp(plan->zero, zero, sizeof(zero)) == 0;
}

/* ---- as bytes ---- */

#define ARRAY(member, count, most, is_valid)                                                       \
    SEALED_ARRAY(struct plan, member, count, most, is_valid)

static const struct sealed_layout plan_layout = {
    .name = "wildset-plan",
    .magic = "wsplan4",
    .values = VALUES_AT,
    .values_size = VALUES_SIZE,
    .values_are_valid = values_are_valid,
    .array_count = 8,
    .arrays =
        {
            ARRAY(derived, derived_count, PLAN_DERIVED_MAX, derived_is_valid),
            ARRAY(tunnels, tunnel_count, PLAN_TUNNELS_MAX, tunnel_is_valid),
            ARRAY(links, link_count, PLAN_LINKS_MAX, link_is_valid),
            ARRAY(origins, origin_count, PLAN_ORIGINS_MAX, origin_is_valid),
            ARRAY(vlans, vlan_count, PLAN_VLANS_MAX, vlan_is_valid),
            ARRAY(resolvers, resolver_count, PLAN_RESOLVERS_MAX, resolver_is_valid),
            ARRAY(interfaces, interface_count, PLAN_INTERFACES_MAX, interface_is_valid),
            ARRAY(patterns, pattern_count, PLAN_PATTERNS_MAX, pattern_is_valid),
        },
};

int plan_seal(const struct plan *plan)
{
    return sealed_make(&plan_layout, plan);
}

bool plan_read(const void *bytes, size_t size, struct plan *out)
{
    struct plan plan;

    if (!sealed_read(&plan_layout, bytes, size, &plan))
        return false;
    *out = plan;
    return true;
}

int plan_open(int fd, struct plan *out)
{
    struct plan plan;
    int result = sealed_open(&plan_layout, fd, &plan);

    if (result == 0)
        *out = plan;
    return result;
}

/* ---- looking up ---- */

static int compare_link(const void *index, const void *link)
{
    uint32_t a = *(const uint32_t *)index, b = ((const struct plan_link *)link)->index;

    return (a > b) - (a < b);
}

const struct plan_link *plan_link(const struct plan *plan, uint32_t index)
{
    if (plan->link_count == 0)
        return NULL;
    return bsearch(&index, plan->links, plan->link_count, sizeof(*plan->links), compare_link);
}
