/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements that look like ours and that no lease stands for.
 */
#ifndef WILDSET_SETSYNC_UPKEEP_STRAY_H
#define WILDSET_SETSYNC_UPKEEP_STRAY_H

#include "setsync/setsync_state.h"

/* An element without a lease: would it be one of ours, by its set, or by the name in its comment?
 */
bool stray_is_ours(const struct setsync *sync, const struct set *set,
                   const struct nftset_element *element);
/* Others changed something: the sets are to be walked through. */
void stray_look_soon(struct setsync *sync, uint64_t now_ns);
/* A step of that walk, when one is due. */
void stray_run(struct setsync *sync, const struct moment *now);
/* The list of sets is about to change, or to end. */
void stray_stop(struct setsync *sync);

#endif
