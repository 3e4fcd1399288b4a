/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which leases `list` is to show: by name, source and client.
 */
#ifndef WILDSET_CLIENT_COMMANDS_LEASE_FILTER_H
#define WILDSET_CLIENT_COMMANDS_LEASE_FILTER_H

#include "client/options.h"

#include "dnsparse/names/address.h"
#include "dnsparse/names/pattern.h"

#include <jansson.h>

struct lease_filter {
    struct pattern name;   /* where by_name */
    const char *source;    /* NULL: any */
    struct prefix clients; /* without family: any */
    bool by_name;
};

/* NULL, or what is wrong with an option. */
const char *lease_filter_make(const struct options *options, struct lease_filter *out);
/* By what a row holds. */
bool lease_filter_takes(const struct lease_filter *filter, const char *name, const char *source);
/* By who asked for it, which only the lease as JSON holds. */
bool lease_filter_takes_clients(const struct lease_filter *filter, const json_t *lease);
/* Whether it passes all. */
bool lease_filter_is_empty(const struct lease_filter *filter);

#endif
