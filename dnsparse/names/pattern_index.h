/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of patterns made ready to be asked "which one?": by the labels of a name, not by walking
 * the list, so that 50 000 patterns cost what a few do.  The matcher answers "which whitelists?".
 */
#ifndef WILDSET_DNSPARSE_NAMES_PATTERN_INDEX_H
#define WILDSET_DNSPARSE_NAMES_PATTERN_INDEX_H

#include "dnsparse/names/pattern.h"

#include <stddef.h>

struct patternindex;

/* Borrows the patterns, which have to stay where they are.  NULL when out of memory. */
struct patternindex *patternindex_new(const struct pattern *patterns, size_t count);
void patternindex_free(struct patternindex *index);

/* The first one in the list's order that matches the name, or NULL. */
const struct pattern *patternindex_match(const struct patternindex *index,
                                         const struct dname *name);
/* The one that is equal, or NULL. */
const struct pattern *patternindex_find(const struct patternindex *index,
                                        const struct pattern *pattern);
/* How many patterns are compared to find this name's: what a look-up costs. */
unsigned patternindex_steps(const struct patternindex *index, const struct dname *name);

#endif
