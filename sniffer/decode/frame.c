/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a frame to its UDP payload or TCP segment: a chain of small functions over one reader, which
 * starts anew inside each tunnel.  What is not DNS is rejected first, by protocol and port; lengths
 * are held against each other only for what may be DNS.
 */
#include "sniffer/decode/frame.h"

#include "base/bytes.h"
#include "dnsparse/names/dns.h"
#include "sniffer/decode/linklayer.h"
#include "sniffer/decode/tunnel.h"

#include <netinet/in.h>
#include <string.h>

enum {
    IPV4_HEADER_MIN = 20,
    IPV4_MORE_FRAGMENTS = 0x2000,
    IPV4_FRAGMENT_OFFSET = 0x1fff,
    IPV4_FRAGMENT_BITS = IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET,
    IPV6_HEADER_SIZE = 40,
    IPV6_EXTENSIONS_MAX = 8,     /* a packet with more is refused */
    IPV6_FRAGMENT_BITS = 0xfff9, /* the offset, and more fragments */
    IPV6_MORE_FRAGMENTS = 0x0001,
    TCP_HEADER_MIN = 20,
};

/* A frame on its way down. */
struct walk {
    struct reader reader;
    const struct tunnelrules *rules; /* NULL: no tunnel is entered */
    uint32_t encapsulations;         /* of the rules: nearly every packet needs no more of them */
    const struct dnsports *dns;      /* of them, too */
    struct segment *out;
    struct linklayer_notes notes; /* from the outside in */
    bool goes_on;                 /* into a tunnel: */
    struct tunnel_inner inner;
};

static __attribute__((cold, noinline)) bool take_other_port(const struct dnsports *dns,
                                                            struct segment *out)
{
    bool from = dnsports_have_other(dns, out->source_port);

    out->server_port = from ? out->source_port : out->destination_port;
    return from || dnsports_have_other(dns, out->destination_port);
}

/* The ports, and whether one of them is a resolver's. */
static inline bool take_ports(struct walk *walk, const uint8_t *header)
{
    struct segment *out = walk->out;

    out->source_port = big_endian_16(header);
    out->destination_port = big_endian_16(header + 2);
    out->server_port = DNS_PORT;
    return out->source_port == DNS_PORT || out->destination_port == DNS_PORT ||
           (walk->dns && take_other_port(walk->dns, out));
}

static enum frame_outcome outcome_of_failure(const struct reader *reader)
{
    return reader->state == READER_CUT ? FRAME_CUT : FRAME_BAD;
}

/*
 * The headers agree about a payload that is not there.  No sender makes such frames, but mirror
 * sessions do that cut ("slice", "truncate") what they copy.
 */
static enum frame_outcome outcome_of_missing(const struct reader *reader)
{
    return reader->state == READER_CUT ? FRAME_CUT : FRAME_SHORT;
}

/*
 * What a tunnel's header leads to; a failure inside it is the frame's.  The sender is that of the
 * packet that carries it, at each depth: a tunnel that may be entered vouches for no other one.
 */
static __attribute__((cold)) enum frame_outcome enter_tunnel(struct walk *walk, bool entered,
                                                             uint16_t port)
{
    struct segment *out = walk->out;

    if (walk->reader.state != READER_OK)
        return outcome_of_failure(&walk->reader);
    if (!entered)
        return FRAME_NOT_DNS;
    if (!tunnelrules_allow(walk->rules, &out->source, port, &walk->inner))
        return FRAME_STRANGER;
    if (out->tunnels++ == FRAME_TUNNELS_MAX)
        return FRAME_BAD;
    if (out->outer_peer.family == ADDRESS_NONE)
        out->outer_peer = out->source;
    out->encapsulation = walk->inner.encapsulation;
    walk->notes.wrappings |= 1u << walk->inner.encapsulation;
    walk->goes_on = true;
    return FRAME_SEGMENT;
}

/*
 * What UDP says of its size in the `size` bytes that the IP header leaves for it, or 0: a socket
 * trims what is more, and a host drops a datagram that says more than came.  The reader is behind
 * the header.
 */
