/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first part of the kernel's filter: from the link layer to what may be DNS over UDP.  It
 * decides what is plain: up to four tags, a few MPLS labels, PPPoE, IPv4 with options, IPv6 without
 * extension headers, and once inside GRE, VXLAN or IP in IP.  What may lead to DNS by a less plain
 * way passes: fragments, extension and authentication headers, DNS over TCP, other tunnels that are
 * looked into.
 */
#ifndef WILDSET_SNIFFER_FILTER_FILTERPATH_H
#define WILDSET_SNIFFER_FILTER_FILTERPATH_H

#include "sniffer/decode/tunnelrules.h"
#include "sniffer/filter/filtercode.h"

#include <stdint.h>

enum filter_link {
    FILTER_ETHERNET, /* starts with an Ethernet header */
    FILTER_IP,       /* starts with an IP header */
    FILTER_COOKED,   /* a packet socket of type SOCK_DGRAM: IP header or tag, protocol beside it */
    FILTER_HDLC,     /* Cisco's: address, control, EtherType */
};

/* Only packets of `least` to `most` bytes (0: any number). */
struct filter_lengths {
    uint32_t least, most;
};

struct filterpath {
    enum filter_link link;
    struct filter_lengths lengths;
    const struct tunnelrules *rules; /* NULL: no tunnel is entered.  Of whom is not asked here */
    unsigned dns; /* where a UDP packet from or to port 53 goes, X at its UDP header */
};

enum {
    FILTERPATH_CELL = 0,    /* of scratch memory, which is its own */
    FILTERPATH_SAMPLE = 64, /* one in so many frames passes whose EtherType is not read */
};

/* Every way ends in PASS, in DROP or at `dns`, which has to come next. */
void filterpath_write(const struct filterpath *path, struct filtercode *code);
/* Only the lengths: goes on with what is of one of them. */
void filterpath_write_lengths(struct filter_lengths lengths, struct filtercode *code);

#endif
