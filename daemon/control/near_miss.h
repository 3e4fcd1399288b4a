/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a name misses a pattern that its administrator may have thought would match.  Pure.
 */
#ifndef WILDSET_DAEMON_CONTROL_NEAR_MISS_H
#define WILDSET_DAEMON_CONTROL_NEAR_MISS_H

#include "dnsparse/names/pattern.h"

/* The nearest first. */
enum nearness {
    NEARNESS_APEX,      /* *.a.example, and the name is a.example itself */
    NEARNESS_BELOW,     /* a.example, and the name is x.a.example */
    NEARNESS_LOOKALIKE, /* a.example, and the name is nota.example */
    NEARNESS_INSIDE,    /* a.example, and the name is a.example.evil.example */
    NEARNESS_ABOVE,     /* a.b.example, and the name is b.example */
    NEARNESS_SIBLING,   /* a.b.example, and the name is c.b.example */
    NEARNESS_NONE,
    NEARNESS_COUNT,
};

/* For a pattern that does not match. */
enum nearness nearness_judge(const struct pattern *pattern, const struct dname *name);
/* "apex"...: the word in JSON; "" for NEARNESS_NONE. */
const char *nearness_name(enum nearness nearness);

#endif
