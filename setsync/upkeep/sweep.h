/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * After someone's change: is all still there?
 */
#ifndef WILDSET_SETSYNC_UPKEEP_SWEEP_H
#define WILDSET_SETSYNC_UPKEEP_SWEEP_H

#include "setsync/setsync_state.h"

/* Someone changed the ruleset: is all still there?  What is not is written again. */
void sweep_compare(struct setsync *sync, const struct moment *now);
/* Without notifications: has the ruleset changed since it was asked last? */
void sweep_poll(struct setsync *sync, const struct moment *now);
/* A slice of the look at every lease's element that follows, when one is due. */
void sweep_run(struct setsync *sync, const struct moment *now);

#endif
