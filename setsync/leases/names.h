/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names kept once, however many leases speak of them, and at their true length.
 */
#ifndef WILDSET_SETSYNC_LEASES_NAMES_H
#define WILDSET_SETSYNC_LEASES_NAMES_H

#include "dnsparse/names/dname.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct names;
struct kept_name; /* compared by its address: there is one for each name */

/* 0 or -errno. */
int names_new(struct names **out);
/* All that was taken has to have been let go. */
void names_free(struct names *names);

/* The name, one reference more; NULL for the unknown one, of length 0.  0 or -ENOMEM. */
int names_take(struct names *names, const struct dname *name, struct kept_name **out);
/* One reference more, or less; NULL is nothing. */
struct kept_name *names_hold(struct kept_name *kept);
void names_drop(struct names *names, struct kept_name *kept);
/* No reference; NULL when nobody keeps it. */
struct kept_name *names_find(const struct names *names, const struct dname *name);

/* Of length 0 for NULL. */
struct dname kept_name_get(const struct kept_name *kept);
bool kept_name_equal(const struct kept_name *kept, const struct dname *name);

/* By this table's secret key. */
uint64_t names_hash(const struct names *names, const void *bytes, size_t size);

#endif
