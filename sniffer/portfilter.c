/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The port filter, put together from blocks whose jumps stay inside them: a conditional jump of
 * classic BPF reaches 255 instructions, so each block has returns of its own.  A load outside the
 * packet ends the program with "drop", which is right for what is cut that short.
 */
#include "sniffer/portfilter.h"

#include <assert.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stddef.h>

enum {
    PASS = 0x40000, /* the kernel cuts what it keeps to this: more than any packet has */
    DROP = 0,
    DNS_PORT = 53,
    TAGS_MAX = 4,
    TAG_SIZE = 4,
    ETHERTYPE_AT = 12,
    IPV6_HEADER_SIZE = 40,
    IPV4_FRAGMENT = 0x3fff, /* more fragments, or an offset */
};

static_assert(sizeof(struct portfilter_instruction) == sizeof(struct sock_filter) &&
                  offsetof(struct portfilter_instruction, k) == offsetof(struct sock_filter, k),
              "the kernel reads these instructions as they are");

/* An instruction of a block; the network header's place is added to `k` of a `moved` one. */
struct step {
    struct portfilter_instruction instruction;
    bool moved;
};

#define LOAD(size, at)                                                                             \
    {                                                                                              \
        {BPF_LD | (size) | BPF_ABS, 0, 0, (at)}, true                                              \
    }
#define LOAD_BEHIND(at)                                                                            \
    {                                                                                              \
        {BPF_LD | BPF_H | BPF_IND, 0, 0, (at)}, true                                               \
    }
#define IPV4_HEADER_LENGTH                                                                         \
    {                                                                                              \
        {BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0}, true                                                 \
    }
#define IF_EQUAL(value, yes, no)                                                                   \
    {                                                                                              \
        {BPF_JMP | BPF_JEQ | BPF_K, (yes), (no), (value)}, false                                   \
    }
#define IF_BITS(value, yes, no)                                                                    \
    {                                                                                              \
        {BPF_JMP | BPF_JSET | BPF_K, (yes), (no), (value)}, false                                  \
    }
#define RETURN(value)                                                                              \
    {                                                                                              \
        {BPF_RET | BPF_K, 0, 0, (value)}, false                                                    \
    }

static const struct step ipv4_block[] = {
    LOAD(BPF_H, 6), /* flags and fragment offset */
    IF_BITS(IPV4_FRAGMENT, 8, 0),
    LOAD(BPF_B, 9), /* protocol */
    IF_EQUAL(IPPROTO_UDP, 1, 0),
    IF_EQUAL(IPPROTO_TCP, 0, 6),
    IPV4_HEADER_LENGTH,
    LOAD_BEHIND(0), /* source port */
    IF_EQUAL(DNS_PORT, 2, 0),
    LOAD_BEHIND(2), /* destination port */
    IF_EQUAL(DNS_PORT, 0, 1),
    RETURN(PASS),
    RETURN(DROP),
};

static const struct step ipv6_block[] = {
    LOAD(BPF_B, 6), /* next header */
    IF_EQUAL(IPPROTO_UDP, 1, 0),
    IF_EQUAL(IPPROTO_TCP, 0, 4),
    LOAD(BPF_H, IPV6_HEADER_SIZE),
    IF_EQUAL(DNS_PORT, 10, 0),
    LOAD(BPF_H, IPV6_HEADER_SIZE + 2),
    IF_EQUAL(DNS_PORT, 8, 9),
    /* Extension headers: the way to the port is not walked here. */
    IF_EQUAL(IPPROTO_HOPOPTS, 7, 0),
    IF_EQUAL(IPPROTO_ROUTING, 6, 0),
    IF_EQUAL(IPPROTO_FRAGMENT, 5, 0),
    IF_EQUAL(IPPROTO_DSTOPTS, 4, 0),
    IF_EQUAL(IPPROTO_AH, 3, 0),
    IF_EQUAL(IPPROTO_MH, 2, 0),
    IF_EQUAL(139, 1, 0), /* HIP, RFC 7401 */
    IF_EQUAL(140, 0, 1), /* Shim6, RFC 5533 */
    RETURN(PASS),
    RETURN(DROP),
};

/* MPLS and PPPoE: what they carry is not looked for here. */
static const struct step shim_block[] = {
    IF_EQUAL(ETH_P_MPLS_UC, 2, 0),
    IF_EQUAL(ETH_P_MPLS_MC, 1, 0),
    IF_EQUAL(ETH_P_PPP_SES, 0, 1),
    RETURN(PASS),
};

