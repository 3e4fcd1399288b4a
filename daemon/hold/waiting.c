/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A few hundred packets at most, for milliseconds: walking all of them is cheaper than an index.
 */
#include "daemon/hold/waiting.h"

#include <string.h>

enum { SOURCE_BYTES = 8 }; /* of an address: the rest of an IPv4 one is zero */

#define PAUSE_NS (10 * NS_PER_SECOND)
/* An answer that comes later than that has nothing to do with a packet that is gone. */
#define RECENT_NS NS_PER_SECOND

const char *waiting_outcome_name(enum waiting_outcome outcome)
{
    static const char *const names[WAITING_OUTCOMES] = {
        [WAITING_AT_ONCE] = "at_once", [WAITING_FOUND] = "found",
        [WAITING_WITHOUT] = "without", [WAITING_TIME_UP] = "time_up",
        [WAITING_NO_ROOM] = "no_room", [WAITING_NOT_HELD] = "not_held",
    };

    return names[outcome];
}

void waiting_configure(struct waiting *waiting, uint64_t bound_ns, uint64_t least_ns)
{
    waiting->bound_ns = bound_ns;
    waiting->least_ns = least_ns;
}

uint64_t waiting_least_ns(const struct waiting *waiting, uint64_t now_ns)
{
    uint64_t late_ns = lateness_wait_ns(&waiting->lateness, now_ns);
    uint64_t least_ns = late_ns > waiting->least_ns ? late_ns : waiting->least_ns;

    return least_ns < waiting->bound_ns ? least_ns : waiting->bound_ns;
}

uint64_t waiting_paused_until(const struct waiting *waiting, uint64_t now_ns)
{
    return now_ns < waiting->paused_until_ns ? waiting->paused_until_ns : 0;
}

/* ---- coming ---- */

/* Whoever has an IPv6 address has all of its /64. */
static bool is_same_source(const struct address *a, const struct address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, SOURCE_BYTES) == 0;
}

static unsigned count_of_source(const struct waiting *waiting, const struct address *source)
{
    unsigned count = 0;

    for (unsigned i = 0; i < waiting->count; i++)
        count += is_same_source(&waiting->packets[i].source, source);
    return count;
}

static void note_recent(struct waiting *waiting, const struct waiting_packet *packet)
{
    waiting->recent[waiting->next_recent] = (struct waiting_recent){
        .destination = packet->destination,
        .came = packet->came,
    };
    waiting->recent_ns = packet->came.boot_ns;
    waiting->next_recent = (waiting->next_recent + 1) % WAITING_RECENT_MAX;
}

static void note_outcome(struct waiting *waiting, const struct waiting_packet *packet,
                         enum waiting_outcome outcome)
{
    waiting->figures.outcome[outcome]++;
    if (outcome != WAITING_AT_ONCE && outcome != WAITING_FOUND)
        note_recent(waiting, packet);
}

/*
 * In some of the sets but not in all it waits as well: the rule that queued it may be about one of
 * the others.
 */
static enum waiting_outcome judge(const struct waiting *waiting,
                                  const struct waiting_packet *packet, unsigned all)
{
    if (packet->sets >= all)
        return WAITING_AT_ONCE;
    if (waiting_paused_until(waiting, packet->came.boot_ns))
        return WAITING_NOT_HELD;
    if (waiting->count == WAITING_MAX ||
        count_of_source(waiting, &packet->source) >= WAITING_A_SOURCE_MAX)
        return WAITING_NO_ROOM;
    return WAITING_OUTCOMES;
}

enum waiting_outcome waiting_take(struct waiting *waiting, const struct waiting_packet *packet,
                                  unsigned all)
{
    enum waiting_outcome outcome = judge(waiting, packet, all);

    if (outcome != WAITING_OUTCOMES) {
        note_outcome(waiting, packet, outcome);
        return outcome;
    }
    waiting->packets[waiting->count] = *packet;
    waiting->packets[waiting->count++].asked = false;
    return WAITING_OUTCOMES;
}

/* ---- rounds ---- */

