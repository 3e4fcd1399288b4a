/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks from the packet backwards, the nearest place first: between header and packet lies nothing
 * that a sender could have written.
 */
#include "sniffer/live/ringslot.h"

#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

enum {
    ADDRESS_AT = TPACKET_ALIGN(sizeof(struct tpacket2_hdr)),
    NEAREST = ADDRESS_AT + sizeof(struct sockaddr_ll),
    FARTHEST = 160, /* room for the longest link layer's header, and what libpcap reserves */
    TAG_SIZE = 4,   /* of one that libpcap puts back into the packet */
};

/* `distance`: how far before the packet's bytes the header stands. */
static bool header_agrees(const struct ringslot_packet *packet, const struct tpacket2_hdr *header,
                          uint32_t distance)
{
    uint32_t tag = header->tp_mac - packet->cooked - distance, added = packet->cooked + tag;
    uint32_t captured = header->tp_snaplen + added;

    if (tag != 0 && (tag != TAG_SIZE || !(header->tp_status & TP_STATUS_VLAN_VALID)))
        return false;
    return header->tp_status & TP_STATUS_USER && header->tp_sec == packet->seconds &&
           header->tp_nsec == packet->nanoseconds && packet->length == header->tp_len + added &&
           packet->captured == (captured < packet->snaplen ? captured : packet->snaplen);
}

bool ringslot_find(const struct ringslot_packet *packet, struct ringslot *out)
{
    const uintptr_t at = (uintptr_t)packet->bytes;
    uint32_t distance = (uint32_t)(at % TPACKET_ALIGNMENT);

    for (; distance <= FARTHEST && distance <= at % packet->page; distance += TPACKET_ALIGNMENT) {
        struct tpacket2_hdr header;
        struct sockaddr_ll address;

        if (distance < NEAREST)
            continue;
        memcpy(&header, packet->bytes - distance, sizeof(header));
        memcpy(&address, packet->bytes - distance + ADDRESS_AT, sizeof(address));
        if (!header_agrees(packet, &header, distance) || address.sll_family != AF_PACKET ||
            address.sll_ifindex <= 0)
            continue;
        *out = (struct ringslot){(uint32_t)address.sll_ifindex, address.sll_pkttype};
        return true;
    }
    return false;
}
