/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of a captured packet and libpcap does not hand on: over which interface it
 * went, and which way.  In a ring of TPACKET_V2 the packet's slot begins with struct tpacket2_hdr,
 * behind which lies struct sockaddr_ll (packet(7), packet_mmap.rst).  Slots are aligned, so the
 * header can only stand at few places before the packet; one is trusted when it says of the packet
 * what libpcap said.  Pure.
 */
#ifndef WILDSET_SNIFFER_LIVE_RINGSLOT_H
#define WILDSET_SNIFFER_LIVE_RINGSLOT_H

#include <stdbool.h>
#include <stdint.h>

/* As libpcap handed it on. */
struct ringslot_packet {
    const uint8_t *bytes;
    uint32_t captured, length; /* libpcap's header and tag included */
    uint32_t seconds, nanoseconds;
    uint32_t cooked;  /* bytes of the header that libpcap has put in front, or 0 */
    uint32_t snaplen; /* it captures no more */
    uint32_t page;    /* bytes: what lies before the page of `bytes` is not looked at */
};

struct ringslot {
    uint32_t link; /* the interface's index */
    uint8_t kind;  /* PACKET_HOST, PACKET_OUTGOING ... of linux/if_packet.h */
};

/* False when there is no such header: nothing is known then. */
bool ringslot_find(const struct ringslot_packet *packet, struct ringslot *out);

#endif
