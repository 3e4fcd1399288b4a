/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A child that has a still picture of everything in here, and writes of it what takes a disk's
 * time.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_BACKGROUND_WRITE_H
#define WILDSET_DAEMON_OUTPUTS_BACKGROUND_WRITE_H

#include <sys/types.h>

/* As fork(2): 0 in the child, which ends with _exit(errno of what it did). */
pid_t snapshot_fork(void);
/* What a child that was waited for did: 0 or an errno. */
int snapshot_result(int wait_status);

#endif
