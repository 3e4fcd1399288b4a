/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a captured frame to the UDP payload in it: link layer, tags, IPv4 with options, IPv6 with
 * extension headers.  Bounded reads only; nothing is copied.  Pure.
 */
#ifndef WILDSET_SNIFFER_FRAME_H
#define WILDSET_SNIFFER_FRAME_H

#include "dnsparse/address.h"
#include "runtime/sighting.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame {
    const uint8_t *bytes;
    uint32_t captured;  /* bytes that are there */
    uint32_t length;    /* bytes that were on the wire */
    int link_type;      /* DLT_ */
    uint16_t interface; /* index into the plan's interfaces */
    uint64_t captured_ns; /* CLOCK_REALTIME */
};

struct segment {
    struct address source, destination;
    uint16_t source_port, destination_port;
    enum transport transport;
    enum encapsulation encapsulation;
    int16_t vlan;            /* outermost tag, or SIGHTING_NO_VLAN */
    const uint8_t *payload;  /* behind the UDP header, borrowed from the frame */
    size_t payload_size;     /* by the UDP length; all of it was captured */
    const uint8_t *ip;       /* the innermost IP header, for segment_checksums */
    size_t ip_header_size;   /* IPv4: with options; IPv6: 40 (extension headers not included) */
    const uint8_t *transport_header;
    size_t transport_size;   /* header and payload */
    uint16_t interface;
    uint64_t captured_ns;
};

enum frame_outcome {
    FRAME_SEGMENT,     /* *out is filled */
    FRAME_NOT_DNS,     /* well-formed as far as looked at, but no port 53 */
    FRAME_BAD,         /* cut headers, lengths that disagree */
    FRAME_FRAGMENT,
    FRAME_CUT,         /* whole on the wire, cut by the snaplen */
    FRAME_LINK_TYPE,   /* unknown link type */
};

/* Whether frames of this DLT_ can be decoded. */
bool frame_link_type_is_known(int link_type);
/* The outermost tag of a frame is told in segment.vlan also when it is 0 (priority only). */
enum frame_outcome frame_decode(const struct frame *frame, struct segment *out);

enum checksum_outcome {
    CHECKSUM_GOOD, /* also: no UDP checksum over IPv4 (RFC 768) */
    CHECKSUM_BAD,  /* also: no UDP checksum over IPv6 (RFC 8200 section 8.1) */
    CHECKSUM_BARE, /* the pseudo-header's sum alone: left to an offloading interface */
};

/* IPv4 header and UDP checksum. */
enum checksum_outcome segment_checksums(const struct segment *segment);

#endif
