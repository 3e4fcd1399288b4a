/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The servers that answered.  Looked through from its beginning: there are few, and they are noted
 * behind the answer's transaction.
 */
#include "daemon/resolvers.h"

#include <string.h>

/* Whoever forges senders can fill the table; one who was believed stays before those who never
 * were.
 */
static bool is_lesser(const struct resolver_seen *a, const struct resolver_seen *b)
{
    return a->answers != b->answers ? a->answers < b->answers : a->seen_ns < b->seen_ns;
}

static struct resolver_seen *place_make(struct resolvers *resolvers)
{
    struct resolver_seen *least = &resolvers->seen[0];

    if (resolvers->count < RESOLVERS_SEEN_MAX)
        return &resolvers->seen[resolvers->count++];
    for (size_t i = 1; i < resolvers->count; i++) {
        if (is_lesser(&resolvers->seen[i], least))
            least = &resolvers->seen[i];
    }
    return least;
}

static struct resolver_seen *place_of(struct resolvers *resolvers, const struct address *address)
{
    for (size_t i = 0; i < resolvers->count; i++) {
        if (address_equal(&resolvers->seen[i].address, address))
            return &resolvers->seen[i];
    }

    struct resolver_seen *place = place_make(resolvers);
    *place = (struct resolver_seen){.address = *address};
    return place;
}

void resolvers_note(struct resolvers *resolvers, const struct sighting *sighting,
                    enum reason reason, uint64_t now_ns)
{
    if (sighting->resolver.family == ADDRESS_NONE || reason == REASON_DUPLICATE)
        return;

    struct resolver_seen *place = place_of(resolvers, &sighting->resolver);
    place->answers += reason == REASON_NONE;
    place->untrusted += reason == REASON_UNTRUSTED_RESOLVER;
    place->alarms += reason == REASON_EXTRA_ANSWER;
    place->refused += reason != REASON_NONE && reason != REASON_UNTRUSTED_RESOLVER &&
                      reason != REASON_EXTRA_ANSWER;
    place->seen_ns = now_ns;
    memcpy(place->interface, sighting->interface, sizeof(place->interface));
}
