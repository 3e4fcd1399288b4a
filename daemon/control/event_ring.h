/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last so many events, numbered: what `explain` looks through, and what those who watch read,
 * each at its own pace.  Adding one never waits: the oldest makes room.  They are kept as JSON,
 * since what an event borrows does not outlive it.
 */
#ifndef WILDSET_DAEMON_CONTROL_EVENT_RING_H
#define WILDSET_DAEMON_CONTROL_EVENT_RING_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct event_ring;

/* NULL when out of memory. */
struct event_ring *event_ring_new(size_t room);
void event_ring_free(struct event_ring *ring);
/* A refusal that names no address of its own but holds some is one for each of them. */
void event_ring_add(struct event_ring *ring, const struct event *event);
/* The number that the next event gets: one who reads from there on reads what is new. */
uint64_t event_ring_end(const struct event_ring *ring);
/* The number of the oldest that is kept. */
uint64_t event_ring_begin(const struct event_ring *ring);
/*
 * The first event from *number on, which moves behind it: event_to_json's object and `event`,
 * granted, expired...; a new reference.  NULL when there is none.  *lost gets how many there were
 * before it and are gone.
 */
json_t *event_ring_next(const struct event_ring *ring, uint64_t *number, uint64_t *lost);

#endif
