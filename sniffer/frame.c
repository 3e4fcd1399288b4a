/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a frame to its UDP payload: a chain of small functions over one reader.  What is not DNS is
 * rejected first, by protocol and port; lengths are held against each other only for what may be
 * DNS.
 */
#include "sniffer/frame.h"

#include "sniffer/linklayer.h"
#include "sniffer/reader.h"

#include <netinet/in.h>
#include <string.h>

enum {
    DNS_PORT = 53,
    IPV4_HEADER_MIN = 20,
    IPV4_FRAGMENT_BITS = 0x3fff, /* more fragments, and the offset */
    IPV6_HEADER_SIZE = 40,
    IPV6_EXTENSIONS_MAX = 8,     /* a packet with more is refused */
    IPV6_FRAGMENT_BITS = 0xfff9, /* the offset, and more fragments */
    UDP_HEADER_SIZE = 8,
};

static enum frame_outcome outcome_of_failure(const struct reader *reader)
{
    return reader->state == READER_CUT ? FRAME_CUT : FRAME_BAD;
}

/* `size` is what the IP header leaves for UDP; a host drops what disagrees with it. */
static enum frame_outcome decode_udp(struct reader *reader, size_t size, struct segment *out)
{
    const uint8_t *udp = reader_take(reader, UDP_HEADER_SIZE);

    if (!udp)
        return outcome_of_failure(reader);
    out->source_port = big_endian_16(udp);
    out->destination_port = big_endian_16(udp + 2);
    if (out->source_port != DNS_PORT && out->destination_port != DNS_PORT)
        return FRAME_NOT_DNS;
    if (size < UDP_HEADER_SIZE || big_endian_16(udp + 4) != size)
        return FRAME_BAD;
    out->transport = TRANSPORT_UDP;
    out->transport_header = udp;
    out->transport_size = size;
    out->payload_size = size - UDP_HEADER_SIZE;
    out->payload = reader_take(reader, out->payload_size);
    return out->payload ? FRAME_SEGMENT : outcome_of_failure(reader);
}

static void set_address(struct address *out, uint8_t family, const uint8_t *bytes, size_t size)
{
    *out = (struct address){.family = family};
    memcpy(out->bytes, bytes, size);
}

static enum frame_outcome decode_ipv4(struct reader *reader, struct segment *out)
{
    const uint8_t *ip = reader_take(reader, IPV4_HEADER_MIN);

    if (!ip)
        return outcome_of_failure(reader);
    size_t header_size = (size_t)(ip[0] & 15) * 4;
    size_t total = big_endian_16(ip + 2);
    if (ip[0] >> 4 != 4 || header_size < IPV4_HEADER_MIN)
        return FRAME_BAD;
    if (ip[9] != IPPROTO_UDP)
        return FRAME_NOT_DNS;
    if (big_endian_16(ip + 6) & IPV4_FRAGMENT_BITS)
        return FRAME_FRAGMENT;
    if (header_size > IPV4_HEADER_MIN)
        reader_take(reader, header_size - IPV4_HEADER_MIN);
    out->ip = ip;
    out->ip_header_size = header_size;
    set_address(&out->source, ADDRESS_IPV4, ip + 12, 4);
    set_address(&out->destination, ADDRESS_IPV4, ip + 16, 4);
    return decode_udp(reader, total > header_size ? total - header_size : 0, out);
}

/* What may stand between the IPv6 header and UDP (RFC 8200 section 4, RFC 4302). */
static bool is_extension(uint8_t next)
{
    return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
           next == IPPROTO_AH || next == IPPROTO_FRAGMENT;
}

static size_t extension_size(uint8_t type, uint8_t length)
{
    if (type == IPPROTO_FRAGMENT)
        return 8;
    if (type == IPPROTO_AH)
        return ((size_t)length + 2) * 4;
    return ((size_t)length + 1) * 8;
}

