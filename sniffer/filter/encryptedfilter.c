/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Written once for the network header at the packet's start and once for behind a tag.
 */
#include "sniffer/filter/encryptedfilter.h"

#include "base/bytes.h"
#include "dnsparse/names/public_resolvers.h"
#include "sniffer/decode/frame.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stddef.h>

enum {
    PORT_TLS = 853,
    PORT_HTTPS = 443,
    TAG_SIZE = 4,
    IPV4_OFFSET = 0x1fff,
    IPV6_HEADER_SIZE = 40,
    TCP_FLAGS_AT = 13,
    TCP_SYN = 0x02,
    TCP_SYN_ACK = 0x12,
    CELL_PROTOCOL = 0,     /* of scratch memory */
    QUIC_FORM_BITS = 0xf0, /* long header, fixed bit, packet type (RFC 9000 section 17.2.2) */
    QUIC_INITIAL = 0xc0,
    QUIC_VERSION = 1,
    QUIC_2_INITIAL = 0xd0, /* RFC 9369 section 3.2 */
    QUIC_2_VERSION = 0x6b3343cf,
};

/* One version of IP at one place.  Transport fields are loaded behind X and `transport`. */
struct place {
    struct filtercode *code;
    uint8_t family;
    uint32_t destination; /* where that address is */
    uint32_t transport;   /* where its header is, beside what X holds */
};

static void load(const struct place *place, uint16_t size, uint32_t at)
{
    filtercode_add(place->code, (uint16_t)(BPF_LD | BPF_IND | size), place->transport + at);
}

static void load_at(const struct place *place, uint16_t size, uint32_t at)
{
    filtercode_add(place->code, (uint16_t)(BPF_LD | BPF_ABS | size), at);
}

static void if_equal(const struct place *place, uint32_t value, unsigned target)
{
    filtercode_branch(place->code, BPF_JEQ, value, target, FILTERCODE_NEXT);
}

/* On to `known` when the destination is one of these. */
static void write_resolvers(const struct place *place, unsigned known)
{
    struct address address;
    unsigned services;

    for (size_t i = 0; publicresolvers_get(i, &address, &services); i++) {
        unsigned words = address.family == ADDRESS_IPV4 ? 1 : 4, other;

        if (!(services & PUBLIC_HTTPS) || address.family != place->family)
            continue;
        other = filtercode_label(place->code);
        /* The last word first: it tells most of them apart. */
        for (unsigned word = words; word-- > 0;) {
            load_at(place, BPF_W, place->destination + 4 * word);
            filtercode_branch(place->code, BPF_JEQ, big_endian_32(address.bytes + (size_t)4 * word),
                              word == 0 ? known : FILTERCODE_NEXT, other);
        }
        filtercode_place(place->code, other);
    }
    filtercode_go(place->code, FILTERCODE_DROP);
}

static void write_quic(const struct place *place)
{
    unsigned first = filtercode_label(place->code), second = filtercode_label(place->code);

    load(place, BPF_B, UDP_HEADER_SIZE);
    filtercode_add(place->code, BPF_ALU | BPF_AND | BPF_K, QUIC_FORM_BITS);
    if_equal(place, QUIC_INITIAL, first);
    filtercode_branch(place->code, BPF_JEQ, QUIC_2_INITIAL, second, FILTERCODE_DROP);
    filtercode_place(place->code, first);
    load(place, BPF_W, UDP_HEADER_SIZE + 1);
    filtercode_branch(place->code, BPF_JEQ, QUIC_VERSION, FILTERCODE_PASS, FILTERCODE_DROP);
    filtercode_place(place->code, second);
    load(place, BPF_W, UDP_HEADER_SIZE + 1);
    filtercode_branch(place->code, BPF_JEQ, QUIC_2_VERSION, FILTERCODE_PASS, FILTERCODE_DROP);
}

/* A is the protocol.  Nearly every packet ends here: at that, or at its port. */
static void encrypted_write_transport(const struct place *place)
{
    unsigned ports = filtercode_label(place->code), begins = filtercode_label(place->code);
    unsigned tcp = filtercode_label(place->code);

    filtercode_add(place->code, BPF_ST, CELL_PROTOCOL);
    if_equal(place, IPPROTO_TCP, ports);
    filtercode_branch(place->code, BPF_JEQ, IPPROTO_UDP, FILTERCODE_NEXT, FILTERCODE_DROP);
    filtercode_place(place->code, ports);
    load(place, BPF_H, 2);
    if_equal(place, PORT_TLS, begins);
    filtercode_branch(place->code, BPF_JEQ, PORT_HTTPS, FILTERCODE_NEXT, FILTERCODE_DROP);
    write_resolvers(place, begins);
    filtercode_place(place->code, begins);
    filtercode_add(place->code, BPF_LD | BPF_MEM, CELL_PROTOCOL);
    if_equal(place, IPPROTO_TCP, tcp);
    write_quic(place);
    filtercode_place(place->code, tcp);
    load(place, BPF_B, TCP_FLAGS_AT);
    filtercode_add(place->code, BPF_ALU | BPF_AND | BPF_K, TCP_SYN_ACK);
    filtercode_branch(place->code, BPF_JEQ, TCP_SYN, FILTERCODE_PASS, FILTERCODE_DROP);
}

/* A is the EtherType of what stands at `network`. */
static void write_network(struct filtercode *code, uint32_t network, unsigned tag)
{
    const struct place ipv4 = {code, ADDRESS_IPV4, network + 16, network};
    const struct place ipv6 = {code, ADDRESS_IPV6, network + 24, network + IPV6_HEADER_SIZE};
    unsigned v4 = filtercode_label(code), v6 = filtercode_label(code);

    filtercode_branch(code, BPF_JEQ, ETH_P_IP, v4, FILTERCODE_NEXT);
    filtercode_branch(code, BPF_JEQ, ETH_P_IPV6, v6, FILTERCODE_NEXT);
    filtercode_branch(code, BPF_JEQ, ETH_P_8021Q, tag, FILTERCODE_NEXT);
    filtercode_branch(code, BPF_JEQ, ETH_P_8021AD, tag, FILTERCODE_DROP);
    filtercode_place(code, v4);
    filtercode_add(code, BPF_LDX | BPF_B | BPF_MSH, network);
    load_at(&ipv4, BPF_H, network + 6);
    filtercode_branch(code, BPF_JSET, IPV4_OFFSET, FILTERCODE_DROP, FILTERCODE_NEXT);
    load_at(&ipv4, BPF_B, network + 9);
    encrypted_write_transport(&ipv4);
    filtercode_place(code, v6);
    filtercode_add(code, BPF_LDX | BPF_IMM, 0);
    load_at(&ipv6, BPF_B, network + 6);
    encrypted_write_transport(&ipv6);
}

bool encryptedfilter_build(struct filtercode *code, struct filter_program *out)
{
    unsigned tag;

    filtercode_clear(code);
    tag = filtercode_label(code);
    filtercode_add(code, BPF_ST, CELL_PROTOCOL); /* the kernel wants it stored to on every way */
    filtercode_add(code, BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL));
    write_network(code, 0, tag);
    filtercode_place(code, tag);
    filtercode_add(code, BPF_LD | BPF_H | BPF_ABS, 2);
    write_network(code, TAG_SIZE, FILTERCODE_DROP);
    return filtercode_finish(code, FILTER_PROGRAM_MAX, out);
}
