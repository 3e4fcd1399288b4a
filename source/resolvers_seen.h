/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which servers have answered questions for names of the whitelists, and which of them are not
 * trusted: what an administrator needs to fill in `resolvers`.
 *
 * A small table, that nobody can crowd: of servers that are not trusted only those are entered
 * whose answer fits a question that was seen; when it is full, whoever taught least makes room, and
 * among those that are not trusted who was asked for the shortest time, by the fewest clients.  A
 * client that asks many has room for a few, and his own make room first.  Pure.
 */
#ifndef WILDSET_SOURCE_RESOLVERS_SEEN_H
#define WILDSET_SOURCE_RESOLVERS_SEEN_H

#include "source/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RESOLVERS_SEEN_MAX = 64,
    RESOLVERS_OF_A_CLIENT = 8, /* that are not trusted, and that he was the first to ask */
    RESOLVER_CLIENTS_MAX = 16, /* that are told apart */
};

struct resolver_seen {
    struct address address;
    char interface[IFNAMSIZ]; /* where last; all zero when unknown */
    uint64_t answers;         /* learned */
    uint64_t unnamed;         /* refused: the server is nowhere among the trusted */
    uint64_t elsewhere;       /* refused: it is trusted on another interface */
    uint64_t refused;         /* for other reasons; duplicates do not count */
    uint64_t alarms;          /* answers that contradicted another one */
    uint64_t seen_ns;         /* CLOCK_BOOTTIME, the last time */
    /* Of the answers that were not trusted: */
    struct dname name; /* asked for last */
    struct address clients[RESOLVER_CLIENTS_MAX];
    unsigned client_count;
    bool more_clients;
    uint64_t minute, minutes; /* the last one with an answer, and how many there were */
    bool told;                /* in the log */
};

struct resolvers {
    struct resolver_seen seen[RESOLVERS_SEEN_MAX]; /* in no order */
    size_t count;
    uint64_t told_hour; /* the last one in which a server was told, and how many in it */
    unsigned told;
};

/* All of them, the one that matters most first. */
void resolvers_ranked(const struct resolvers *resolvers,
                      const struct resolver_seen *out[static RESOLVERS_SEEN_MAX]);

enum resolver_finding {
    RESOLVER_FINE,
    RESOLVER_UNNAMED,   /* clients have asked it within a day, and it is not trusted */
    RESOLVER_ELSEWHERE, /* the same, and its answers never came where it is trusted */
};

/*
 * A sighting that was learned, with REASON_NONE, or refused, with its reason.  Returns the server
 * when that is because it is not trusted, though it was asked; or NULL.
 */
struct resolver_seen *resolvers_note(struct resolvers *resolvers, const struct sighting *sighting,
                                     enum reason reason, uint64_t now_ns);
/* `believed`: it is now trusted, on some interface. */
enum resolver_finding resolver_finding(const struct resolver_seen *seen, bool believed,
                                       uint64_t now_ns);
/* Whether a line in the log is its due: once, and a dozen servers an hour, since they may be
 * forged. */
bool resolvers_may_tell(struct resolvers *resolvers, struct resolver_seen *seen, uint64_t now_ns);

#endif