/*
 * FRAME_SEGMENT: go on behind this one.  A header with segments left is on its way to somewhere
 * else than its destination address says, and its checksum is over the last one.  An atomic
 * fragment (RFC 6946) is a whole packet.
 */
static enum frame_outcome judge_extension(uint8_t type, const uint8_t *header)
{
    bool to_udp = header[0] == IPPROTO_UDP || is_extension(header[0]);

    if (type == IPPROTO_ROUTING && header[3] != 0)
        return FRAME_NOT_DNS;
    if (type == IPPROTO_FRAGMENT && big_endian_16(header + 2) & IPV6_FRAGMENT_BITS)
        return to_udp ? FRAME_FRAGMENT : FRAME_NOT_DNS;
    return FRAME_SEGMENT;
}

/* Moves behind the extension headers; *next is what follows them, *size what they take. */
static enum frame_outcome skip_extensions(struct reader *reader, uint8_t *next, size_t *size)
{
    for (unsigned count = 0; is_extension(*next); count++) {
        const uint8_t *header = reader_take(reader, 8);

        if (!header)
            return outcome_of_failure(reader);
        if (count == IPV6_EXTENSIONS_MAX || (*next == IPPROTO_HOPOPTS && count > 0))
            return FRAME_BAD;
        enum frame_outcome outcome = judge_extension(*next, header);
        if (outcome != FRAME_SEGMENT)
            return outcome;
        size_t whole = extension_size(*next, header[1]);
        if (whole > 8)
            reader_take(reader, whole - 8);
        *size += whole;
        *next = header[0];
    }
    return FRAME_SEGMENT;
}

/* A jumbogram has a payload length of 0 (RFC 2675) and is refused by that: DNS has none. */
static enum frame_outcome decode_ipv6(struct reader *reader, struct segment *out)
{
    const uint8_t *ip = reader_take(reader, IPV6_HEADER_SIZE);
    size_t extensions = 0;

    if (!ip)
        return outcome_of_failure(reader);
    if (ip[0] >> 4 != 6)
        return FRAME_BAD;
    uint8_t next = ip[6];
    size_t payload = big_endian_16(ip + 4);
    enum frame_outcome outcome = skip_extensions(reader, &next, &extensions);
    if (outcome != FRAME_SEGMENT)
        return outcome;
    if (next != IPPROTO_UDP)
        return FRAME_NOT_DNS;
    out->ip = ip;
    out->ip_header_size = IPV6_HEADER_SIZE;
    set_address(&out->source, ADDRESS_IPV6, ip + 8, 16);
    set_address(&out->destination, ADDRESS_IPV6, ip + 24, 16);
    return decode_udp(reader, payload > extensions ? payload - extensions : 0, out);
}

static enum frame_outcome decode_network(struct reader *reader, uint16_t ethertype,
                                         struct segment *out)
{
    switch (ethertype) {
    case ETHERTYPE_IPV4:
        return decode_ipv4(reader, out);
    case ETHERTYPE_IPV6:
        return decode_ipv6(reader, out);
    default:
        return FRAME_NOT_DNS;
    }
}

bool frame_link_type_is_known(int link_type)
{
    return linklayer_find(link_type) != NULL;
}

enum frame_outcome frame_decode(const struct frame *frame, struct segment *out)
{
    struct reader reader = reader_of(frame->bytes, frame->captured, frame->length);
    linklayer_function *link_layer = linklayer_find(frame->link_type);

    if (!link_layer)
        return FRAME_LINK_TYPE;
    out->vlan = SIGHTING_NO_VLAN;
    out->encapsulation = ENCAPSULATION_NONE;
    out->interface = frame->interface;
    out->captured_ns = frame->captured_ns;
    uint16_t ethertype = link_layer(&reader, &out->vlan);
    if (reader.state != READER_OK)
        return outcome_of_failure(&reader);
    return decode_network(&reader, ethertype, out);
}
