/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names that are kept resolved: each is looked up at once, and again before its records end,
 * for as long as a whitelist wants it.
 */
#ifndef WILDSET_REGISTRY_RESOLVE_HOSTS_H
#define WILDSET_REGISTRY_RESOLVE_HOSTS_H

#include "registry/plan.h"
#include "registry/resolve/resolver.h"

enum hosts_origin {
    HOSTS_FROM_NAMES, /* the configuration's names without "*" */
    HOSTS_FROM_LIST,
    HOSTS_ORIGINS,
};

struct hosts_hooks {
    /* `question` is the name, or where its chain led to. */
    void (*answer)(void *context, const struct dname *question, const struct lookup_result *result);
    void *context;
};

struct hosts_count {
    uint32_t names;
    uint32_t unresolved;                 /* of these: the last lookup failed or found no address */
    const struct dname *unresolved_name; /* the first of those; NULL: none */
};

struct hosts;

/* Borrows the plan. */
int hosts_new(struct loop *loop, struct resolver *resolver, const struct registry_plan *plan,
              const struct hosts_hooks *hooks, struct hosts **out);
/* These and no others, for this whitelist and origin.  0, or -ENOMEM with some left out. */
int hosts_set(struct hosts *hosts, unsigned whitelist, enum hosts_origin origin,
              const struct dname *names, size_t count);
struct hosts_count hosts_count(const struct hosts *hosts, unsigned whitelist);

#endif
