/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose tunnels are entered.  Who can send a tunnel's packets past the tap can put anything into
 * them, so that each has to be named, with its sender; only on a mirror port, where what passes was
 * sent to others, may the sender be left open.
 */
#ifndef WILDSET_SNIFFER_DECODE_TUNNELRULES_H
#define WILDSET_SNIFFER_DECODE_TUNNELRULES_H

#include "sniffer/decode/dnsports.h"
#include "sniffer/decode/tunnel.h"
#include "sniffer/plan.h"

/* The plan's tunnels as they count on one interface. */
struct tunnelrules {
    const struct plan_tunnel *tunnels;
    size_t count;
    bool mirror;                /* those without a sender count too */
    uint32_t encapsulations;    /* bit N: one of them is enum encapsulation N */
    bool own_ports;             /* one of them names a port */
    const struct dnsports *dns; /* no tunnel: it comes before any.  NULL: 53 alone */
};

struct tunnelrules tunnelrules_of(const struct plan_tunnel *tunnels, size_t count, bool mirror);
/* Whether what passes one of the plan's interfaces is a mirror port's: "any" may have some. */
bool plan_may_mirror(const struct plan *plan, uint16_t interface);
/* Whether that is so of a frame; `link` is the kernel's index of the interface itself, or 0. */
bool plan_mirrors(const struct plan *plan, uint16_t interface, uint32_t link);
/* In both of these NULL rules are none.  What may be behind this destination port of UDP;
 * ENCAPSULATION_NONE: nothing that is entered. */
enum encapsulation tunnelrules_at_port(const struct tunnelrules *rules, uint16_t port);
/* Whether this sender may have any tunnel at all. */
bool tunnelrules_know(const struct tunnelrules *rules, const struct address *sender);
/* `port` is UDP's, or 0.  The tunnel is as tunnel_enter has found it. */
bool tunnelrules_allow(const struct tunnelrules *rules, const struct address *sender, uint16_t port,
                       const struct tunnel_inner *tunnel);

#endif
