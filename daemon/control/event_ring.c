/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of texts; number N is kept at N modulo the room.  An event for which there was no memory
 * is lost to all who read.
 */
#include "daemon/control/event_ring.h"

#include "setsync/policy/event.h"
#include "source/json.h"

#include <stdlib.h>

struct event_ring {
    size_t room;
    uint64_t end; /* events ever added */
    char *texts[];
};

struct event_ring *event_ring_new(size_t room)
{
    struct event_ring *ring = calloc(1, sizeof(*ring) + room * sizeof(ring->texts[0]));

    if (ring)
        ring->room = room;
    return ring;
}

void event_ring_free(struct event_ring *ring)
{
    if (!ring)
        return;
    for (size_t i = 0; i < ring->room; i++)
        free(ring->texts[i]);
    free(ring);
}

/* A text is much smaller than its object; NULL, when memory is out, is one that was lost. */
static void event_ring_put(struct event_ring *ring, const struct event *event)
{
    char **place = &ring->texts[ring->end++ % ring->room];
    json_t *object = event_to_json(event);

    put_text(object, "event", event_kind_name(event->kind));
    free(*place);
    *place = json_dumps(object, JSON_COMPACT);
    json_decref(object);
}

void event_ring_add(struct event_ring *ring, const struct event *event)
{
    const struct sighting *sighting = event->kind == EVENT_REFUSED ? event->sighting : NULL;
    unsigned count = sighting && !event->address ? sighting->address_count : 0;
    struct event one = *event;

    if (count == 0)
        event_ring_put(ring, event);
    for (unsigned i = 0; i < count; i++) {
        one.address = &sighting->addresses[i].address;
        one.record = (enum record_type)sighting->addresses[i].record;
        event_ring_put(ring, &one);
    }
}

uint64_t event_ring_end(const struct event_ring *ring)
{
    return ring->end;
}

uint64_t event_ring_begin(const struct event_ring *ring)
{
    return ring->end > ring->room ? ring->end - ring->room : 0;
}

json_t *event_ring_next(const struct event_ring *ring, uint64_t *number, uint64_t *lost)
{
    uint64_t begin = event_ring_begin(ring);
    uint64_t at = *number;
    json_t *object = NULL;

    *lost = at < begin ? begin - at : 0;
    if (at < begin)
        at = begin;
    while (!object && at < ring->end) {
        const char *text = ring->texts[at++ % ring->room];

        object = text ? json_loads(text, 0, NULL) : NULL;
        *lost += !object;
    }
    *number = at;
    return object;
}
