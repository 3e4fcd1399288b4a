/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All patterns of all whitelists, and the derived names alive, made ready to be asked "may this
 * name matter?" once for each packet.  Built once; a question costs nanoseconds and does not grow
 * with the number of patterns (a hash of each suffix of the name is looked up).
 */
#ifndef WILDSET_DNSPARSE_NAMES_MATCHER_H
#define WILDSET_DNSPARSE_NAMES_MATCHER_H

#include "dnsparse/names/pattern.h"

#include <stddef.h>
#include <stdint.h>

enum {
    WHITELISTS_MAX = 64
}; /* a set of whitelists is one 64-bit mask; the configuration refuses a 65th */

/* Bit N stands for whitelist N in the order of the configuration. */
typedef uint64_t whitelist_mask;

/* One pattern of one whitelist. */
struct whitelist_pattern {
    struct pattern pattern;
    uint8_t whitelist; /* 0..WHITELISTS_MAX-1 */
};

struct matcher;

/* Copies the patterns.  Returns NULL when out of memory. */
struct matcher *matcher_new(const struct whitelist_pattern *patterns, size_t count);
void matcher_free(struct matcher *matcher);

/* The whitelists that have a pattern that matches the name. */
whitelist_mask matcher_find(const struct matcher *matcher, const struct dname *name);
/*
 * The same straight from the wire, any case, `size` bytes of a well-formed uncompressed name: no
 * copy, and a quick no for nearly all names.  This is the hot path.
 */
whitelist_mask matcher_find_wire(const struct matcher *matcher, const uint8_t *wire, size_t size);

#endif