bool waiting_wants_round(const struct waiting *waiting, uint64_t now_ns)
{
    uint64_t least_ns = waiting_least_ns(waiting, now_ns);

    for (unsigned i = 0; i < waiting->count && !waiting->round; i++)
        if (now_ns - waiting->packets[i].came.boot_ns >= least_ns)
            return true;
    return false;
}

void waiting_begin_round(struct waiting *waiting, uint64_t now_ns)
{
    uint64_t least_ns = waiting_least_ns(waiting, now_ns);

    for (unsigned i = 0; i < waiting->count; i++)
        waiting->packets[i].asked = now_ns - waiting->packets[i].came.boot_ns >= least_ns;
    waiting->round = true;
    waiting->round_ns = now_ns;
}

void waiting_lose_round(struct waiting *waiting)
{
    for (unsigned i = 0; i < waiting->count; i++)
        waiting->packets[i].asked = false;
    waiting->round = false;
}

/* ---- going ---- */

static void note_wait(struct waiting_figures *figures, uint64_t us)
{
    unsigned bucket = 0;

    while (bucket < WAITING_BUCKETS - 1 && us >= (uint64_t)WAITING_FIRST_US << bucket)
        bucket++;
    figures->wait_us[bucket]++;
    figures->wait_sum_us += us;
    if (us > figures->wait_most_us)
        figures->wait_most_us = us;
}

/* Why it would go without its address, or WAITING_OUTCOMES: not yet. */
typedef enum waiting_outcome waiting_why(const struct waiting *waiting,
                                         const struct waiting_packet *packet, uint64_t now_ns);

static bool is_found(const struct waiting_packet *packet, waiting_sets *sets, void *context)
{
    return sets && sets(context, &packet->destination) > packet->sets;
}

static size_t take_out(struct waiting *waiting, waiting_why *why, waiting_sets *sets, void *context,
                       const struct moment *now, struct waiting_gone out[static WAITING_MAX])
{
    size_t gone = 0;
    unsigned kept = 0;

    for (unsigned i = 0; i < waiting->count; i++) {
        const struct waiting_packet *packet = &waiting->packets[i];
        enum waiting_outcome outcome =
            is_found(packet, sets, context) ? WAITING_FOUND : why(waiting, packet, now->boot_ns);

        if (outcome == WAITING_OUTCOMES) {
            waiting->packets[kept++] = *packet;
            continue;
        }
        note_outcome(waiting, packet, outcome);
        note_wait(&waiting->figures, (now->boot_ns - packet->came.boot_ns) / NS_PER_US);
        out[gone++] = (struct waiting_gone){.packet = *packet, .outcome = outcome};
    }
    waiting->count = kept;
    return gone;
}

static enum waiting_outcome why_none(const struct waiting *waiting,
                                     const struct waiting_packet *packet, uint64_t now_ns)
{
    (void)waiting;
    (void)packet;
    (void)now_ns;
    return WAITING_OUTCOMES;
}

static enum waiting_outcome why_asked(const struct waiting *waiting,
                                      const struct waiting_packet *packet, uint64_t now_ns)
{
    (void)waiting;
    (void)now_ns;
    return packet->asked ? WAITING_WITHOUT : WAITING_OUTCOMES;
}

static enum waiting_outcome why_due(const struct waiting *waiting,
                                    const struct waiting_packet *packet, uint64_t now_ns)
{
    return now_ns - packet->came.boot_ns >= waiting->bound_ns ? WAITING_TIME_UP : WAITING_OUTCOMES;
}

static enum waiting_outcome why_all(const struct waiting *waiting,
                                    const struct waiting_packet *packet, uint64_t now_ns)
{
    (void)waiting;
    (void)packet;
    (void)now_ns;
    return WAITING_NOT_HELD;
}

size_t waiting_take_found(struct waiting *waiting, waiting_sets *sets, void *context,
                          const struct moment *now, struct waiting_gone out[static WAITING_MAX])
{
    return take_out(waiting, why_none, sets, context, now, out);
}

