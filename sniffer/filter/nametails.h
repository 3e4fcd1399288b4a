/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names that matter, sorted by their words of four bytes from the right, so that those which
 * share an end lie together.  Bit 5 of each byte is set: that folds the letters, and confuses a few
 * other bytes with each other, which a filter may.
 */
#ifndef WILDSET_SNIFFER_FILTER_NAMETAILS_H
#define WILDSET_SNIFFER_FILTER_NAMETAILS_H

#include "dnsparse/names/dname.h"
#include "dnsparse/names/matcher.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    NAMETAILS_MAX = 2048,     /* more than fit into a program */
    NAMETAILS_EXTRA_MAX = 16, /* names for a while */
    NAMETAIL_WORD = 4,
    NAMETAIL_FOLD = 0x20,
};

struct nametail {
    struct dname name;
    bool exact; /* otherwise what is below it, and it too */
};

struct nametails;

/*
 * Copies what it needs; a name below another pattern's is left out.  NULL when out of memory.  When
 * there are too many, or one is "*", nametails_are_usable says no.
 */
struct nametails *nametails_new(const struct whitelist_pattern *patterns, size_t count);
void nametails_free(struct nametails *tails);
/* Otherwise every name has to pass. */
bool nametails_are_usable(const struct nametails *tails);
/* One of the patterns is "*". */
bool nametails_have_any(const struct nametails *tails);
/* Some are exact. */
bool nametails_have_exact(const struct nametails *tails);
/* Exact names beside the patterns, in place of those before; false when they are too many. */
bool nametails_set_extra(struct nametails *tails, const struct dname *names, size_t count);

/* In order: a name that ends within the next word comes before those that fill it. */
unsigned nametails_count(const struct nametails *tails);
const struct nametail *nametails_at(const struct nametails *tails, unsigned index);

/* Folded, the last one first. */
static inline uint8_t nametail_byte(const struct nametail *tail, unsigned index)
{
    return tail->name.wire[tail->name.length - 1u - index] | NAMETAIL_FOLD;
}

/* `size` bytes left of the last `from`, as the kernel loads them. */
static inline uint32_t nametail_bytes(const struct nametail *tail, unsigned from, unsigned size)
{
    uint32_t bytes = 0;

    for (unsigned i = size; i-- > 0;)
        bytes = bytes << 8 | nametail_byte(tail, from + i);
    return bytes;
}

/* Bytes left of the last `words`. */
static inline unsigned nametail_rest(const struct nametail *tail, unsigned words)
{
    return tail->name.length - NAMETAIL_WORD * words;
}

#endif