static const uint16_t tag_types[] = {0x8100, 0x88a8, 0x9100, 0x9200};

enum {
    IPV4_STEPS = sizeof(ipv4_block) / sizeof(ipv4_block[0]),
    IPV6_STEPS = sizeof(ipv6_block) / sizeof(ipv6_block[0]),
    TAG_TYPES = sizeof(tag_types) / sizeof(tag_types[0]),
    SHIM_STEPS = sizeof(shim_block) / sizeof(shim_block[0]),
    LEVEL_STEPS = 2 + IPV4_STEPS + IPV6_STEPS + SHIM_STEPS + TAG_TYPES + 2,
    HEAD_STEPS = 8,
};
static_assert(HEAD_STEPS + (TAGS_MAX + 1) * LEVEL_STEPS <= PORTFILTER_MAX, "all levels fit");

static void emit(struct portfilter *program, struct step step, uint32_t network)
{
    if (step.moved)
        step.instruction.k += network;
    program->instructions[program->count++] = step.instruction;
}

static void emit_block(struct portfilter *program, const struct step *block, unsigned count,
                       uint32_t network)
{
    for (unsigned i = 0; i < count; i++)
        emit(program, block[i], network);
}

/* The accumulator holds what tells the two versions of IP apart; it falls through for neither. */
static void emit_ip(struct portfilter *program, uint32_t ipv4, uint32_t ipv6, uint32_t network)
{
    emit(program, (struct step)IF_EQUAL(ipv4, 0, IPV4_STEPS), 0);
    emit_block(program, ipv4_block, IPV4_STEPS, network);
    emit(program, (struct step)IF_EQUAL(ipv6, 0, IPV6_STEPS), 0);
    emit_block(program, ipv6_block, IPV6_STEPS, network);
}

/* Behind a tag of any type: the accumulator holds the type that stands in it. */
static void emit_tag(struct portfilter *program, uint32_t network)
{
    emit_block(program, shim_block, SHIM_STEPS, network);
    for (unsigned i = 0; i < TAG_TYPES; i++)
        emit(program, (struct step)IF_EQUAL(tag_types[i], (uint8_t)(TAG_TYPES - i), 0), 0);
    emit(program, (struct step)RETURN(DROP), 0);
    emit(program, (struct step)LOAD(BPF_H, 2), network);
}

static void emit_ethertypes(struct portfilter *program, uint32_t network)
{
    for (unsigned tags = 0; tags < TAGS_MAX; tags++, network += TAG_SIZE) {
        emit_ip(program, ETH_P_IP, ETH_P_IPV6, network);
        emit_tag(program, network);
    }
    emit_ip(program, ETH_P_IP, ETH_P_IPV6, network);
    emit_block(program, shim_block, SHIM_STEPS, network);
    emit(program, (struct step)RETURN(DROP), 0);
}

static void emit_lengths(struct portfilter *program, struct portfilter_lengths lengths)
{
    if (!lengths.least && !lengths.most)
        return;
    emit(program, (struct step){{BPF_LD | BPF_W | BPF_LEN, 0, 0, 0}, false}, 0);
    if (lengths.most) {
        emit(program, (struct step){{BPF_JMP | BPF_JGT | BPF_K, 0, 1, lengths.most}, false}, 0);
        emit(program, (struct step)RETURN(DROP), 0);
    }
    if (lengths.least) {
        emit(program, (struct step){{BPF_JMP | BPF_JGE | BPF_K, 1, 0, lengths.least}, false}, 0);
        emit(program, (struct step)RETURN(DROP), 0);
    }
}

void portfilter_build(enum portfilter_link link, struct portfilter_lengths lengths,
                      struct portfilter *out)
{
    out->count = 0;
    emit_lengths(out, lengths);
    switch (link) {
    case PORTFILTER_ETHERNET:
        /* The kernel has taken the outermost tag out of the packet: 12 is its inner type then. */
        emit(out, (struct step)LOAD(BPF_H, ETHERTYPE_AT), 0);
        emit_ethertypes(out, ETH_HLEN);
        return;
    case PORTFILTER_COOKED:
        emit(out, (struct step)LOAD(BPF_H, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)), 0);
        emit_ethertypes(out, 0);
        return;
    case PORTFILTER_IP:
        emit(out, (struct step)LOAD(BPF_B, 0), 0);
        emit(out, (struct step){{BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xf0}, false}, 0);
        emit_ip(out, 0x40, 0x60, 0);
        emit(out, (struct step)RETURN(DROP), 0);
        return;
    }
}
