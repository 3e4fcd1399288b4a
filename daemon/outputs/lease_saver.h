/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the leases on disk: at most every ten seconds, sooner when one was taken back on purpose,
 * and at the end.  A child writes what it inherited, so that no answer waits for a disk.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_LEASE_SAVER_H
#define WILDSET_DAEMON_OUTPUTS_LEASE_SAVER_H

#include "daemon/outputs/output.h"

#define SAVER_FOLDER "/var/lib/wildset"
#define SAVER_FILE "leases"

extern const struct output lease_saver_output;

#endif
