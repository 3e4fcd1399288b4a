/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan as bytes: a head with the counts, then the arrays one behind the other.  Writer and reader
 * are of one build on one machine, so values lie there as they are; they are checked all the same,
 * since a sniffer must not be what a stray descriptor makes of it.
 */
#include "sniffer/plan.h"

#include "base/sealed.h"
#include "source/message.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char plan_magic[8] = "wsplan3";

enum {
    VLAN_MAX = 4094,
};

struct plan_head {
    char magic[8];
    whitelist_mask chain_whitelists;
    whitelist_mask follow_whitelists;
    uint32_t interface_count, resolver_count, pattern_count, vlan_count, derived_count,
        tunnel_count;
    uint32_t link_count, origin_count;
    uint32_t ttl_min[WHITELISTS_MAX];
    uint32_t ttl_max[WHITELISTS_MAX];
    uint8_t require_query;
    uint8_t checksums;
    uint8_t latency;
    uint8_t zero[5];
};

/* Arrays of bytes may lie anywhere; the others come first, the widest right behind the head. */
static_assert(sizeof(struct plan_head) % _Alignof(struct derived_name) == 0,
              "derived names are aligned");
static_assert(sizeof(struct derived_name) % _Alignof(struct plan_tunnel) == 0,
              "tunnels are aligned");
static_assert(sizeof(struct plan_tunnel) % _Alignof(struct plan_link) == 0, "links are aligned");
static_assert(sizeof(struct plan_link) == 24 && sizeof(struct plan_origin) == 24,
              "neither has padding, and what follows them is aligned");
static_assert(sizeof(struct plan_resolver) == 36, "no padding, so that two can be compared");
static_assert(_Alignof(struct plan_resolver) == _Alignof(uint16_t), "aligned behind the tags");
static_assert(_Alignof(struct plan_interface) == 1 && _Alignof(struct whitelist_pattern) == 1,
              "the other arrays need no alignment");

/* ---- sealing ---- */

static struct plan_head head_of(const struct plan *plan)
{
    struct plan_head head = {
        .chain_whitelists = plan->chain_whitelists,
        .follow_whitelists = plan->follow_whitelists,
        .interface_count = (uint32_t)plan->interface_count,
        .resolver_count = (uint32_t)plan->resolver_count,
        .pattern_count = (uint32_t)plan->pattern_count,
        .vlan_count = (uint32_t)plan->vlan_count,
        .derived_count = (uint32_t)plan->derived_count,
        .tunnel_count = (uint32_t)plan->tunnel_count,
        .link_count = (uint32_t)plan->link_count,
        .origin_count = (uint32_t)plan->origin_count,
        .require_query = plan->require_query,
        .checksums = (uint8_t)plan->checksums,
        .latency = (uint8_t)plan->latency,
    };

    memcpy(head.magic, plan_magic, sizeof(plan_magic));
    memcpy(head.ttl_min, plan->ttl_min, sizeof(head.ttl_min));
    memcpy(head.ttl_max, plan->ttl_max, sizeof(head.ttl_max));
    return head;
}

int plan_seal(const struct plan *plan)
{
    const struct plan_head head = head_of(plan);
    const struct sealed_part parts[] = {
        {&head, sizeof(head)},
        {plan->derived, plan->derived_count * sizeof(*plan->derived)},
        {plan->tunnels, plan->tunnel_count * sizeof(*plan->tunnels)},
        {plan->links, plan->link_count * sizeof(*plan->links)},
        {plan->origins, plan->origin_count * sizeof(*plan->origins)},
        {plan->vlans, plan->vlan_count * sizeof(*plan->vlans)},
        {plan->resolvers, plan->resolver_count * sizeof(*plan->resolvers)},
        {plan->interfaces, plan->interface_count * sizeof(*plan->interfaces)},
        {plan->patterns, plan->pattern_count * sizeof(*plan->patterns)},
    };

    if (plan->interface_count > PLAN_INTERFACES_MAX || plan->resolver_count > PLAN_RESOLVERS_MAX ||
        plan->pattern_count > PLAN_PATTERNS_MAX || plan->vlan_count > PLAN_VLANS_MAX ||
        plan->derived_count > PLAN_DERIVED_MAX || plan->tunnel_count > PLAN_TUNNELS_MAX ||
        plan->link_count > PLAN_LINKS_MAX || plan->origin_count > PLAN_ORIGINS_MAX)
        return -E2BIG;
    return sealed_make("wildset-plan", parts, sizeof(parts) / sizeof(parts[0]));
}

