/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state file: leases that outlive a reboot.
 */
#ifndef WILDSET_SETSYNC_STATE_STATEFILE_H
#define WILDSET_SETSYNC_STATE_STATEFILE_H

#include "setsync/setsync_state.h"

/* Before the sets are looked at; a file that is not good is set aside, and that is said. */
void statefile_load(struct setsync *sync, const char *path, const struct moment *now);
/* As setsync_save. */
int statefile_save(const struct setsync *sync, const char *path, const struct moment *now);

#endif