static inline size_t udp_size(const struct reader *reader, const uint8_t *udp, size_t size)
{
    size_t said = big_endian_16(udp + 4);

    if (said == size)
        return size >= UDP_HEADER_SIZE ? size : 0;
    return said >= UDP_HEADER_SIZE && said < size && size - UDP_HEADER_SIZE <= reader->length ? said
                                                                                              : 0;
}

/* For a word about a server that answers from elsewhere: as much as was captured. */
static inline enum frame_outcome decode_other_udp(struct walk *walk)
{
    walk->out->payload_size = walk->reader.captured;
    walk->out->payload = reader_take(&walk->reader, walk->reader.captured);
    return FRAME_OTHER_PORT;
}

static __attribute__((cold)) enum frame_outcome decode_udp_tunnel(struct walk *walk,
                                                                  const uint8_t *udp, size_t size)
{
    uint16_t port = big_endian_16(udp + 2);
    enum encapsulation encapsulation = tunnelrules_at_port(walk->rules, port);

    if (encapsulation == ENCAPSULATION_NONE)
        return decode_other_udp(walk);
    size = udp_size(&walk->reader, udp, size);
    if (size == 0)
        return FRAME_BAD;
    reader_limit(&walk->reader, size - UDP_HEADER_SIZE);
    bool entered =
        tunnel_enter_udp(&walk->reader, encapsulation, port, walk->encapsulations, &walk->inner);
    return enter_tunnel(walk, entered, port);
}

/* `size` is what the IP header leaves for UDP. */
static inline enum frame_outcome decode_udp(struct walk *walk, size_t size)
{
    struct reader *reader = &walk->reader;
    struct segment *out = walk->out;
    const uint8_t *udp = reader_take(reader, UDP_HEADER_SIZE);

    if (!udp)
        return outcome_of_failure(reader);
    if (!take_ports(walk, udp))
        return walk->encapsulations ? decode_udp_tunnel(walk, udp, size) : decode_other_udp(walk);
    size = udp_size(reader, udp, size);
    if (size == 0)
        return FRAME_BAD;
    out->transport = TRANSPORT_UDP;
    out->transport_header = udp;
    out->transport_size = size;
    out->payload_size = size - UDP_HEADER_SIZE;
    out->payload = reader_take(reader, out->payload_size);
    return out->payload ? FRAME_SEGMENT : outcome_of_missing(reader);
}

/* RFC 9293 section 3.1; its options say nothing that is of use here. */
static __attribute__((noinline)) enum frame_outcome decode_tcp(struct walk *walk, size_t size)
{
    struct reader *reader = &walk->reader;
    struct segment *out = walk->out;
    const uint8_t *tcp = reader_take(reader, TCP_HEADER_MIN);

    if (!tcp)
        return outcome_of_failure(reader);
    if (!take_ports(walk, tcp))
        return FRAME_NOT_DNS;
    size_t header_size = (size_t)(tcp[12] >> 4) * 4;
    if (header_size < TCP_HEADER_MIN || header_size > size)
        return FRAME_BAD;
    if (header_size > TCP_HEADER_MIN)
        reader_take(reader, header_size - TCP_HEADER_MIN);
    out->transport = TRANSPORT_TCP;
    out->sequence = big_endian_32(tcp + 4);
    out->acknowledgment = big_endian_32(tcp + 8);
    out->tcp_flags = tcp[13];
    out->transport_header = tcp;
    out->transport_size = size;
    out->payload_size = size - header_size;
    out->payload = reader_take(reader, out->payload_size);
    return out->payload ? FRAME_SEGMENT : outcome_of_missing(reader);
}

/* Into each caller: nearly every packet goes this way. */
static inline __attribute__((always_inline)) enum frame_outcome
decode_transport(struct walk *walk, uint8_t protocol, size_t size)
{
    if (protocol == IPPROTO_UDP)
        return decode_udp(walk, size);
    if (protocol == IPPROTO_TCP)
        return decode_tcp(walk, size);
    if (!tunnel_has_protocol(protocol, walk->encapsulations))
        return FRAME_NOT_DNS;
    reader_limit(&walk->reader, size);
    bool entered =
        tunnel_enter_protocol(&walk->reader, protocol, walk->encapsulations, &walk->inner);
    return enter_tunnel(walk, entered, 0);
}