/* ---- opening ---- */

static bool head_is_valid(const struct plan_head *head)
{
    return memcmp(head->magic, plan_magic, sizeof(plan_magic)) == 0 &&
           head->interface_count <= PLAN_INTERFACES_MAX &&
           head->resolver_count <= PLAN_RESOLVERS_MAX && head->pattern_count <= PLAN_PATTERNS_MAX &&
           head->vlan_count <= PLAN_VLANS_MAX && head->derived_count <= PLAN_DERIVED_MAX &&
           head->tunnel_count <= PLAN_TUNNELS_MAX && head->link_count <= PLAN_LINKS_MAX &&
           head->origin_count <= PLAN_ORIGINS_MAX && head->require_query <= 1 &&
           head->checksums <= CHECKSUMS_IGNORE && head->latency <= LATENCY_NORMAL &&
           memcmp(head->zero, (const uint8_t[sizeof(head->zero)]){0}, sizeof(head->zero)) == 0;
}

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

static bool prefix_is_valid(const struct prefix *prefix)
{
    unsigned bits = 8 * address_size(&prefix->address);

    if (!address_is_canonical(&prefix->address) || bits == 0 || prefix->length > bits)
        return false;
    for (unsigned bit = prefix->length; bit < bits; bit++) {
        if (prefix->address.bytes[bit / 8] & 0x80 >> bit % 8)
            return false;
    }
    return true;
}

static bool name_is_valid(const struct dname *name)
{
    return name->length > 0 && dname_is_canonical(name);
}

static bool pattern_is_valid(const struct whitelist_pattern *pattern)
{
    return pattern->whitelist < WHITELISTS_MAX && pattern->pattern.kind <= PATTERN_ANY &&
           name_is_valid(&pattern->pattern.name);
}

static bool derived_is_valid(const struct derived_name *derived)
{
    return name_is_valid(&derived->name) && name_is_valid(&derived->root) &&
           derived->whitelist < WHITELISTS_MAX && derived->steps > 0 &&
           derived->steps <= DERIVED_STEPS_MAX;
}

static bool tunnel_is_valid(const struct plan_tunnel *tunnel)
{
    static const struct prefix anybody;

    return tunnel->encapsulation > ENCAPSULATION_NONE &&
           tunnel->encapsulation < ENCAPSULATION_COUNT && flag_is_valid(&tunnel->has_number) &&
           (memcmp(&tunnel->from, &anybody, sizeof(anybody)) == 0 ||
            prefix_is_valid(&tunnel->from));
}

static bool link_is_valid(const struct plan_link *link)
{
    return link->index > 0 && link->name[0] && plan_interface_is_valid(link->name) &&
           flag_is_valid(&link->mirror) && flag_is_valid(&link->loopback) &&
           flag_is_valid(&link->any_source) && link->zero == 0;
}

static bool links_are_valid(const struct plan *plan)
{
    for (size_t i = 0; i < plan->link_count; i++) {
        if (!link_is_valid(&plan->links[i]) ||
            (i > 0 && plan->links[i - 1].index >= plan->links[i].index))
            return false;
    }
    for (size_t i = 0; i < plan->origin_count; i++) {
        if (!prefix_is_valid(&plan->origins[i].prefix) || plan->origins[i].zero[0] ||
            plan->origins[i].zero[1])
            return false;
    }
    return true;
}

