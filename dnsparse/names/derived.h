/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Derived names: a chain that began at a matching question ended, for now, at a name for which the
 * answer held no address.  Until its TTL ends that name counts as a question name itself.  The
 * sniffer and the daemon keep the same table: the daemon trusts only what its own says.
 */
#ifndef WILDSET_DNSPARSE_NAMES_DERIVED_H
#define WILDSET_DNSPARSE_NAMES_DERIVED_H

#include "dnsparse/names/dname.h"
#include "dnsparse/names/matcher.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DERIVED_PER_WHITELIST = 64, /* the one nearest to its end makes room */
    DERIVED_STEPS_MAX = 16,     /* answers between the pattern and the name */
    DERIVED_MAX = WHITELISTS_MAX * DERIVED_PER_WHITELIST,
};

struct derived_name {
    struct dname name;
    struct dname root;   /* the question that matched a pattern */
    uint64_t expires_ns; /* on the clock that the caller uses */
    uint8_t whitelist;
    uint8_t steps; /* 1: named by an answer to `root` itself */
};

struct derived;

struct derived *derived_new(void);
void derived_free(struct derived *derived);

/*
 * Enters or extends (never shortens) a name.  Returns false, and changes nothing, when `steps` is
 * past DERIVED_STEPS_MAX.
 */
bool derived_add(struct derived *derived, const struct derived_name *name, uint64_t now_ns);
/* Ends the name, and those that were derived from it as their root. */
void derived_end(struct derived *derived, const struct dname *name);
/* The whitelists for which the name is derived and alive; cheap when none is. */
whitelist_mask derived_find(struct derived *derived, const struct dname *name, uint64_t now_ns);
/* The same straight from the wire, any case, `size` bytes of a well-formed uncompressed name. */
whitelist_mask derived_find_wire(const struct derived *derived, const uint8_t *wire, size_t size,
                                 uint64_t now_ns);
/* The entry for one whitelist, or NULL.  Valid until the next derived_add. */
const struct derived_name *derived_get(struct derived *derived, const struct dname *name,
                                       uint8_t whitelist, uint64_t now_ns);
/* Copies of those alive, at most `most`; how many.  In no order. */
size_t derived_list(const struct derived *derived, uint64_t now_ns, struct derived_name *out,
                    size_t most);
unsigned derived_count(const struct derived *derived, uint64_t now_ns);

#endif
