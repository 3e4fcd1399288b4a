/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How this kernel refreshes elements.
 */
#ifndef WILDSET_SETSYNC_WRITER_PROBE_H
#define WILDSET_SETSYNC_WRITER_PROBE_H

#include "setsync/setsync_state.h"

/* Finds out, off the hot path, whether this kernel refreshes in place. */
void probe_run(struct setsync *sync, const struct moment *now);

#endif