static inline bool protocol_is_read(const struct walk *walk, uint8_t protocol)
{
    return protocol == IPPROTO_UDP || protocol == IPPROTO_TCP ||
           tunnel_has_protocol(protocol, walk->encapsulations);
}

/* The piece is filled; `size` is what the IP header leaves for its bytes. */
static enum frame_outcome decode_piece(struct walk *walk, size_t size)
{
    struct segment *out = walk->out;

    if (size == 0)
        return FRAME_BAD;
    out->payload = reader_take(&walk->reader, size);
    out->payload_size = size;
    return out->payload ? FRAME_FRAGMENT : outcome_of_missing(&walk->reader);
}

static void segment_set_address(struct address *out, uint8_t family, const uint8_t *bytes,
                                size_t size)
{
    *out = (struct address){.family = family};
    memcpy(out->bytes, bytes, size);
}

static __attribute__((cold)) enum frame_outcome decode_ipv4_piece(struct walk *walk,
                                                                  const uint8_t *ip, size_t size)
{
    uint16_t bits = big_endian_16(ip + 6);

    walk->out->piece = (struct segment_piece){
        .id = big_endian_16(ip + 4),
        .offset = (uint32_t)(bits & IPV4_FRAGMENT_OFFSET) * 8,
        .protocol = ip[9],
        .more = bits & IPV4_MORE_FRAGMENTS,
    };
    return decode_piece(walk, size);
}

static size_t extension_size(uint8_t type, uint8_t length)
{
    if (type == IPPROTO_FRAGMENT)
        return 8;
    if (type == IPPROTO_AH)
        return ((size_t)length + 2) * 4;
    return ((size_t)length + 1) * 8;
}

/* One in front of the transport (RFC 4302), as an extension header of IPv6; there is no second. */
static __attribute__((cold)) enum frame_outcome decode_authenticated(struct walk *walk, size_t size)
{
    const uint8_t *header = reader_take(&walk->reader, 8);

    if (!header)
        return outcome_of_failure(&walk->reader);
    size_t whole = extension_size(IPPROTO_AH, header[1]);
    if (whole > 8)
        reader_take(&walk->reader, whole - 8);
    return decode_transport(walk, header[0], size > whole ? size - whole : 0);
}

static inline enum frame_outcome decode_ipv4_payload(struct walk *walk, uint8_t protocol,
                                                     size_t size)
{
    if (protocol == IPPROTO_AH)
        return decode_authenticated(walk, size);
    return decode_transport(walk, protocol, size);
}

static inline enum frame_outcome decode_ipv4(struct walk *walk)
{
    struct segment *out = walk->out;
    const uint8_t *ip = reader_take(&walk->reader, IPV4_HEADER_MIN);

    if (!ip)
        return outcome_of_failure(&walk->reader);
    size_t header_size = (size_t)(ip[0] & 15) * 4;
    size_t total = big_endian_16(ip + 2);
    if (ip[0] >> 4 != 4 || header_size < IPV4_HEADER_MIN)
        return FRAME_BAD;
    if (!protocol_is_read(walk, ip[9]) && ip[9] != IPPROTO_AH)
        return FRAME_NOT_DNS;
    if (header_size > IPV4_HEADER_MIN)
        reader_take(&walk->reader, header_size - IPV4_HEADER_MIN);
    out->ip = ip;
    out->ip_header_size = header_size;
    segment_set_address(&out->source, ADDRESS_IPV4, ip + 12, 4);
    segment_set_address(&out->destination, ADDRESS_IPV4, ip + 16, 4);
    size_t size = total > header_size ? total - header_size : 0;
    if (big_endian_16(ip + 6) & IPV4_FRAGMENT_BITS)
        return decode_ipv4_piece(walk, ip, size);
    return decode_ipv4_payload(walk, ip[9], size);
}

/* What may stand between the IPv6 header and the transport's (RFC 8200 section 4, RFC 4302). */
static bool is_extension(uint8_t next)
{
    return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
           next == IPPROTO_AH || next == IPPROTO_FRAGMENT;
}

