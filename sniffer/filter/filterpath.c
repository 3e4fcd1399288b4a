/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link layer and what may stand between it and IP; the rest is put together here.
 */
#include "sniffer/filter/filterpath.h"

#include "sniffer/decode/linklayer.h"
#include "sniffer/filter/filterlevel.h"

#include <linux/if_ether.h>

enum {
    TAGS_MAX = 4,
    TAG_SIZE = 4,
    LABELS_MAX = 4, /* of MPLS */
    LABEL_SIZE = 4,
    ETHERTYPE_AT = 12,
    HDLC_ETHERTYPE_AT = 2,
    HDLC_SIZE = 4,
    PPPOE_SIZE = 8, /* the protocol included */
    PPP_IPV4 = 0x0021,
    PPP_IPV6 = 0x0057,
    PPP_MPLS = 0x0281,
    PPP_SHORT = 0x0100, /* the protocol field is one byte long */
};

#define SNAP_BEGINS UINT32_C(0xaaaa0300)

static const uint16_t tag_types[] = {0x8100, 0x88a8, 0x9100, 0x9200};

enum { TAG_TYPES = sizeof(tag_types) / sizeof(tag_types[0]) };

/* X at the first label: the version of what is behind the last one stands in its first byte. */
static void write_mpls(const struct filterwriting *writing, const struct filterlevel *level)
{
    unsigned bottom = filtercode_label(writing->code), v6 = filtercode_label(writing->code);
    unsigned v4 = filtercode_label(writing->code);

    for (unsigned i = 0; i < LABELS_MAX; i++) {
        load(writing, BPF_B, 2);
        if_bits(writing, 1, bottom);
        move_on(writing, LABEL_SIZE);
    }
    go(writing, FILTERCODE_PASS);
    filtercode_place(writing->code, bottom);
    load(writing, BPF_H, 4);
    if_equal(writing, 0, FILTERCODE_PASS); /* a pseudowire's control word */
    filtercode_add(writing->code, BPF_ALU | BPF_RSH | BPF_K, 12);
    if_equal(writing, 4, v4);
    filtercode_branch(writing->code, BPF_JEQ, 6, v6, FILTERCODE_DROP);
    filtercode_place(writing->code, v4);
    go_behind(writing, LABEL_SIZE, level->v4);
    filtercode_place(writing->code, v6);
    go_behind(writing, LABEL_SIZE, level->v6);
}

static void write_pppoe(const struct filterwriting *writing, const struct filterlevel *level)
{
    unsigned v4 = filtercode_label(writing->code), v6 = filtercode_label(writing->code);

    load(writing, BPF_H, 6);
    if_equal(writing, PPP_IPV4, v4);
    if_equal(writing, PPP_IPV6, v6);
    if_equal(writing, PPP_MPLS, FILTERCODE_PASS);
    filtercode_branch(writing->code, BPF_JSET, PPP_SHORT, FILTERCODE_PASS, FILTERCODE_DROP);
    filtercode_place(writing->code, v4);
    go_behind(writing, PPPOE_SIZE, level->v4);
    filtercode_place(writing->code, v6);
    go_behind(writing, PPPOE_SIZE, level->v6);
}

/*
 * Tags and wrappings that are rare pass whole; so does LLC with SNAP, whose first four bytes tell.
 * Of what is not read a sample passes, so that it can be said when that is common.
 */
static void write_rare(const struct filterwriting *writing)
{
    static const uint16_t rare[] = {
        0x9300 /* QinQ */, ETHERTYPE_NSH,        ETHERTYPE_ETAG, ETHERTYPE_VNTAG,
        ETHERTYPE_SGT,     ETHERTYPE_FABRICPATH, ETHERTYPE_ITAG,
    };
    unsigned unknown = filtercode_label(writing->code);

    for (size_t i = 0; i < sizeof(rare) / sizeof(rare[0]); i++)
        if_equal(writing, rare[i], FILTERCODE_PASS);
    filtercode_branch(writing->code, BPF_JGE, ETHERTYPE_LEAST, unknown, FILTERCODE_NEXT);
    load(writing, BPF_W, 0);
    filtercode_branch(writing->code, BPF_JEQ, SNAP_BEGINS, FILTERCODE_PASS, FILTERCODE_DROP);
    filtercode_place(writing->code, unknown);
    filtercode_add(writing->code, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));
    filtercode_branch(writing->code, BPF_JSET, FILTERPATH_SAMPLE - 1, FILTERCODE_DROP,
                      FILTERCODE_PASS);
}

