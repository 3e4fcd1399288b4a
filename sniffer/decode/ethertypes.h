/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of EtherTypes that are not read, by their number: when one of them is common, DNS may be
 * in it.  What never carries a packet (ARP, LLDP and the like) is left out.  Pure.
 */
#ifndef WILDSET_SNIFFER_DECODE_ETHERTYPES_H
#define WILDSET_SNIFFER_DECODE_ETHERTYPES_H

#include <stdint.h>

enum { ETHERTYPES_KEPT = 8 };

struct ethertype_count {
    uint16_t type; /* 0: there is none */
    uint64_t frames;
};

/* The most frequent ones: a type that comes too late takes the rarest one's place and number. */
struct ethertypes {
    struct ethertype_count kept[ETHERTYPES_KEPT];
};

void ethertypes_count(struct ethertypes *types, uint16_t type);
struct ethertype_count ethertypes_most(const struct ethertypes *types);

#endif