/*
 * FRAME_SEGMENT: go on behind this one.  A header with segments left is on its way to somewhere
 * else than its destination address says, and its checksum is over the last one.  An atomic
 * fragment (RFC 6946) is a whole packet.
 */
static enum frame_outcome judge_extension(struct walk *walk, uint8_t type, const uint8_t *header)
{
    uint16_t bits = big_endian_16(header + 2);

    if (type == IPPROTO_ROUTING && header[3] != 0)
        return FRAME_NOT_DNS;
    if (type != IPPROTO_FRAGMENT || !(bits & IPV6_FRAGMENT_BITS))
        return FRAME_SEGMENT;
    if (!protocol_is_read(walk, header[0]) && !is_extension(header[0]))
        return FRAME_NOT_DNS;
    walk->out->piece = (struct segment_piece){
        .id = big_endian_32(header + 4),
        .offset = bits & ~7u,
        .protocol = header[0],
        .more = bits & IPV6_MORE_FRAGMENTS,
    };
    return FRAME_FRAGMENT;
}

/* Moves behind the extension headers; *next is what follows them, *size what they leave of it. */
static enum frame_outcome skip_extensions(struct walk *walk, uint8_t *next, size_t *size)
{
    for (unsigned count = 0; is_extension(*next); count++) {
        const uint8_t *header = reader_take(&walk->reader, 8);

        if (!header)
            return outcome_of_failure(&walk->reader);
        if (count == IPV6_EXTENSIONS_MAX || (*next == IPPROTO_HOPOPTS && count > 0))
            return FRAME_BAD;
        enum frame_outcome outcome = judge_extension(walk, *next, header);
        size_t whole = extension_size(*next, header[1]);
        *size = *size > whole ? *size - whole : 0;
        if (outcome != FRAME_SEGMENT)
            return outcome;
        if (whole > 8)
            reader_take(&walk->reader, whole - 8);
        *next = header[0];
    }
    return FRAME_SEGMENT;
}

/* What follows the IPv6 header, and its first `size` bytes of that are the packet's. */
static enum frame_outcome decode_ipv6_payload(struct walk *walk, uint8_t next, size_t size)
{
    enum frame_outcome outcome = skip_extensions(walk, &next, &size);

    if (outcome == FRAME_FRAGMENT)
        return decode_piece(walk, size);
    return outcome == FRAME_SEGMENT ? decode_transport(walk, next, size) : outcome;
}

/* A jumbogram has a payload length of 0 (RFC 2675) and is refused by that: DNS has none. */
static enum frame_outcome decode_ipv6(struct walk *walk)
{
    struct segment *out = walk->out;
    const uint8_t *ip = reader_take(&walk->reader, IPV6_HEADER_SIZE);

    if (!ip)
        return outcome_of_failure(&walk->reader);
    if (ip[0] >> 4 != 6)
        return FRAME_BAD;
    out->ip = ip;
    out->ip_header_size = IPV6_HEADER_SIZE;
    segment_set_address(&out->source, ADDRESS_IPV6, ip + 8, 16);
    segment_set_address(&out->destination, ADDRESS_IPV6, ip + 24, 16);
    return decode_ipv6_payload(walk, ip[6], big_endian_16(ip + 4));
}

/* A layer between link and network leads to another EtherType; Ethernet in it counts as a tunnel.
 */
static uint16_t decode_shim(struct walk *walk, linklayer_function *shim)
{
    uint16_t ethertype = shim(&walk->reader, &walk->notes);

    if (ethertype != ETHERTYPE_BRIDGED || walk->reader.state != READER_OK)
        return ethertype;
    if (walk->out->tunnels++ == FRAME_TUNNELS_MAX) {
        reader_refuse(&walk->reader);
        return ETHERTYPE_NONE;
    }
    return linklayer_ethernet(&walk->reader, &walk->notes);
}

