/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking over what the kernel still holds from an earlier run.
 */
#ifndef WILDSET_SETSYNC_UPKEEP_ADOPT_H
#define WILDSET_SETSYNC_UPKEEP_ADOPT_H

#include "setsync/setsync_state.h"

/* Reads a set's elements once and makes leases of those that are ours. */
void adopt_set(struct setsync *sync, struct set *set, const struct moment *now);
/* The state file names an element whose grant is none any more. */
void adopt_note(struct setsync *sync, struct set *set, const struct address *address,
                uint64_t end_ns);
/* When all sets have been read: those elements go, as far as they are still ours. */
void adopt_end(struct setsync *sync, const struct moment *now);

#endif
