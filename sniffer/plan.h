/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sniffer is told to do: the part of the configuration that it needs, as plain values.  The
 * daemon seals it into a memfd and passes that at exec; replay builds the same in memory.
 */
#ifndef WILDSET_SNIFFER_PLAN_H
#define WILDSET_SNIFFER_PLAN_H

#include "dnsparse/names/address.h"
#include "dnsparse/names/derived.h"
#include "dnsparse/names/dns.h"
#include "dnsparse/names/matcher.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plan_checksums {
    CHECKSUMS_AUTO, /* a bare pseudo-header sum is accepted where the interface shows it to be usual
                     */
    CHECKSUMS_VERIFY,
    CHECKSUMS_IGNORE,
};

enum plan_latency {
    LATENCY_LOW, /* in real time, and anticipate */
    LATENCY_NORMAL,
    LATENCY_HELD, /* in real time: a packet that comes too early waits, and nothing is anticipated
                   */
};

enum {
    PLAN_INTERFACES_MAX = 64,
    PLAN_RESOLVERS_MAX = 2048,
    PLAN_PATTERNS_MAX = 65536,
    PLAN_VLANS_MAX = 4095,
    PLAN_DERIVED_MAX = DERIVED_MAX,
    PLAN_TUNNELS_MAX = 64,
    PLAN_LINKS_MAX = 4096,
    PLAN_ORIGINS_MAX = 4096,
    PLAN_PORTS_MAX = 8, /* of resolvers, beside 53: each makes the kernel's filter longer */
};

/* Whom to trust: answers from these addresses, first seen on this interface (empty: on any). */
struct plan_resolver {
    struct prefix prefix;
    char interface[IFNAMSIZ];
    uint16_t port; /* where it answers; 0: at 53 */
};

static inline uint16_t plan_resolver_port(const struct plan_resolver *resolver)
{
    return resolver->port ? resolver->port : DNS_PORT;
}

struct plan_interface {
    char name[IFNAMSIZ];
    bool mirror; /* a mirror port: what passes there was seen elsewhere, by somebody else */
};

/* A tunnel to look into. */
struct plan_tunnel {
    struct prefix from; /* who sends its packets; ADDRESS_NONE: anybody, on a mirror port alone */
    uint8_t encapsulation; /* enum encapsulation */
    bool has_number;
    uint16_t port;   /* UDP's, where it is sent to; 0: the usual ones */
    uint32_t number; /* VXLAN's and Geneve's VNI, GRE's key, ERSPAN's session, GTP's TEID */
};

/* What the kernel says of an interface that frames may come from, by its index there. */
struct plan_link {
    uint32_t index;
    char name[IFNAMSIZ];
    bool mirror; /* as above; only there question and answer may both come in */
    bool loopback;
    bool any_source; /* nobody can say who is behind it: plan_origin does not hold there */
    uint8_t zero;
};

/*
 * Who has an address of the longest prefix that holds it comes in over one of its links; link 0:
 * nobody comes in with it, it is this machine's own.
 */
struct plan_origin {
    uint32_t link;
    struct prefix prefix;
    uint8_t zero[2];
};

/* All arrays are borrowed; an empty one may be NULL. */
struct plan {
    const struct plan_interface *interfaces;
    size_t interface_count;
    const struct plan_resolver *resolvers; /* none: nobody */
    size_t resolver_count;
    const struct whitelist_pattern *patterns;
    size_t pattern_count;
    const struct derived_name *derived; /* known already, until CLOCK_BOOTTIME is there */
    size_t derived_count;
    const struct plan_link *links; /* by index; those not in it are neither mirror nor loopback */
    size_t link_count;
    const struct plan_origin *origins;
    size_t origin_count;
    const uint16_t *vlans; /* none: all, and untagged */
    size_t vlan_count;
    const struct plan_tunnel *tunnels;
    size_t tunnel_count;
    /* From here on plain values, without padding: they are sealed as they stand. */
    whitelist_mask chain_whitelists;  /* match = "chain" */
    whitelist_mask follow_whitelists; /* follow = "across" */
    uint32_t ttl_min[WHITELISTS_MAX]; /* seconds: derived names are clamped by them */
    uint32_t ttl_max[WHITELISTS_MAX];
    enum plan_checksums checksums;
    enum plan_latency latency;
    bool require_query;
    uint8_t zero[7];
};

/* NULL when the plan has none of this index. */
const struct plan_link *plan_link(const struct plan *plan, uint32_t index);

/* A sealed, read-only memfd with the plan; close-on-exec.  The descriptor or -errno. */
int plan_seal(const struct plan *plan);
/*
 * The plan in a descriptor made by plan_seal: seals, sizes, counts and values are checked.  The
 * arrays lie in a mapping that lives as long as the process.  0, -EBADMSG when it is not a plan, or
 * -errno.
 */
int plan_open(int fd, struct plan *out);
/* The checks of plan_open on bytes, aligned as by malloc; the arrays lie in them. */
bool plan_read(const void *bytes, size_t size, struct plan *out);

#endif
