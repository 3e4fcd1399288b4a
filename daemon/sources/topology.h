/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's interfaces and addresses as the kernel has them now, and what follows for belief:
 * which interfaces are mirror ports, and who may come in where.
 */
#ifndef WILDSET_DAEMON_SOURCES_TOPOLOGY_H
#define WILDSET_DAEMON_SOURCES_TOPOLOGY_H

#include "sniffer/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TOPOLOGY_LINKS_MAX = 8192, /* what is beyond is not known of, and is no mirror port */
    TOPOLOGY_ADDRESSES_MAX = 8192,
};

struct topology_link {
    uint32_t index;
    char name[IFNAMSIZ];
    uint32_t master; /* the bridge, bond or VRF that it is part of; 0: none */
    uint32_t lower;  /* what it stands on, as a VLAN's interface does; 0: nothing here */
    bool loopback;
    bool plain;    /* hardware, or made to carry frames as they are: veth, dummy, ifb, tun, tap */
    bool made;     /* no hardware: comes and goes */
    bool vrf;      /* it is one: its parts have a routing table of their own */
    bool forwards; /* what comes in there for others is forwarded, IPv4 or IPv6 */
    bool proxies;  /* answers for addresses that are behind other interfaces */
};

struct topology_address {
    uint32_t link;
    struct address own;
    struct prefix connected; /* family 0: none */
};

struct topology {
    struct topology_link *links; /* by index */
    size_t link_count;
    struct topology_address *addresses;
    size_t address_count;
};

/* Asks the kernel.  0 and something to free, or -errno. */
int topology_read(struct topology *out);
void topology_free(struct topology *topology);

/* What there is to say of an interface that may be a mirror port. */
enum mirror_verdict {
    MIRROR_ORDINARY, /* it has addresses, or is loopback: nothing is to be said */
    MIRROR_NAMED,
    MIRROR_EVIDENT,  /* no addresses, no forwarding, and no part of anything */
    MIRROR_FORWARDS, /* no addresses, but it forwards */
    MIRROR_PART, /* part of a bridge, bond or VRF, or something stands on it, or it is a tunnel */
    MIRROR_ADDRESSED, /* has none now, but had addresses since the start */
    MIRROR_VERDICTS,
};
/* "named", "no-addresses", "forwards", "part", "had-addresses"; "" for MIRROR_ORDINARY. */
const char *mirror_verdict_name(enum mirror_verdict verdict);
static inline bool mirror_is_taken(enum mirror_verdict verdict)
{
    return verdict == MIRROR_NAMED || verdict == MIRROR_EVIDENT;
}

/* Indexes of interfaces that had addresses at some time: they are found to be no mirror ports. */
struct topology_past {
    uint32_t addressed[TOPOLOGY_LINKS_MAX];
    size_t count;
};
void topology_remember(struct topology_past *past, const struct topology *topology);

/* What the configuration says of mirror ports. */
struct mirror_choice {
    const struct plan_interface *named;
    size_t count;
    bool detect; /* nothing: they are to be found */
};
enum mirror_verdict topology_judge(const struct topology *topology,
                                   const struct topology_past *past,
                                   const struct mirror_choice *choice,
                                   const struct topology_link *link);

/* The part of a plan that follows; arrays to free. */
struct topology_part {
    struct plan_link *links;
    size_t link_count;
    struct plan_origin *origins;
    size_t origin_count;
};
/*
 * For these interfaces, or all with "any".  What an interface stands on, and what stands on it, may
 * bring the same senders; what lies beside it may not.  Equal byte for byte while nothing has
 * changed that matters.  0 or -ENOMEM.
 */
int topology_plan(const struct topology *topology, const struct topology_past *past,
                  const struct mirror_choice *choice, const struct plan *plan,
                  struct topology_part *out);
void topology_part_free(struct topology_part *part);

/* One that is read and of which something is to be said. */
struct mirror_port {
    char name[IFNAMSIZ];
    uint8_t verdict; /* enum mirror_verdict */
};
/* How many, PLAN_INTERFACES_MAX at most. */
size_t topology_ports(const struct topology *topology, const struct topology_past *past,
                      const struct mirror_choice *choice, const struct plan *plan,
                      struct mirror_port out[static PLAN_INTERFACES_MAX]);

#endif