/* The first EtherType stands at `at`, what it speaks of at `network`. */
static void write_ethertypes(const struct filterwriting *writing, const struct filterlevel *level,
                             uint32_t at, uint32_t network)
{
    unsigned mpls = filtercode_label(writing->code), pppoe = filtercode_label(writing->code);
    unsigned rare = filtercode_label(writing->code);

    for (unsigned tags = 0; tags <= TAGS_MAX; tags++, network += TAG_SIZE) {
        unsigned tag = tags < TAGS_MAX ? filtercode_label(writing->code) : FILTERCODE_PASS;

        filtercode_add(writing->code, BPF_LDX | BPF_IMM, network);
        filtercode_add(writing->code, BPF_LD | BPF_H | BPF_ABS, at);
        if_equal(writing, ETHERTYPE_IPV4, level->v4);
        if_equal(writing, ETHERTYPE_IPV6, level->v6);
        for (unsigned i = 0; i < TAG_TYPES; i++)
            if_equal(writing, tag_types[i], tag);
        if_equal(writing, ETHERTYPE_MPLS, mpls);
        if_equal(writing, ETHERTYPE_MPLS_UPSTREAM, mpls);
        filtercode_branch(writing->code, BPF_JEQ, ETHERTYPE_PPPOE, pppoe, rare);
        filtercode_place(writing->code, tag);
        at = network + 2;
    }
    filtercode_place(writing->code, rare);
    write_rare(writing);
    filtercode_place(writing->code, mpls);
    write_mpls(writing, level);
    filtercode_place(writing->code, pppoe);
    write_pppoe(writing, level);
}

static void write_link(const struct filterwriting *writing, const struct filterlevel *level)
{
    switch (writing->path->link) {
    case FILTER_ETHERNET:
        /* The kernel has taken the outermost tag out of the packet: 12 is its inner type then. */
        write_ethertypes(writing, level, ETHERTYPE_AT, ETH_HLEN);
        return;
    case FILTER_COOKED:
        write_ethertypes(writing, level, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL), 0);
        return;
    case FILTER_HDLC:
        write_ethertypes(writing, level, HDLC_ETHERTYPE_AT, HDLC_SIZE);
        return;
    case FILTER_IP:
        filtercode_add(writing->code, BPF_LDX | BPF_IMM, 0);
        load(writing, BPF_B, 0);
        filtercode_add(writing->code, BPF_ALU | BPF_RSH | BPF_K, 4);
        if_equal(writing, 4, level->v4);
        filtercode_branch(writing->code, BPF_JEQ, 6, level->v6, FILTERCODE_DROP);
        return;
    }
}

void filterpath_write_lengths(struct filter_lengths lengths, struct filtercode *code)
{
    if (!lengths.least && !lengths.most)
        return;
    filtercode_add(code, BPF_LD | BPF_W | BPF_LEN, 0);
    if (lengths.most)
        filtercode_branch(code, BPF_JGT, lengths.most, FILTERCODE_DROP, FILTERCODE_NEXT);
    if (lengths.least)
        filtercode_branch(code, BPF_JGE, lengths.least, FILTERCODE_NEXT, FILTERCODE_DROP);
}

static struct filterlevel path_level_of(struct filtercode *code)
{
    return (struct filterlevel){
        .v4 = filtercode_label(code),
        .v6 = filtercode_label(code),
        .ethernet = FILTERCODE_PASS,
        .gre = FILTERCODE_PASS,
        .vxlan = FILTERCODE_PASS,
    };
}

void filterpath_write(const struct filterpath *path, struct filtercode *code)
{
    struct filterwriting writing = {path, code};
    struct filterlevel outer = path_level_of(code), inner;

    if (enters_any(&writing)) {
        inner = path_level_of(code);
        inner.ethernet = filtercode_label(code);
        outer.gre = filtercode_label(code);
        outer.vxlan = filtercode_label(code);
        outer.inside = &inner;
    }
    filterpath_write_lengths(path->lengths, code);
    write_link(&writing, &outer);
    filterlevel_write(&writing, &outer);
    if (enters_any(&writing))
        filtertunnel_write(&writing, &outer, &inner);
}
