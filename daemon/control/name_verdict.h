/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the patterns of a whitelist make of a name: which one matches, or which come near.  Needs no
 * daemon: `explain` and `test` say the same.
 */
#ifndef WILDSET_DAEMON_CONTROL_NAME_VERDICT_H
#define WILDSET_DAEMON_CONTROL_NAME_VERDICT_H

#include "dnsparse/names/dname.h"
#include "setsync/policy/whitelist.h"

#include <jansson.h>
#include <stddef.h>

enum { VERDICT_PATTERNS_LOOKED = 4096 }; /* that may come near, in all whitelists together */

/* Puts "pattern", or "near": an array of {"pattern", "near"}, the nearest first.  `budget`: how
 * many patterns may still be looked at for that. */
void put_verdict(json_t *object, const struct whitelist *whitelist, const struct dname *name,
                 size_t *budget);

#endif
