/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sightings to leases.  Nothing is told before the kernel has what events speak of.
 */
#ifndef WILDSET_SETSYNC_GRANT_H
#define WILDSET_SETSYNC_GRANT_H

#include "setsync/policy/judge.h"
#include "setsync/setsync_state.h"

void grant_sighting(struct setsync *sync, enum source source, const struct sighting *sighting,
                    const struct moment *now);
/* Takes a lease out of the table and notes why; its element goes with the next transaction. */
void grant_remove(struct setsync *sync, struct lease *lease, enum event_kind kind,
                  const struct whitelist *whitelist, const struct moment *now);
/* Room for one more in a whitelist's quota and, for a new lease, in the set: true when there is. */
bool grant_make_room(struct setsync *sync, struct set *set, const struct whitelist *whitelist,
                     const struct quota_owner *owner, bool is_new, const struct moment *now);
/* Brings a whitelist's quota down to its limit, which may have become lower. */
void grant_trim(struct setsync *sync, const struct whitelist *whitelist, const struct moment *now);
/* The address's lease with this claim, too: `known`, or for NULL a new one.  NULL when out of
 * memory.
 */
struct lease *grant_claim(struct setsync *sync, struct set *set, const struct address *address,
                          struct lease *known, const struct lease_claim *claim);
/* Tells what happened and lets go of what was removed: after the transaction. */
void grant_tell(struct setsync *sync);

#endif
