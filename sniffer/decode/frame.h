/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a captured frame to the UDP payload or the TCP segment in it: link layer, tags, tunnels,
 * IPv4 with options, IPv6 with extension headers.  Bounded reads only; nothing is copied.  Pure.
 */
#ifndef WILDSET_SNIFFER_DECODE_FRAME_H
#define WILDSET_SNIFFER_DECODE_FRAME_H

#include "dnsparse/names/address.h"
#include "sniffer/decode/tunnelrules.h"
#include "source/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    UDP_HEADER_SIZE = 8,
    FRAME_TUNNELS_MAX = 8, /* one inside the other; a frame with more is refused */
};

/* Which way a frame went, seen from this machine. */
enum frame_way {
    WAY_UNTOLD,  /* a capture file: nobody asks */
    WAY_UNKNOWN, /* captured live, and not to be found out */
    WAY_IN,
    WAY_OUT,
};

struct frame {
    const uint8_t *bytes;
    uint32_t captured;  /* bytes that are there */
    uint32_t length;    /* bytes that were on the wire */
    int link_type;      /* DLT_ */
    uint16_t interface; /* index into the plan's interfaces */
    uint8_t way;        /* enum frame_way */
    uint32_t link; /* the kernel's index of the interface itself, also with "any"; 0: unknown */
    uint64_t captured_ns; /* CLOCK_REALTIME */
};

/* Of an IP fragment; its bytes are the segment's payload. */
struct segment_piece {
    uint32_t id;
    uint32_t offset;  /* bytes */
    uint8_t protocol; /* of the datagram's payload: IPv4 protocol, IPv6 next header */
    bool more;        /* another one follows */
};

struct segment {
    struct address source, destination;
    uint16_t source_port, destination_port;
    enum transport transport;
    enum encapsulation encapsulation; /* the innermost */
    int16_t vlan;                     /* outermost tag, or SIGHTING_NO_VLAN */
    uint32_t wrappings;               /* bit N: enum encapsulation N; and enum linklayer_wrapping */
    uint16_t ethertype;               /* FRAME_OTHER_TYPE only */
    uint8_t tunnels;                  /* how many there were */
    struct address outer_peer;        /* who sent the outermost tunnel; family 0: there is none */
    uint16_t server_port; /* which of the two is a resolver's: 53, where both could be */
    bool checked;         /* its checksums have been looked at: segment_checksums is not needed */
    uint8_t tcp_flags;    /* the TCP header's */
    uint32_t sequence;    /* TCP: of the payload's first byte, or of SYN */
    uint32_t acknowledgment;    /* TCP: with the flag ACK */
    struct segment_piece piece; /* FRAME_FRAGMENT only */
    const uint8_t *payload;     /* behind the UDP or TCP header, borrowed from the frame */
    size_t payload_size;        /* by UDP's or IP's length; all of it was captured */
    const uint8_t *ip;     /* the innermost IP header, for segment_checksums; NULL: looked at */
    size_t ip_header_size; /* IPv4: with options; IPv6: 40 (extension headers not included) */
    const uint8_t *transport_header;
    size_t transport_size; /* header and payload */
    uint16_t interface;
    uint8_t way; /* as the frame's */
    uint32_t link;
    uint64_t captured_ns;
};

enum frame_outcome {
    FRAME_SEGMENT,    /* *out is filled */
    FRAME_NOT_DNS,    /* well-formed as far as looked at, but no port 53 */
    FRAME_OTHER_PORT, /* UDP without port 53: addresses, ports and payload are filled */
    FRAME_OTHER_TYPE, /* neither IP nor what leads to it: segment.ethertype */
    FRAME_BAD,        /* cut headers, lengths that disagree */
    FRAME_FRAGMENT,   /* of what may be DNS: *out is filled but for the transport's fields */
    FRAME_CUT,        /* whole on the wire, cut by the snaplen */
    FRAME_SHORT,      /* headers that agree and less behind them: cut before it was captured */
    FRAME_LINK_TYPE,  /* unknown link type */
    FRAME_STRANGER,   /* a tunnel that is entered, but not this one: another sender's, or number */
};

/* Whether frames of this DLT_ can be decoded. */
bool frame_link_type_is_known(int link_type);
/*
 * `rules` say which tunnels to look into; NULL: none.  The outermost tag of a frame is told in
 * segment.vlan also when it is 0 (priority only).  The wrappings are told whatever
 * the outcome, but for FRAME_LINK_TYPE.
 */
enum frame_outcome frame_decode(const struct frame *frame, const struct tunnelrules *rules,
                                struct segment *out);
/*
 * Goes on with a datagram put together from fragments, of which *segment is one as decoded and
 * checked: `bytes` are what follows its IP header.  The payload is borrowed from them.
 */
enum frame_outcome frame_resume(const uint8_t *bytes, size_t size, const struct tunnelrules *rules,
                                struct segment *segment);

enum checksum_outcome {
    CHECKSUM_GOOD, /* also: no UDP checksum over IPv4 (RFC 768) */
    CHECKSUM_BAD,  /* also: no UDP checksum over IPv6 (RFC 8200 section 8.1) */
    CHECKSUM_BARE, /* left to an offloading interface: the pseudo-header's sum alone, or an IPv4
                      header's that is 0 */
};

/* IPv4 header and UDP or TCP checksum. */
enum checksum_outcome segment_checksums(const struct segment *segment);
/* Whether a UDP checksum is the pseudo-header's alone: the quick part of segment_checksums. */
bool segment_is_bare(const struct segment *segment);
/*
 * Of a datagram that the kernel has merged of several, the first with a payload of `first` bytes:
 * it has checked each, and leaves the sum bare (UDP GRO) or as the first one's was (by a list of
 * them). CHECKSUM_BAD: it is none.
 */
enum checksum_outcome segment_merged_checksums(const struct segment *segment, size_t first);
/* The IPv4 header's alone, as of a fragment; IPv6 has none and is good. */
enum checksum_outcome segment_header_checksum(const struct segment *segment);

#endif
