/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The servers that answered.  Looked through from its beginning: there are few, and they are noted
 * behind the answer's transaction.
 */
#include "source/resolvers_seen.h"

#include <string.h>

enum { TOLD_AN_HOUR = 12 };

#define NS_PER_MINUTE (60 * UINT64_C(1000000000))
#define NS_PER_HOUR (60 * NS_PER_MINUTE)
#define FINDING_NS (24 * NS_PER_HOUR)

/* Whoever forges senders can fill the table: one who was trusted stays before those who never
 * were, and one that is really asked before those that were asked once.
 */
static bool is_lesser(const struct resolver_seen *a, const struct resolver_seen *b)
{
    if (a->answers != b->answers)
        return a->answers < b->answers;
    if (a->minutes != b->minutes)
        return a->minutes < b->minutes;
    if (a->client_count != b->client_count)
        return a->client_count < b->client_count;
    return a->seen_ns < b->seen_ns;
}

static bool is_from(const struct resolver_seen *seen, const struct address *client)
{
    return seen->answers == 0 && seen->client_count > 0 && address_equal(&seen->clients[0], client);
}

/* The least of all; of this client's, when `client` is not NULL. */
static struct resolver_seen *least_of(struct resolvers *resolvers, const struct address *client)
{
    struct resolver_seen *least = NULL;

    for (size_t i = 0; i < resolvers->count; i++) {
        struct resolver_seen *seen = &resolvers->seen[i];

        if ((!client || is_from(seen, client)) && (!least || is_lesser(seen, least)))
            least = seen;
    }
    return least;
}

/* Its own, or one made for it: a stranger's client has only a share of the table. */
static struct resolver_seen *place_of(struct resolvers *resolvers, const struct sighting *sighting,
                                      bool stranger)
{
    const struct address *client = &sighting->client;
    struct resolver_seen *place;
    unsigned of_client = 0;

    for (size_t i = 0; i < resolvers->count; i++) {
        if (address_equal(&resolvers->seen[i].address, &sighting->resolver))
            return &resolvers->seen[i];
        of_client += stranger && is_from(&resolvers->seen[i], client);
    }
    if (of_client >= RESOLVERS_OF_A_CLIENT)
        place = least_of(resolvers, client);
    else if (resolvers->count < RESOLVERS_SEEN_MAX)
        place = &resolvers->seen[resolvers->count++];
    else
        place = least_of(resolvers, NULL);
    *place = (struct resolver_seen){.address = sighting->resolver};
    return place;
}

static void note_stranger(struct resolver_seen *seen, const struct sighting *sighting,
                          uint64_t now_ns)
{
    uint64_t minute = now_ns / NS_PER_MINUTE;
    unsigned client = 0;

    seen->unnamed += sighting->stranger == STRANGER_UNNAMED;
    seen->elsewhere += sighting->stranger == STRANGER_ELSEWHERE;
    seen->name = sighting->question;
    seen->minutes += seen->minutes == 0 || seen->minute != minute;
    seen->minute = minute;
    while (client < seen->client_count && !address_equal(&seen->clients[client], &sighting->client))
        client++;
    if (client == RESOLVER_CLIENTS_MAX)
        seen->more_clients = true;
    else if (client == seen->client_count)
        seen->clients[seen->client_count++] = sighting->client;
}

struct resolver_seen *resolvers_note(struct resolvers *resolvers, const struct sighting *sighting,
                                     enum reason reason, uint64_t now_ns)
{
    bool untrusted = reason == REASON_UNTRUSTED_RESOLVER;

    if (sighting->resolver.family == ADDRESS_NONE || reason == REASON_DUPLICATE ||
        (untrusted && sighting->stranger == STRANGER_UNKNOWN))
        return NULL;

    struct resolver_seen *place = place_of(resolvers, sighting, untrusted);
    place->answers += reason == REASON_NONE;
    place->alarms += reason == REASON_EXTRA_ANSWER;
    place->refused += reason != REASON_NONE && !untrusted && reason != REASON_EXTRA_ANSWER;
    place->seen_ns = now_ns;
    memcpy(place->interface, sighting->interface, sizeof(place->interface));
    if (!untrusted)
        return NULL;
    note_stranger(place, sighting, now_ns);
    return place;
}

void resolvers_ranked(const struct resolvers *resolvers,
                      const struct resolver_seen *out[static RESOLVERS_SEEN_MAX])
{
    for (size_t i = 0; i < resolvers->count; i++) {
        size_t at = i;

        for (; at > 0 && is_lesser(out[at - 1], &resolvers->seen[i]); at--)
            out[at] = out[at - 1];
        out[at] = &resolvers->seen[i];
    }
}

enum resolver_finding resolver_finding(const struct resolver_seen *seen, bool believed,
                                       uint64_t now_ns)
{
    if (now_ns - seen->seen_ns >= FINDING_NS)
        return RESOLVER_FINE;
    if (!believed)
        return seen->unnamed > 0 ? RESOLVER_UNNAMED : RESOLVER_FINE;
    return seen->elsewhere > 0 && seen->answers == 0 ? RESOLVER_ELSEWHERE : RESOLVER_FINE;
}

bool resolvers_may_tell(struct resolvers *resolvers, struct resolver_seen *seen, uint64_t now_ns)
{
    uint64_t hour = now_ns / NS_PER_HOUR;

    if (seen->told)
        return false;
    if (hour != resolvers->told_hour)
        resolvers->told = 0;
    resolvers->told_hour = hour;
    seen->told = resolvers->told < TOLD_AN_HOUR;
    resolvers->told += seen->told;
    return seen->told;
}
