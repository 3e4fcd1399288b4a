/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom the plan believes: resolvers by prefix, each optionally bound to the interface on which its
 * answers first appear.
 */
#ifndef WILDSET_SNIFFER_TRUST_H
#define WILDSET_SNIFFER_TRUST_H

#include "dnsparse/address.h"
#include "sniffer/plan.h"

#include <stdint.h>

enum trust {
    TRUST_NONE,
    TRUST_ELSEWHERE, /* believed on another interface: a firewall's second leg, or a lie */
    TRUST_HERE,
};

/* The name of a frame's interface, or "" when it is not one of the plan's (a capture file). */
const char *plan_interface_name(const struct plan *plan, uint16_t interface);
/* A frame of no known interface is believed by its address alone: only capture files have such. */
enum trust trust_resolver(const struct plan *plan, const struct address *resolver,
                          uint16_t interface);

#endif
