/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed of each whitelist that has one, and its file.  A change is written at most once a
 * second, by a child, so that no answer waits for a disk.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_FEEDS_H
#define WILDSET_DAEMON_OUTPUTS_FEEDS_H

#include "daemon/outputs/output.h"

/*
 * A file that no whitelist names any more is emptied: whoever goes on fetching it must not allow
 * for ever what was in it last.  Nothing may name the file that keeps the leases.
 */
extern const struct output feeds_output;

#endif