size_t waiting_end_round(struct waiting *waiting, waiting_sets *sets, void *context,
                         const struct moment *now, struct waiting_gone out[static WAITING_MAX])
{
    struct waiting_figures *figures = &waiting->figures;
    uint64_t took_ns = now->boot_ns - waiting->round_ns;

    if (!waiting->round)
        return 0;
    figures->rounds++;
    figures->round_sum_us += took_ns / NS_PER_US;
    if (took_ns / NS_PER_US > figures->round_most_us)
        figures->round_most_us = took_ns / NS_PER_US;
    waiting->round = false;
    /* One that ends late ends a pause, too, but is no reason to be patient again. */
    waiting->paused_until_ns = 0;
    if (took_ns < waiting->bound_ns)
        waiting->stalls = 0;
    return take_out(waiting, why_asked, sets, context, now, out);
}

/* Packets whose time is up within one bound of each other tell of the same stall. */
static void note_stall(struct waiting *waiting, uint64_t now_ns)
{
    if (waiting->stalls > 0 && now_ns - waiting->stalled_ns < waiting->bound_ns)
        return;
    waiting->stalled_ns = now_ns;
    if (++waiting->stalls < WAITING_STALLS_MAX)
        return;
    waiting->stalls = WAITING_STALLS_MAX - 1; /* one more is enough after the pause */
    waiting->paused_until_ns = now_ns + PAUSE_NS;
    waiting->figures.pauses++;
}

size_t waiting_take_due(struct waiting *waiting, waiting_sets *sets, void *context,
                        const struct moment *now, struct waiting_gone out[static WAITING_MAX])
{
    size_t count = take_out(waiting, why_due, sets, context, now, out);

    for (size_t i = 0; i < count; i++)
        if (out[i].outcome == WAITING_TIME_UP)
            note_stall(waiting, now->boot_ns);
    return count;
}

size_t waiting_take_all(struct waiting *waiting, const struct moment *now,
                        struct waiting_gone out[static WAITING_MAX])
{
    return take_out(waiting, why_all, NULL, NULL, now, out);
}

uint64_t waiting_next_ns(const struct waiting *waiting, uint64_t now_ns)
{
    uint64_t least_ns = waiting_least_ns(waiting, now_ns), next_ns = UINT64_MAX;

    for (unsigned i = 0; i < waiting->count; i++) {
        const struct waiting_packet *packet = &waiting->packets[i];
        uint64_t wait_ns = waiting->round || packet->asked ? waiting->bound_ns : least_ns;

        /* Past its least time without a round: whoever is asked is busy, and will end that. */
        if (wait_ns < waiting->bound_ns && now_ns - packet->came.boot_ns >= wait_ns)
            wait_ns = waiting->bound_ns;
        if (packet->came.boot_ns + wait_ns < next_ns)
            next_ns = packet->came.boot_ns + wait_ns;
    }
    return next_ns;
}

/* ---- what answers tell of packets ---- */

bool waiting_remembers(const struct waiting *waiting, uint64_t now_ns)
{
    return waiting->count > 0 ||
           (waiting->recent_ns > 0 && now_ns - waiting->recent_ns < RECENT_NS);
}

void waiting_learned(struct waiting *waiting, const struct address *address, uint64_t captured_ns,
                     bool mirrored, const struct moment *now)
{
    for (unsigned i = 0; i < waiting->count; i++) {
        const struct waiting_packet *packet = &waiting->packets[i];

        if (mirrored && captured_ns > packet->came.real_ns &&
            address_equal(&packet->destination, address))
            lateness_note(&waiting->lateness, captured_ns - packet->came.real_ns, now->boot_ns);
    }
    for (unsigned i = 0; i < WAITING_RECENT_MAX; i++) {
        struct waiting_recent *recent = &waiting->recent[i];

        if (!address_equal(&recent->destination, address))
            continue;
        if (now->boot_ns - recent->came.boot_ns < RECENT_NS) {
            if (captured_ns <= recent->came.real_ns)
                waiting->figures.missed++;
            else if (mirrored)
                lateness_note(&waiting->lateness, captured_ns - recent->came.real_ns, now->boot_ns);
        }
        *recent = (struct waiting_recent){.destination = {.family = ADDRESS_NONE}};
    }
}
