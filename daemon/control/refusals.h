/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to do about refusals that cost addresses, by reason.
 */
#ifndef WILDSET_DAEMON_CONTROL_REFUSALS_H
#define WILDSET_DAEMON_CONTROL_REFUSALS_H

#include "source/reason.h"

/*
 * NULL where nothing is lost by it, or where a finding of its own says it.  Never that something
 * else should be trusted: what was refused may have been refused rightly.
 */
const char *refusals_advice(enum reason reason);

#endif
