/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom the plan trusts: resolvers by prefix, each optionally bound to the interface on which its
 * answers first appear.
 */
#ifndef WILDSET_SNIFFER_PIPELINE_TRUST_H
#define WILDSET_SNIFFER_PIPELINE_TRUST_H

#include "dnsparse/names/address.h"
#include "sniffer/decode/frame.h"
#include "sniffer/plan.h"

enum trust {
    TRUST_NONE,
    TRUST_ELSEWHERE, /* trusted on another interface: a firewall's second leg, or a lie */
    TRUST_HERE,
};

/* The name of the interface that a packet passed, with "any" too where that is known; "": a file.
 */
const char *trust_interface(const struct plan *plan, const struct segment *segment);
/* Of a packet from or to it, at this port.  In a capture file the interface is not asked for. */
enum trust trust_resolver(const struct plan *plan, const struct address *resolver, uint16_t port,
                          const struct segment *segment);
/* At any port, on any interface. */
bool trust_somewhere(const struct plan *plan, const struct address *resolver);

#endif
