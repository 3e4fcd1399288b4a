/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When to keep the CPUs awake: from a matching question until its answer, for the answer will be
 * here in a moment and a deep sleep would cost most of the race.  Decides only: what is done while
 * it holds, and the clock, are the caller's.
 *
 * Within a budget, in any second 50 holds and 100 ms of them; a client gets at most four fifths of
 * what the others have left, so that none can use it up.  The bound follows the resolvers' own
 * times; where answers hardly ever come within 20 ms it stops for a while.
 */
#ifndef WILDSET_SNIFFER_LIVE_ANTICIPATION_H
#define WILDSET_SNIFFER_LIVE_ANTICIPATION_H

#include "base/clock.h"
#include "dnsparse/names/address.h"

#include <stdbool.h>
#include <stdint.h>

enum { ANTICIPATION_HOLDS_MAX = 50 };
#define ANTICIPATION_BUDGET_NS (100 * NS_PER_MS) /* of any second */
#define ANTICIPATION_LEAST_NS NS_PER_MS
#define ANTICIPATION_MOST_NS (20 * NS_PER_MS)
#define ANTICIPATION_LOOK_NS NS_PER_MS             /* from a question on */
#define ANTICIPATION_LOOK_MOST_NS (10 * NS_PER_MS) /* of questions in a row */
/* The first pause; doubled each time up to an hour. */
#define ANTICIPATION_PAUSE_NS (10 * NS_PER_SECOND)

enum anticipation_outcome {
    ANTICIPATION_HOLDS,
    ANTICIPATION_REFUSED, /* past the budget */
    ANTICIPATION_PAUSED,  /* the resolvers are too slow for it to help */
};

struct anticipation;

/* NULL when out of memory. */
struct anticipation *anticipation_new(void);
void anticipation_free(struct anticipation *anticipation);

enum anticipation_outcome anticipation_asked(struct anticipation *anticipation,
                                             const struct address *client, uint64_t now_ns);
/* An answer came. */
void anticipation_answered(struct anticipation *anticipation, uint64_t now_ns);
/* When the hold ends by itself; 0 when nothing is held. */
uint64_t anticipation_until(const struct anticipation *anticipation, uint64_t now_ns);
/*
 * Until when to look for an answer again and again instead of sleeping, never longer than the hold:
 * what a resolver has at hand is here before a wake-up would be, and what comes later is not worth
 * a busy CPU.  0 when it is not, or no longer.
 */
uint64_t anticipation_look_until(const struct anticipation *anticipation, uint64_t now_ns);

#endif
