/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a request of the control socket is answered, as JSON.  No sockets here.
 */
#ifndef WILDSET_DAEMON_CONTROL_REPLY_H
#define WILDSET_DAEMON_CONTROL_REPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct daemon_views;
struct explanation;
struct listing;
struct event_ring;

/* What there is still to say to one client; at most one of them. */
struct reply_rest {
    struct listing *listing;
    struct explanation *explanation;
    uint64_t reload; /* the one that is waited for; 0: none */
    bool watching;
    uint64_t event; /* watching: the number of the next one */
};

struct reply_terms {
    const struct daemon_views *views;
    bool may_forget;
    bool may_watch;                    /* there is room for one more who does */
    const struct event_ring *refusals; /* the last ones */
    const struct event_ring *waits;    /* of packets, too */
    const struct event_ring *news;     /* what those who watch are told; NULL while nobody does */
};

/*
 * The answer to the bytes of one packet; the error that a bad one gets.  NULL when all of it is in
 * *rest, or, with *rest empty, when out of memory.
 */
json_t *reply_make(const char *bytes, size_t size, const struct reply_terms *terms,
                   struct reply_rest *rest);
/*
 * The next object of the rest, which is empty after the last one.  NULL when there is none for now:
 * those who watch have heard everything, for others this turn's work is done.
 */
json_t *reply_next(struct reply_rest *rest, const struct reply_terms *terms);
bool reply_rest_is_empty(const struct reply_rest *rest);
void reply_rest_free(struct reply_rest *rest);
json_t *reply_error(const char *error);

#endif
