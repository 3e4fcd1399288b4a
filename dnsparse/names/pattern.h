/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A name pattern of a whitelist: `name` is exact, `*.name` is one or more labels below and never
 * the name itself, `*` is every name.  Names compare by labels, without case.
 */
#ifndef WILDSET_DNSPARSE_NAMES_PATTERN_H
#define WILDSET_DNSPARSE_NAMES_PATTERN_H

#include "dnsparse/names/dname.h"

#include <stdbool.h>

enum pattern_kind {
    PATTERN_EXACT,
    PATTERN_BELOW,
    PATTERN_ANY,
};

enum { PATTERN_TEXT_MAX = DNAME_TEXT_MAX + 2 };

struct pattern {
    uint8_t kind;      /* enum pattern_kind */
    struct dname name; /* the root for PATTERN_ANY */
};

/*
 * A-labels only: U-labels are converted by the configuration before.  A `*` anywhere but as the
 * whole first label fails, and so does "*." alone.  Leaves *out alone on failure.
 */
bool pattern_from_text(const char *text, struct pattern *out);
const char *pattern_to_text(const struct pattern *pattern, char out[static PATTERN_TEXT_MAX]);
bool pattern_equal(const struct pattern *a, const struct pattern *b);
bool pattern_matches(const struct pattern *pattern, const struct dname *name);

#endif
