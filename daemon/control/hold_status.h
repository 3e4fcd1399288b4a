/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How packets fare that wait for their address, as a member of `status`:
 *
 *   {"state":"off|unbound|paused|ready", "problem", "queue", "most_us", "least_us", "waiting",
 * "fed", "ready_for", "granted_since", "packets", "outcomes":{"at_once", "found", "without",
 *    "time_up", "no_room", "not_held", "overrun", "dropped"}, "missed", "pauses",
 *    "waits":histogram, "wait_most_us", "catch_ups":{"count", "mean_us", "most_us"},
 *    "late_copies":{"count", "most_us"}}
 *
 * Of "off" there is the state only.
 */
#ifndef WILDSET_DAEMON_CONTROL_HOLD_STATUS_H
#define WILDSET_DAEMON_CONTROL_HOLD_STATUS_H

#include "base/clock.h"

#include <jansson.h>

struct hold;

/* A new reference. */
json_t *hold_to_json(const struct hold *hold, const struct moment *now);

#endif
