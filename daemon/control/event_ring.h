/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last so many events, numbered: what `explain` looks through, and what those who watch read,
 * each at its own pace.  Adding one never waits: the oldest makes room.
 */
#ifndef WILDSET_DAEMON_CONTROL_EVENT_RING_H
#define WILDSET_DAEMON_CONTROL_EVENT_RING_H

#include "daemon/control/memo.h"

#include <stddef.h>
#include <stdint.h>

struct recent;

/* NULL when out of memory. */
struct recent *recent_new(size_t room);
void recent_free(struct recent *recent);
/* A refusal that names no address of its own but holds some is one for each of them. */
void recent_add(struct recent *recent, const struct event *event);
/* The number that the next event gets: one who reads from there on reads what is new. */
uint64_t recent_end(const struct recent *recent);
/* The number of the oldest that is kept. */
uint64_t recent_begin(const struct recent *recent);
/*
 * The first event from *number on, which moves behind it; NULL when there is none.  *lost gets how
 * many there were before it and are gone.  Valid until the next recent_add.
 */
const struct memo *recent_next(const struct recent *recent, uint64_t *number, uint64_t *lost);

#endif
