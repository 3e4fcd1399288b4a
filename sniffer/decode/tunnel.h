/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets inside packets: GRE (RFC 2784, 2890; over UDP RFC 8086), ERSPAN I to III in it, IP in IP
 * (RFC 2003, 4213), VXLAN (RFC 7348, and its GPE draft), Geneve (RFC 8926), TZSP and GTP-U
 * (3GPP TS 29.281) over UDP.  What may be entered, and from whom, is tunnelrules.h's.
 */
#ifndef WILDSET_SNIFFER_DECODE_TUNNEL_H
#define WILDSET_SNIFFER_DECODE_TUNNEL_H

#include "base/bytes.h"
#include "sniffer/decode/linklayer.h"
#include "source/message.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    TUNNEL_PORT_GTP = 2152,
    TUNNEL_PORT_GRE = 4754,
    TUNNEL_PORT_VXLAN = 4789,
    TUNNEL_PORT_VXLAN_GPE = 4790,
    TUNNEL_PORT_GENEVE = 6081,
    TUNNEL_PORT_VXLAN_LINUX = 8472, /* the kernel's own, and so flannel's and Cilium's */
    TUNNEL_PORT_TZSP = 37008,
    TUNNEL_TZSP_TAGS_MAX = 64, /* a packet with more is refused */
    TUNNEL_GTP_EXTENSIONS_MAX = 16,
};

/* What comes next: a frame of this link layer, or (NULL) what the EtherType says. */
struct tunnel_inner {
    enum encapsulation encapsulation;
    linklayer_function *link;
    uint16_t ethertype; /* ETHERTYPE_NONE: nothing that is read */
    bool has_number;
    uint32_t number; /* VNI, key, session or TEID: as in struct plan_tunnel */
};

/* Whether IP packets of this protocol may hold packets of these (bit N: enum encapsulation N). */
bool tunnel_has_protocol(uint8_t protocol, uint32_t encapsulations);
/* What UDP packets to this port hold, where nothing else is agreed: one of these, or
 * ENCAPSULATION_NONE. */
enum encapsulation tunnel_usual_at_port(uint16_t port, uint32_t encapsulations);
/*
 * Move the reader over the tunnel's own header, which starts where it stands.  False when it is not
 * one of `encapsulations`, or nothing in it is read; a cut or lying one is the reader's failure.
 */
bool tunnel_enter_protocol(struct reader *reader, uint8_t protocol, uint32_t encapsulations,
                           struct tunnel_inner *out);
/* The same over UDP: the port may mean more than the encapsulation (GRE: ERSPAN; VXLAN: GPE). */
bool tunnel_enter_udp(struct reader *reader, enum encapsulation encapsulation, uint16_t port,
                      uint32_t encapsulations, struct tunnel_inner *out);

#endif
