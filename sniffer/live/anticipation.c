/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The budget is kept as the last 50 stretches of holding, each with the client that is charged for
 * it: exact for any second, and as cheap as 50 comparisons a matching question.
 */
#include "sniffer/live/anticipation.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

enum {
    LATE_OF = 32, /* so many answers decide whether they come in time at all */
    LATE_MOST = 24,
    SHARE = 4, /* in SHARE_OF: what a client may have of what the others leave */
    SHARE_OF = 5,
};

static const uint64_t pause_most_ns = 3600 * NS_PER_SECOND;
/*
 * After the answer: its way goes on in another process, on a CPU that had better be awake too, and
 * the question for the other address family is seldom alone.
 */
static const uint64_t linger_ns = 300 * NS_PER_US;

struct charge {
    struct address client;
    uint64_t from, to;
};

struct anticipation {
    struct charge charges[ANTICIPATION_HOLDS_MAX];
    unsigned next;
    unsigned pending; /* held for and not answered yet */
    uint64_t until;
    uint64_t look_from, look_until;
    uint64_t asked;         /* the last question */
    bool alone;             /* it was asked while none was open: its answer's time is known */
    uint64_t quantile;      /* about the 90th of answer times of at most 20 ms */
    unsigned answers, late; /* of the last LATE_OF */
    uint64_t paused_until, pause;
};

struct anticipation *anticipation_new(void)
{
    struct anticipation *anticipation = calloc(1, sizeof(*anticipation));

    if (!anticipation)
        return NULL;
    anticipation->quantile = ANTICIPATION_MOST_NS;
    anticipation->pause = ANTICIPATION_PAUSE_NS;
    return anticipation;
}

void anticipation_free(struct anticipation *anticipation)
{
    free(anticipation);
}

/* ---- budget ---- */

struct usage {
    uint64_t ns;
    unsigned count;
};

/* How much longer may be held for this client, by what was held within the last second. */
static uint64_t allowance(const struct anticipation *anticipation, const struct address *client,
                          uint64_t now_ns)
{
    uint64_t since = now_ns > NS_PER_SECOND ? now_ns - NS_PER_SECOND : 0, share;
    const struct charge *oldest = &anticipation->charges[anticipation->next];
    struct usage others = {0}, own = {0};

    /* The stretch whose place it would take still counts. */
    if (oldest->to != oldest->from && oldest->to + NS_PER_SECOND > now_ns)
        return 0;
    for (unsigned i = 0; i < ANTICIPATION_HOLDS_MAX; i++) {
        const struct charge *charge = &anticipation->charges[i];
        struct usage *usage = address_equal(&charge->client, client) ? &own : &others;

        if (charge->to <= since || charge->to == charge->from)
            continue;
        usage->count++;
        usage->ns += charge->to - (charge->from > since ? charge->from : since);
    }
    if (others.ns >= ANTICIPATION_BUDGET_NS ||
        SHARE_OF * own.count >= SHARE * (ANTICIPATION_HOLDS_MAX - others.count))
        return 0;
    share = (ANTICIPATION_BUDGET_NS - others.ns) / SHARE_OF * SHARE;
    return share > own.ns ? share - own.ns : 0;
}

/* What was granted and not used is given back. */
static void shorten(struct anticipation *anticipation, uint64_t until)
{
    for (unsigned i = 0; i < ANTICIPATION_HOLDS_MAX; i++) {
        struct charge *charge = &anticipation->charges[i];

        if (charge->to > until)
            charge->to = charge->from > until ? charge->from : until;
    }
    if (anticipation->until > until)
        anticipation->until = until;
}

/* ---- how long ---- */