static bool arrays_are_valid(const struct plan *plan)
{
    for (size_t i = 0; i < plan->derived_count; i++) {
        if (!derived_is_valid(&plan->derived[i]))
            return false;
    }
    for (size_t i = 0; i < plan->tunnel_count; i++) {
        if (!tunnel_is_valid(&plan->tunnels[i]))
            return false;
    }
    if (!links_are_valid(plan))
        return false;
    for (size_t i = 0; i < plan->vlan_count; i++) {
        if (plan->vlans[i] > VLAN_MAX)
            return false;
    }
    for (size_t i = 0; i < plan->interface_count; i++) {
        const char *name = plan->interfaces[i].name;

        if (!name[0] || !plan_interface_is_valid(name) ||
            !flag_is_valid(&plan->interfaces[i].mirror))
            return false;
    }
    for (size_t i = 0; i < plan->resolver_count; i++) {
        if (!prefix_is_valid(&plan->resolvers[i].prefix) ||
            !plan_interface_is_valid(plan->resolvers[i].interface))
            return false;
    }
    for (size_t i = 0; i < plan->pattern_count; i++) {
        if (!pattern_is_valid(&plan->patterns[i]))
            return false;
    }
    return true;
}

static size_t size_by_head(const struct plan_head *head)
{
    return sizeof(*head) + head->derived_count * sizeof(struct derived_name) +
           head->tunnel_count * sizeof(struct plan_tunnel) +
           head->link_count * sizeof(struct plan_link) +
           head->origin_count * sizeof(struct plan_origin) + head->vlan_count * sizeof(uint16_t) +
           head->interface_count * sizeof(struct plan_interface) +
           head->resolver_count * sizeof(struct plan_resolver) +
           head->pattern_count * sizeof(struct whitelist_pattern);
}

/* The head has been checked, and the sizes agree. */
static struct plan plan_of(const struct plan_head *head, const uint8_t *behind)
{
    struct plan plan = {
        .interface_count = head->interface_count,
        .resolver_count = head->resolver_count,
        .pattern_count = head->pattern_count,
        .vlan_count = head->vlan_count,
        .derived_count = head->derived_count,
        .link_count = head->link_count,
        .origin_count = head->origin_count,
        .chain_whitelists = head->chain_whitelists,
        .follow_whitelists = head->follow_whitelists,
        .tunnel_count = head->tunnel_count,
        .require_query = head->require_query,
        .checksums = (enum plan_checksums)head->checksums,
        .latency = (enum plan_latency)head->latency,
    };

    memcpy(plan.ttl_min, head->ttl_min, sizeof(plan.ttl_min));
    memcpy(plan.ttl_max, head->ttl_max, sizeof(plan.ttl_max));
    plan.derived = (const void *)behind;
    behind += plan.derived_count * sizeof(*plan.derived);
    plan.tunnels = (const void *)behind;
    behind += plan.tunnel_count * sizeof(*plan.tunnels);
    plan.links = (const void *)behind;
    behind += plan.link_count * sizeof(*plan.links);
    plan.origins = (const void *)behind;
    behind += plan.origin_count * sizeof(*plan.origins);
    plan.vlans = (const void *)behind;
    behind += plan.vlan_count * sizeof(*plan.vlans);
    plan.resolvers = (const void *)behind;
    behind += plan.resolver_count * sizeof(*plan.resolvers);
    plan.interfaces = (const void *)behind;
    behind += plan.interface_count * sizeof(*plan.interfaces);
    plan.patterns = (const void *)behind;
    return plan;
}

bool plan_read(const void *bytes, size_t size, struct plan *out)
{
    const struct plan_head *head = bytes;
    struct plan plan;

    if (size < sizeof(*head) || !head_is_valid(head) || size != size_by_head(head))
        return false;
    plan = plan_of(head, (const uint8_t *)bytes + sizeof(*head));
    if (!arrays_are_valid(&plan))
        return false;
    *out = plan;
    return true;
}

int plan_open(int fd, struct plan *out)
{
    const void *bytes;
    size_t size;
    int result = sealed_map(fd, &bytes, &size);

    if (result < 0)
        return result;
    if (plan_read(bytes, size, out))
        return 0;
    sealed_unmap(bytes, size);
    return -EBADMSG;
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
