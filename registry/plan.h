/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the registry process is told to do: for each whitelist its list and its names, and whom to
 * ask.  The daemon seals it into a memfd and passes that at exec; `wildset registry` builds the
 * same in memory.
 */
#ifndef WILDSET_REGISTRY_PLAN_H
#define WILDSET_REGISTRY_PLAN_H

#include "dnsparse/names/address.h"
#include "dnsparse/names/matcher.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REGISTRY_PATTERNS_MAX = 65536,
    REGISTRY_RESOLVERS_MAX = 16,
    REGISTRY_NAME_MAX = 32,  /* a whitelist's name and its NUL */
    REGISTRY_URL_MAX = 2048, /* with its NUL */
    REGISTRY_CA_MAX = PATH_MAX,
};

/* One whitelist, in the configuration's order: its place is its index. */
struct registry_whitelist {
    char name[REGISTRY_NAME_MAX];
    char url[REGISTRY_URL_MAX]; /* "https://..."; "": no list */
    char ca[REGISTRY_CA_MAX];   /* a file of certificates; "": the system's */
    uint32_t interval;          /* seconds between polls, at least 1 */
    uint32_t keep;              /* seconds that the last good list stays in force */
    uint32_t shrink;            /* per cent that may vanish at once */
    uint32_t ttl_min, ttl_max, grace;
    uint8_t takes_addresses;
    uint8_t resolves;  /* its names without "*" */
    uint8_t follows;   /* follow = "across" */
    uint8_t discovers; /* dns64 = "discover": ipv4only.arpa (RFC 7050) */
};

/* All arrays are borrowed; an empty one may be NULL. */
struct registry_plan {
    const struct registry_whitelist *whitelists;
    size_t whitelist_count; /* at most WHITELISTS_MAX */
    const struct whitelist_pattern *patterns;
    size_t pattern_count;
    const struct address *resolvers; /* none: the system's */
    size_t resolver_count;
};

/* Whether there is anything to do: a list, or a name to resolve. */
bool registry_plan_is_needed(const struct registry_plan *plan);

/* A sealed, read-only memfd with the plan; close-on-exec.  The descriptor or -errno. */
int registry_plan_seal(const struct registry_plan *plan);
/* As plan_open of sniffer/plan.h: 0, -EBADMSG when it is not a plan, or -errno. */
int registry_plan_open(int fd, struct registry_plan *out);
/* The checks of registry_plan_open on bytes, aligned as by malloc; the arrays lie in them. */
bool registry_plan_read(const void *bytes, size_t size, struct registry_plan *out);

#endif
