/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of memos; number N is kept at N modulo the room.  A memo for which there was no memory is
 * lost to all who read.
 */
#include "daemon/control/event_ring.h"

#include <stdlib.h>

struct recent {
    size_t room;
    uint64_t end; /* events ever added */
    struct memo *memos[];
};

struct recent *recent_new(size_t room)
{
    struct recent *recent = calloc(1, sizeof(*recent) + room * sizeof(recent->memos[0]));

    if (recent)
        recent->room = room;
    return recent;
}

void recent_free(struct recent *recent)
{
    if (!recent)
        return;
    for (size_t i = 0; i < recent->room; i++)
        memo_free(recent->memos[i]);
    free(recent);
}

static void add_one(struct recent *recent, const struct event *event)
{
    struct memo **place = &recent->memos[recent->end++ % recent->room];

    memo_free(*place);
    *place = memo_new(event);
}

void recent_add(struct recent *recent, const struct event *event)
{
    const struct sighting *sighting = event->kind == EVENT_REFUSED ? event->sighting : NULL;
    unsigned count = sighting && !event->address ? sighting->address_count : 0;
    struct event one = *event;

    if (count == 0)
        add_one(recent, event);
    for (unsigned i = 0; i < count; i++) {
        one.address = &sighting->addresses[i].address;
        one.record = (enum record_type)sighting->addresses[i].record;
        add_one(recent, &one);
    }
}

uint64_t recent_end(const struct recent *recent)
{
    return recent->end;
}

uint64_t recent_begin(const struct recent *recent)
{
    return recent->end > recent->room ? recent->end - recent->room : 0;
}

const struct memo *recent_next(const struct recent *recent, uint64_t *number, uint64_t *lost)
{
    uint64_t begin = recent_begin(recent);
    uint64_t at = *number;

    *lost = at < begin ? begin - at : 0;
    if (at < begin)
        at = begin;
    while (at < recent->end) {
        const struct memo *memo = recent->memos[at++ % recent->room];
        *number = at;
        if (memo)
            return memo;
        (*lost)++;
    }
    *number = at;
    return NULL;
}
