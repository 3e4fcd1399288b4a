/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing classic BPF with labels.  All jumps go forward; where one is too far for a conditional
 * jump (255 instructions) a nearer way there is used, or made.
 */
#ifndef WILDSET_SNIFFER_FILTER_FILTERCODE_H
#define WILDSET_SNIFFER_FILTER_FILTERCODE_H

#include <stdbool.h>
#include <stdint.h>

enum { FILTER_PROGRAM_MAX = 4096 }; /* BPF_MAXINSNS: the kernel takes no longer one */

/* Laid out like struct sock_filter and libpcap's struct bpf_insn. */
struct filter_instruction {
    uint16_t code;
    uint8_t if_true, if_false;
    uint32_t k;
};

struct filter_program {
    unsigned count;
    struct filter_instruction instructions[FILTER_PROGRAM_MAX];
};

/* Where a jump goes: one of these, or a label of filtercode_label. */
enum filtercode_target {
    FILTERCODE_NEXT, /* on */
    FILTERCODE_PASS, /* the packet passes, whole */
    FILTERCODE_DROP,
    FILTERCODE_LABELS, /* the first label */
};

struct filtercode;

/* NULL when out of memory. */
struct filtercode *filtercode_new(void);
void filtercode_free(struct filtercode *code);
/* Starts anew. */
void filtercode_clear(struct filtercode *code);

unsigned filtercode_label(struct filtercode *code);
/* The label is what comes next.  Once each, and behind every jump to it. */
void filtercode_place(struct filtercode *code, unsigned label);
/* Anything but a jump: BPF_LD | BPF_H | BPF_IND and the like. */
void filtercode_add(struct filtercode *code, uint16_t operation, uint32_t k);
/* BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET, with BPF_X or (0) with `k`. */
void filtercode_branch(struct filtercode *code, uint16_t comparison, uint32_t k, unsigned yes,
                       unsigned no);
void filtercode_go(struct filtercode *code, unsigned target);

/* The program; false when it has more than `most` instructions. */
bool filtercode_finish(struct filtercode *code, unsigned most, struct filter_program *out);

#endif
