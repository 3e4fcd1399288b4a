/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packets that wait until the answer which may allow their address has been dealt with: who
 * waits, who goes on, and what became of them.  Pure: the kernel's queue is queue.h, and whom to
 * ask is hold.h's business.
 *
 * A packet came behind its answer: whoever knows the address was told it, and the sniffer's ring
 * had the answer before.  So a packet has waited long enough when the sniffer has told all that it
 * had captured by a moment at which the packet was there: a round.  One round is under way at a
 * time, and packets that come meanwhile wait for the next one.
 */
#ifndef WILDSET_DAEMON_HOLD_WAITING_H
#define WILDSET_DAEMON_HOLD_WAITING_H

#include "base/clock.h"
#include "daemon/hold/lateness.h"
#include "dnsparse/names/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WAITING_MAX = 256,
    WAITING_A_SOURCE_MAX = 32, /* of these (of a /64): nobody's packets may fill it alone */
    WAITING_STALLS_MAX = 3,    /* times up in a row: then nobody waits for a while */
    WAITING_BUCKETS = 16,
    WAITING_FIRST_US = 10, /* the first bucket's limit; each other one's is twice that before */
    WAITING_RECENT_MAX = 256,
};

/* How its stay ended. */
enum waiting_outcome {
    WAITING_AT_ONCE,  /* it did not wait: its address was allowed already */
    WAITING_FOUND,    /* its address was allowed meanwhile */
    WAITING_WITHOUT,  /* all answers before it have been dealt with, and none allows it */
    WAITING_TIME_UP,  /* the sniffer did not get that far in time */
    WAITING_NO_ROOM,  /* it did not wait: too many did */
    WAITING_NOT_HELD, /* nobody to wait for: no sniffer is ready, or it was too late too often */
    WAITING_OUTCOMES,
};
/* As JSON and metrics have it: "at_once". */
const char *waiting_outcome_name(enum waiting_outcome outcome);

struct waiting_packet {
    uint32_t id; /* the queue's */
    struct address source, destination;
    struct moment came;
    unsigned sets; /* that its address was in when it came */
    bool asked;    /* the round that is under way began when it was there */
};

struct waiting_gone {
    struct waiting_packet packet;
    enum waiting_outcome outcome;
};

struct waiting_figures {
    uint64_t outcome[WAITING_OUTCOMES];
    uint64_t wait_us[WAITING_BUCKETS]; /* of those that waited, however it ended */
    uint64_t wait_sum_us, wait_most_us;
    uint64_t rounds, round_sum_us, round_most_us;
    uint64_t pauses;
    /* They went on without an address that an answer captured before them allows. */
    uint64_t missed;
};

struct waiting {
    uint64_t bound_ns, least_ns;
    struct waiting_packet packets[WAITING_MAX]; /* in the order in which they came */
    unsigned count;
    bool round; /* is under way */
    uint64_t round_ns;
    unsigned stalls; /* in a row */
    uint64_t stalled_ns, paused_until_ns;
    struct waiting_recent {
        struct address destination; /* ADDRESS_NONE: none */
        struct moment came;
    } recent[WAITING_RECENT_MAX]; /* that went on without */
    unsigned next_recent;
    uint64_t recent_ns; /* when the newest of them came */
    struct lateness lateness;
    struct waiting_figures figures;
};

/* In how many sets the address is now. */
typedef unsigned waiting_sets(void *context, const struct address *address);

/* How long each waits at most, and in any case at least.  Those that wait now are meant, too. */
void waiting_configure(struct waiting *waiting, uint64_t bound_ns, uint64_t least_ns);
/* What each waits at least by now: as configured, or as the copies were late. */
uint64_t waiting_least_ns(const struct waiting *waiting, uint64_t now_ns);

/* WAITING_OUTCOMES: it waits; any other: it goes on now.  `all` is how many sets there are for its
 * address at most. */
enum waiting_outcome waiting_take(struct waiting *waiting, const struct waiting_packet *packet,
                                  unsigned all);

/* Whether somebody waits for a round to begin.  It takes in all who may by now. */
bool waiting_wants_round(const struct waiting *waiting, uint64_t now_ns);
void waiting_begin_round(struct waiting *waiting, uint64_t now_ns);
/* Who was asked is gone: its packets are as if it had not begun. */
void waiting_lose_round(struct waiting *waiting);

/* Each of these takes out who goes on now, in the order in which they came; how many. */
size_t waiting_end_round(struct waiting *waiting, waiting_sets *sets, void *context,
                         const struct moment *now, struct waiting_gone out[static WAITING_MAX]);
size_t waiting_take_found(struct waiting *waiting, waiting_sets *sets, void *context,
                          const struct moment *now, struct waiting_gone out[static WAITING_MAX]);
size_t waiting_take_due(struct waiting *waiting, waiting_sets *sets, void *context,
                        const struct moment *now, struct waiting_gone out[static WAITING_MAX]);
size_t waiting_take_all(struct waiting *waiting, const struct moment *now,
                        struct waiting_gone out[static WAITING_MAX]);

/* Too late too often: nobody waits until then; 0 when they do. */
uint64_t waiting_paused_until(const struct waiting *waiting, uint64_t now_ns);
/* When waiting_take_due or a round has something to do; UINT64_MAX: never. */
uint64_t waiting_next_ns(const struct waiting *waiting, uint64_t now_ns);

/* Whether waiting_learned could have something to say. */
bool waiting_remembers(const struct waiting *waiting, uint64_t now_ns);
/* An answer allows this address, captured at this moment (CLOCK_REALTIME), on a mirror port or not:
 * what that says about packets that wait for it or have gone on without it. */
void waiting_learned(struct waiting *waiting, const struct address *address, uint64_t captured_ns,
                     bool mirrored, const struct moment *now);

#endif