static uint64_t anticipation_least(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

/* Answers that are hardly ever here within 20 ms are not worth the waiting. */
static void anticipation_note_answer(struct anticipation *anticipation, uint64_t time_ns,
                                     uint64_t now_ns)
{
    uint64_t quantile = anticipation->quantile;

    anticipation->answers++;
    /* Ten steps down weigh as much as one up, so it rests where one answer in eleven is slower. */
    if (time_ns > ANTICIPATION_MOST_NS)
        anticipation->late++;
    else if (time_ns > quantile)
        anticipation->quantile = anticipation_least(quantile + quantile / 5, ANTICIPATION_MOST_NS);
    else if (quantile - quantile / 50 > ANTICIPATION_LEAST_NS / 4)
        anticipation->quantile = quantile - quantile / 50;
    else
        anticipation->quantile = ANTICIPATION_LEAST_NS / 4;
    if (anticipation->answers < LATE_OF)
        return;
    if (anticipation->late > LATE_MOST) {
        anticipation->paused_until = now_ns + anticipation->pause;
        anticipation->pause *= 2;
        if (anticipation->pause > pause_most_ns)
            anticipation->pause = pause_most_ns;
        anticipation->pending = 0;
        shorten(anticipation, now_ns);
    } else {
        anticipation->pause = ANTICIPATION_PAUSE_NS;
    }
    anticipation->answers = anticipation->late = 0;
}

/* ---- question and answer ---- */

static enum anticipation_outcome anticipation_hold(struct anticipation *anticipation,
                                                   const struct address *client, uint64_t now_ns)
{
    bool held = anticipation->until > now_ns;
    uint64_t from = held ? anticipation->until : now_ns;
    uint64_t wanted = anticipation->quantile + anticipation->quantile / 2;
    uint64_t allowed;

    if (wanted < ANTICIPATION_LEAST_NS)
        wanted = ANTICIPATION_LEAST_NS;
    wanted = now_ns + anticipation_least(wanted, ANTICIPATION_MOST_NS);
    if (wanted > from) {
        allowed = allowance(anticipation, client, now_ns);
        if (wanted - from > allowed)
            wanted = from + allowed;
        if (!held && wanted < from + ANTICIPATION_LEAST_NS)
            return ANTICIPATION_REFUSED;
        if (wanted > from) {
            anticipation->charges[anticipation->next] =
                (struct charge){.client = *client, .from = from, .to = wanted};
            anticipation->next = (anticipation->next + 1) % ANTICIPATION_HOLDS_MAX;
        }
        anticipation->until = wanted;
    }
    anticipation->pending++;
    return ANTICIPATION_HOLDS;
}

enum anticipation_outcome anticipation_asked(struct anticipation *anticipation,
                                             const struct address *client, uint64_t now_ns)
{
    if (anticipation->paused_until > now_ns)
        return ANTICIPATION_PAUSED;
    if (anticipation->until <= now_ns)
        anticipation->pending = 0;
    anticipation->alone = anticipation->pending == 0;
    anticipation->asked = now_ns;
    /* Questions in a row are looked for together, and then there is a sleep between. */
    if (anticipation->look_until <= now_ns)
        anticipation->look_from = now_ns;
    anticipation->look_until = anticipation_least(
        now_ns + ANTICIPATION_LOOK_NS, anticipation->look_from + ANTICIPATION_LOOK_MOST_NS);
    return anticipation_hold(anticipation, client, now_ns);
}

void anticipation_answered(struct anticipation *anticipation, uint64_t now_ns)
{
    if (anticipation->alone) {
        anticipation->alone = false;
        anticipation_note_answer(anticipation, now_ns - anticipation->asked, now_ns);
    }
    if (anticipation->pending > 0 && --anticipation->pending == 0)
        shorten(anticipation, now_ns + linger_ns);
}

uint64_t anticipation_until(const struct anticipation *anticipation, uint64_t now_ns)
{
    return anticipation->until > now_ns ? anticipation->until : 0;
}

uint64_t anticipation_look_until(const struct anticipation *anticipation, uint64_t now_ns)
{
    uint64_t until = anticipation_least(anticipation->look_until, anticipation->until);

    return until > now_ns ? until : 0;
}
