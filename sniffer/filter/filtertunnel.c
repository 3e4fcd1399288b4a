/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Into tunnels, where their headers are plain: GRE without options, VXLAN, and an Ethernet header
 * in them without tags.  What is not plain passes.
 */
#include "sniffer/decode/frame.h"
#include "sniffer/decode/linklayer.h"
#include "sniffer/filter/filterlevel.h"

#include <linux/if_ether.h>

enum {
    ETHERTYPE_AT = 12,
    GRE_SIZE = 4,
    GRE_NEVER = 0x4007, /* source routes, or a version: not read */
    GRE_ERSPAN = 0x88be,
    GRE_ERSPAN_3 = 0x22eb,
    VXLAN_SIZE = 8,
    VXLAN_HAS_NUMBER = 0x08,
};

/* Checksum, key and sequence number pass, and so do the headers of ERSPAN behind them. */
static void write_gre(const struct filterwriting *writing, const struct filterlevel *inner)
{
    unsigned v4 = filtercode_label(writing->code), v6 = filtercode_label(writing->code);
    unsigned ethernet = filtercode_label(writing->code);
    bool gre = enters(writing, ENCAPSULATION_GRE);
    const struct filterchoice types[] = {
        {gre, ETHERTYPE_IPV4, v4},
        {gre, ETHERTYPE_IPV6, v6},
        {gre, ETHERTYPE_BRIDGED, ethernet},
        {gre, ETHERTYPE_MPLS, FILTERCODE_PASS},
        {gre, ETHERTYPE_MPLS_UPSTREAM, FILTERCODE_PASS},
        {gre, ETHERTYPE_PPPOE, FILTERCODE_PASS},
        {gre, ETHERTYPE_NSH, FILTERCODE_PASS},
        {gre, ETHERTYPE_ETAG, FILTERCODE_PASS},
        {gre, ETHERTYPE_VNTAG, FILTERCODE_PASS},
        {gre, ETHERTYPE_SGT, FILTERCODE_PASS},
        {gre, ETHERTYPE_FABRICPATH, FILTERCODE_PASS},
        {gre, ETHERTYPE_ITAG, FILTERCODE_PASS},
        {enters(writing, ENCAPSULATION_ERSPAN), GRE_ERSPAN, FILTERCODE_PASS},
        {enters(writing, ENCAPSULATION_ERSPAN), GRE_ERSPAN_3, FILTERCODE_PASS},
    };

    load(writing, BPF_H, 0); /* flags and version */
    if_bits(writing, GRE_NEVER, FILTERCODE_DROP);
    filtercode_branch(writing->code, BPF_JEQ, 0, FILTERCODE_NEXT, FILTERCODE_PASS);
    load(writing, BPF_H, 2);
    if_one_of(writing, types, sizeof(types) / sizeof(types[0]));
    go(writing, FILTERCODE_DROP);
    filtercode_place(writing->code, v4);
    go_behind(writing, GRE_SIZE, inner->v4);
    filtercode_place(writing->code, v6);
    go_behind(writing, GRE_SIZE, inner->v6);
    filtercode_place(writing->code, ethernet);
    go_behind(writing, GRE_SIZE, inner->ethernet);
}

static void write_ethernet(const struct filterwriting *writing, const struct filterlevel *inner)
{
    static const uint16_t unclear[] = {
        0x8100,          0x88a8,
        0x9100,          0x9200,
        0x9300,          ETHERTYPE_MPLS,
        ETHERTYPE_NSH,   ETHERTYPE_ETAG,
        ETHERTYPE_SGT,   ETHERTYPE_MPLS_UPSTREAM,
        ETHERTYPE_PPPOE, ETHERTYPE_ITAG,
        ETHERTYPE_VNTAG, ETHERTYPE_FABRICPATH,
    };
    unsigned v4 = filtercode_label(writing->code), v6 = filtercode_label(writing->code);

    load(writing, BPF_H, ETHERTYPE_AT);
    if_equal(writing, ETHERTYPE_IPV4, v4);
    if_equal(writing, ETHERTYPE_IPV6, v6);
    for (size_t i = 0; i < sizeof(unclear) / sizeof(unclear[0]); i++)
        if_equal(writing, unclear[i], FILTERCODE_PASS);
    filtercode_branch(writing->code, BPF_JGE, ETHERTYPE_LEAST, FILTERCODE_DROP, FILTERCODE_PASS);
    filtercode_place(writing->code, v4);
    go_behind(writing, ETH_HLEN, inner->v4);
    filtercode_place(writing->code, v6);
    go_behind(writing, ETH_HLEN, inner->v6);
}

void filtertunnel_write(const struct filterwriting *writing, const struct filterlevel *outer,
                        const struct filterlevel *inner)
{
    filtercode_place(writing->code, outer->gre);
    write_gre(writing, inner);
    filtercode_place(writing->code, outer->vxlan);
    load(writing, BPF_B, UDP_HEADER_SIZE);
    filtercode_branch(writing->code, BPF_JSET, VXLAN_HAS_NUMBER, FILTERCODE_NEXT, FILTERCODE_DROP);
    go_behind(writing, UDP_HEADER_SIZE + VXLAN_SIZE, inner->ethernet);
    filtercode_place(writing->code, inner->ethernet);
    write_ethernet(writing, inner);
    filterlevel_write(writing, inner);
}
