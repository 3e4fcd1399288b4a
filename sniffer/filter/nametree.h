/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A decision tree over the last bytes of a question's name, four at a time, for the kernel's
 * filter. A superset: a pattern for what is below a name takes the name itself too, and a byte in
 * the middle of a label may pass for the length of one.
 */
#ifndef WILDSET_SNIFFER_FILTER_NAMETREE_H
#define WILDSET_SNIFFER_FILTER_NAMETREE_H

#include "sniffer/filter/filtercode.h"
#include "sniffer/filter/nametails.h"

enum {
    NAMETREE_WORDS_MAX = 64, /* all of a name */
    /*
     * The tree starts with X so many bytes before the name's last, its zero, and is never further
     * back than what stands before a name: IPv4, UDP and DNS headers are 40 bytes at least.
     */
    NAMETREE_BACK = 39,
};

struct nametree {
    unsigned words; /* compare so many and trust the rest */
    uint32_t start; /* the cell of scratch memory with the offset of the name's first byte: it is
                       read when nametails_have_exact */
    unsigned no;    /* where to go with a name that is none of them; the others pass */
};

/* Every way ends in a jump. */
void nametree_write(const struct nametree *tree, const struct nametails *tails,
                    struct filtercode *code);

#endif
