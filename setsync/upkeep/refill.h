/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a set's leases again.
 */
#ifndef WILDSET_SETSYNC_UPKEEP_REFILL_H
#define WILDSET_SETSYNC_UPKEEP_REFILL_H

#include "setsync/setsync_state.h"

/*
 * All leases of a set that need it, after a take-over only what is new: at once, and of a large set
 * a little at a time from then on.
 */
void refill_all(struct setsync *sync, struct set *set, bool is_fresh, const struct moment *now);
/* A little more of the large ones. */
void refill_run(struct setsync *sync, const struct moment *now);
/* What a full set did not take: as much of it as fits by now. */
void refill_held(struct setsync *sync, struct set *set, const struct moment *now);

#endif
