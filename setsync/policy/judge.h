/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sighting may claim, judged as if its sender were hostile.
 */
#ifndef WILDSET_SETSYNC_POLICY_JUDGE_H
#define WILDSET_SETSYNC_POLICY_JUDGE_H

#include "dnsparse/names/derived.h"
#include "dnsparse/names/matcher.h"
#include "setsync/policy/whitelist.h"
#include "source/message.h"

/* What it is judged by. */
struct judge {
    const struct whitelist *whitelists;
    size_t whitelist_count;
    struct matcher *matcher;         /* all their patterns */
    whitelist_mask chain_whitelists; /* those with match = "chain" */
    struct derived *derived;
};

/* One whitelist that a sighting feeds, and why. */
struct verdict {
    unsigned whitelist;
    unsigned steps; /* answers between the pattern and the question: 0 is the question */
    const struct pattern *pattern;
    struct dname name; /* what the pattern matched */
};
/* The whitelists that it feeds, in their order.  How many. */
unsigned judge_sighting(const struct judge *judge, const struct sighting *sighting, uint64_t now_ns,
                        struct verdict out[static WHITELISTS_MAX]);

#endif
