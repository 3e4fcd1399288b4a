/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files that write filterpath.h's part of the filter share.  Headers are walked with X at
 * the one looked at, so that each kind is written once however the packet came there, and once more
 * for what is inside a tunnel.  A load outside the packet ends the program with "drop", which is
 * right for what is cut that short.
 */
#ifndef WILDSET_SNIFFER_FILTER_FILTERLEVEL_H
#define WILDSET_SNIFFER_FILTER_FILTERLEVEL_H

#include "sniffer/filter/filterpath.h"
#include "source/message.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

/* Where each header is dealt with, at one depth of tunnels; FILTERCODE_PASS: not here. */
struct filterlevel {
    unsigned v4, v6;                  /* X at the IP header */
    unsigned ethernet;                /* X at an Ethernet header inside a tunnel */
    unsigned gre;                     /* X at the GRE header */
    unsigned vxlan;                   /* X at the UDP header */
    const struct filterlevel *inside; /* NULL: this is inside a tunnel */
};

struct filterwriting {
    const struct filterpath *path;
    struct filtercode *code;
};

/* What a number leads to, where it is wanted. */
struct filterchoice {
    bool wanted;
    uint32_t number;
    unsigned target;
};

static inline void load(const struct filterwriting *writing, uint16_t size, uint32_t at)
{
    filtercode_add(writing->code, (uint16_t)(BPF_LD | BPF_IND | size), at);
}

static inline void if_equal(const struct filterwriting *writing, uint32_t value, unsigned target)
{
    filtercode_branch(writing->code, BPF_JEQ, value, target, FILTERCODE_NEXT);
}

static inline void if_bits(const struct filterwriting *writing, uint32_t bits, unsigned target)
{
    filtercode_branch(writing->code, BPF_JSET, bits, target, FILTERCODE_NEXT);
}

static inline void if_one_of(const struct filterwriting *writing,
                             const struct filterchoice *choices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (choices[i].wanted)
            if_equal(writing, choices[i].number, choices[i].target);
    }
}

static inline void go(const struct filterwriting *writing, unsigned target)
{
    filtercode_go(writing->code, target);
}

static inline void move_on(const struct filterwriting *writing, uint32_t size)
{
    filtercode_add(writing->code, BPF_MISC | BPF_TXA, 0);
    filtercode_add(writing->code, BPF_ALU | BPF_ADD | BPF_K, size);
    filtercode_add(writing->code, BPF_MISC | BPF_TAX, 0);
}

static inline void go_behind(const struct filterwriting *writing, uint32_t size, unsigned target)
{
    move_on(writing, size);
    go(writing, target);
}

static inline bool enters(const struct filterwriting *writing, enum encapsulation encapsulation)
{
    const struct tunnelrules *rules = writing->path->rules;

    return rules && rules->encapsulations >> encapsulation & 1;
}

static inline bool enters_any(const struct filterwriting *writing)
{
    return writing->path->rules && writing->path->rules->encapsulations;
}

/* IPv4, IPv6, UDP and TCP. */
void filterlevel_write(const struct filterwriting *writing, const struct filterlevel *level);
/* GRE, VXLAN and Ethernet on the way to the inner level. */
void filtertunnel_write(const struct filterwriting *writing, const struct filterlevel *outer,
                        const struct filterlevel *inner);

#endif
