/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets inside packets: GRE (RFC 2784, 2890), ERSPAN I to III in it, IP in IP (RFC 2003, 4213),
 * VXLAN (RFC 7348), Geneve (RFC 8926) and TZSP over UDP.  Only what `decapsulate` names is entered:
 * who can send such packets past the tap can put anything into them.
 */
#ifndef WILDSET_SNIFFER_TUNNEL_H
#define WILDSET_SNIFFER_TUNNEL_H

#include "runtime/sighting.h"
#include "sniffer/linklayer.h"
#include "sniffer/reader.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    TUNNEL_PORT_VXLAN = 4789,
    TUNNEL_PORT_GENEVE = 6081,
    TUNNEL_PORT_TZSP = 37008,
    TUNNEL_TZSP_TAGS_MAX = 64, /* a packet with more is refused */
};

/* What comes next: a frame of this link layer, or (NULL) what the EtherType says. */
struct tunnel_inner {
    enum encapsulation encapsulation;
    linklayer_function *link;
    uint16_t ethertype; /* ETHERTYPE_NONE: nothing that is read */
};

/* Whether IP packets of this protocol may hold packets that `decapsulate` names. */
bool tunnel_has_protocol(uint8_t protocol, uint32_t decapsulate);
/* The same for the destination port of UDP. */
bool tunnel_has_port(uint16_t port, uint32_t decapsulate);
/*
 * Move the reader over the tunnel's own header, which starts where it stands.  False when it is not
 * one that `decapsulate` names; a cut or lying one is the reader's failure.
 */
bool tunnel_enter_protocol(struct reader *reader, uint8_t protocol, uint32_t decapsulate,
                           struct tunnel_inner *out);
bool tunnel_enter_port(struct reader *reader, uint16_t port, uint32_t decapsulate,
                       struct tunnel_inner *out);

#endif