static linklayer_function *find_shim(uint16_t ethertype)
{
    switch (ethertype) {
    case ETHERTYPE_MPLS:
    case ETHERTYPE_MPLS_UPSTREAM:
        return linklayer_mpls;
    case ETHERTYPE_PPPOE:
        return linklayer_pppoe;
    case ETHERTYPE_NSH:
        return linklayer_nsh;
    case ETHERTYPE_ETAG:
        return linklayer_etag;
    case ETHERTYPE_VNTAG:
        return linklayer_vntag;
    case ETHERTYPE_SGT:
        return linklayer_sgt;
    case ETHERTYPE_FABRICPATH:
        return linklayer_fabricpath;
    case ETHERTYPE_ITAG:
        return linklayer_itag;
    default:
        return NULL;
    }
}

/* Behind MPLS, PPPoE and the like, in whatever order they stand; each takes bytes, so that this
 * ends. */
static __attribute__((cold)) uint16_t skip_shims(struct walk *walk, uint16_t ethertype)
{
    linklayer_function *shim = find_shim(ethertype);

    for (unsigned count = 0; shim && walk->reader.state == READER_OK; count++) {
        if (count == FRAME_TUNNELS_MAX)
            reader_refuse(&walk->reader);
        ethertype = decode_shim(walk, shim);
        shim = find_shim(ethertype);
    }
    return ethertype;
}

/* One layer of link and network, inside a tunnel or not. */
static inline enum frame_outcome decode_layer(struct walk *walk)
{
    uint16_t ethertype = walk->inner.ethertype;

    walk->goes_on = false;
    if (walk->inner.link)
        ethertype = walk->inner.link(&walk->reader, &walk->notes);
    if (ethertype != ETHERTYPE_IPV4 && ethertype != ETHERTYPE_IPV6)
        ethertype = skip_shims(walk, ethertype);
    walk->out->vlan = walk->notes.vlan;
    walk->out->wrappings = walk->notes.wrappings;
    if (walk->reader.state != READER_OK)
        return outcome_of_failure(&walk->reader);
    if (ethertype == ETHERTYPE_IPV4)
        return decode_ipv4(walk);
    if (ethertype == ETHERTYPE_IPV6)
        return decode_ipv6(walk);
    walk->out->ethertype = ethertype;
    return ethertype < ETHERTYPE_LEAST ? FRAME_NOT_DNS : FRAME_OTHER_TYPE;
}

/* The tunnels are counted, so that this ends. */
static enum frame_outcome decode_layers(struct walk *walk)
{
    enum frame_outcome outcome;

    do
        outcome = decode_layer(walk);
    while (walk->goes_on);
    return outcome;
}

bool frame_link_type_is_known(int link_type)
{
    return linklayer_find(link_type) != NULL;
}

enum frame_outcome frame_decode(const struct frame *frame, const struct tunnelrules *rules,
                                struct segment *out)
{
    struct walk walk = {
        .reader = reader_of(frame->bytes, frame->captured, frame->length),
        .rules = rules,
        .encapsulations = rules ? rules->encapsulations : 0,
        .dns = rules ? rules->dns : NULL,
        .out = out,
        .notes = {SIGHTING_NO_VLAN, 0},
        .inner.link = linklayer_find(frame->link_type),
    };

    if (!walk.inner.link)
        return FRAME_LINK_TYPE;
    out->tunnels = 0;
    out->checked = false;
    out->encapsulation = ENCAPSULATION_NONE;
    out->outer_peer = (struct address){.family = 0};
    out->interface = frame->interface;
    out->way = frame->way;
    out->link = frame->link;
    out->captured_ns = frame->captured_ns;
    return decode_layers(&walk);
}

__attribute__((cold)) enum frame_outcome frame_resume(const uint8_t *bytes, size_t size,
                                                      const struct tunnelrules *rules,
                                                      struct segment *segment)
{
    struct walk walk = {
        .reader = reader_of(bytes, size, size),
        .rules = rules,
        .encapsulations = rules ? rules->encapsulations : 0,
        .dns = rules ? rules->dns : NULL,
        .out = segment,
        .notes = {segment->vlan, segment->wrappings},
    };
    bool ipv4 = segment->source.family == ADDRESS_IPV4;
    uint8_t protocol = segment->piece.protocol;

    segment->ip = NULL;
    enum frame_outcome outcome = ipv4 ? decode_ipv4_payload(&walk, protocol, size)
                                      : decode_ipv6_payload(&walk, protocol, size);
    return walk.goes_on ? decode_layers(&walk) : outcome;
}
