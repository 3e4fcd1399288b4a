/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sets looked at, made and filled when that is due.
 */
#ifndef WILDSET_SETSYNC_UPKEEP_UPKEEP_H
#define WILDSET_SETSYNC_UPKEEP_UPKEEP_H

#include "setsync/setsync_state.h"

/* Looks at a set now, makes it if that is wanted, and writes all leases when it became right. */
void sets_check(struct setsync *sync, struct set *set, const struct moment *now);
/* Looks at each set whose time has come. */
void sets_run(struct setsync *sync, const struct moment *now);
uint64_t sets_due(const struct setsync *sync);

#endif
