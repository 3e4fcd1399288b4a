/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sets: which there are, and which whitelists feed them.
 */
#ifndef WILDSET_SETSYNC_SETS_SETS_H
#define WILDSET_SETSYNC_SETS_SETS_H

#include "setsync/setsync_state.h"

/* Adds the sets of these whitelists that are not in the list yet.  0 or -ENOMEM. */
int sets_prepare(struct setsync *sync, const struct whitelist *whitelists, size_t count);
/* Which sets of the list the whitelists feed; sets that stay keep their leases and state. */
void sets_build(struct setsync *sync);
/* Lets go of the sets that no whitelist feeds any more; they have no leases left. */
void sets_drop_unwanted(struct setsync *sync);
/* One that no whitelist feeds, and that something of ours may still be in; NULL without memory. */
struct set *sets_add_unwanted(struct setsync *sync, const struct set_name *name,
                              enum address_family family);
/* Sets in table inet wildset that bear the names of a whitelist that is none any more. */
void sets_find_left(struct setsync *sync);
void sets_free(struct setsync *sync);

#endif
