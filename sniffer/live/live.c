/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sniffer's loop.  Frames come first and their answers leave at once; everything else, the ends
 * of holds and the reports of each second, is done when the rings are empty.
 */
#include "sniffer/live/live_state.h"

#include "base/priority.h"
#include "source/fds.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

enum {
    FRAMES_A_TURN = 256, /* of each ring: the others, and the second's reports, get their turn */
    TURNS_A_RING = 1 + CAPTURE_RING_FRAMES / FRAMES_A_TURN,
    LAST_WORDS_MS = 100,
};

static const uint64_t drain_ns = SOURCE_DRAIN_SECONDS * NS_PER_SECOND;

/* ---- reading ---- */

static void on_live_frame(void *context, const struct frame *frame)
{
    struct live *live = context;

    pipeline_frame(live->pipeline, frame, live->now.boot_ns);
}

/* A vanished interface cannot be opened again from in here: the daemon starts another sniffer. */
static void interface_is_gone(struct live *live, uint16_t index)
{
    capture_state(live->captures[index], &live->states[index]);
    live->captures[index] = NULL;
    for (unsigned i = POLLED_RINGS; i < live->polled_count; i++) {
        if (live->polled_interface[i] == index)
            live->polled[i].fd = -1;
    }
    live_say_state(live, &live->states[index]);
}

/* At most a turn's frames; how many. */
static int read_ring(struct live *live, unsigned polled)
{
    uint16_t index = live->polled_interface[polled];
    int count;

    if (live->polled[polled].fd < 0)
        return 0;
    count = capture_read_ring(live->captures[index], live->polled_ring[polled], FRAMES_A_TURN,
                              on_live_frame, live);
    if (count == -ENODEV)
        interface_is_gone(live, index);
    return count;
}

/* Each ring to its end, or once around where frames come as fast as they are read: what came before
 * is read then. */
static void catch_up(struct live *live)
{
    uint64_t asked;

    if (!(live->polled[POLLED_CATCH_UP].revents & POLLIN) ||
        read(live->polled[POLLED_CATCH_UP].fd, &asked, sizeof(asked)) != sizeof(asked))
        return;
    for (unsigned i = POLLED_RINGS; i < live->polled_count; i++)
        for (unsigned turns = 0; turns < TURNS_A_RING; turns++) {
            if (read_ring(live, i) < FRAMES_A_TURN)
                break;
            live->now = clock_now();
        }
    live->caught_up = true;
}

/* Reading where nothing is to be read is how libpcap notices that an interface has vanished. */
static void tick(struct live *live)
{
    live->next_tick_ns = live->now.boot_ns + NS_PER_SECOND;
    for (uint16_t i = 0; i < live->plan->interface_count; i++)
        if (live->captures[i] &&
            capture_read(live->captures[i], FRAMES_A_TURN, on_live_frame, live) == -ENODEV)
            interface_is_gone(live, i);
    pipeline_run(live->pipeline, live->now.boot_ns);
    live_follow_on(live);
    live_report(live);
}

/* ---- turns ---- */

static uint64_t hold_until(const struct live *live)
{
    return live->anticipation ? anticipation_until(live->anticipation, live->now.boot_ns) : 0;
}

static int wait_for_work(struct live *live)
{
    uint64_t due = live->next_tick_ns, hold = hold_until(live), left;
    struct timespec timeout;
    sigset_t none;
    int ready;

    if (hold && hold < due)
        due = hold;
    if (live->drained_ns && live->drained_ns < due)
        due = live->drained_ns;
    /* The answer is at hand: sleeping would cost more than looking for it. */
    if (live->expected.length > 0 ||
        (live->may_look && anticipation_look_until(live->anticipation, live->now.boot_ns)))
        due = 0;
    left = due > live->now.boot_ns ? due - live->now.boot_ns : 0;
    timeout = (struct timespec){.tv_sec = (time_t)(left / NS_PER_SECOND),
                                .tv_nsec = (long)(left % NS_PER_SECOND)};
    sigemptyset(&none);
    live->polled[POLLED_CHANNEL].events = outbox_waits(live->outbox) ? POLLOUT : 0;
    ready = ppoll(live->polled, live->polled_count, &timeout, &none);
    live->now = clock_now();
    if (ready < 0 && errno != EINTR)
        return -errno;
    if (ready == 0) { /* no frame waits that may be the answer */
        if (live->expected.length > 0)
            pipeline_rehearse(live->pipeline, &live->expected);
        live->expected.length = 0;
    }
    for (unsigned i = 0; ready <= 0 && i < live->polled_count; i++)
        live->polled[i].revents = 0;
    return 0;
}

/* False when nobody reads the channel any more. */
static bool turn(struct live *live)
{
    static const struct message caught_up = {.kind = MESSAGE_CAUGHT_UP};

    for (unsigned i = POLLED_RINGS; i < live->polled_count; i++)
        if (live->polled[i].revents)
            read_ring(live, i);
    catch_up(live);
    /* Behind all answers; where there is no room for it, the next turn. */
    if (live->caught_up && outbox_put(live->outbox, &caught_up, live->now.boot_ns) == OUTBOX_TAKEN)
        live->caught_up = false;
    if (live->polled[POLLED_CHANNEL].revents & (POLLERR | POLLHUP))
        return false;
    if (!hold_until(live))
        cpu_latency_set(&live->cpu_latency, false);
    if (scope_costs_too_much(&live->scope, live_frames_of_second(live), live->now.boot_ns))
        live_follow_on(live);
    if (live->now.boot_ns >= live->next_tick_ns)
        tick(live);
    priority_regain();
    return outbox_flush(live->outbox) == 0;
}

int live_run(struct live *live, const struct live_signals *signals)
{
    struct pollfd channel = {.fd = live->channel, .events = POLLOUT};
    int result = 0;

    live->now = clock_now();
    live_say_own_state(live, STATE_READY);
    tick(live);
    for (;;) {
        if (signals->drain && !live->drained_ns) {
            pipeline_drain(live->pipeline);
            live->drained_ns = live->now.boot_ns + drain_ns;
        }
        if (signals->end || (live->drained_ns && live->now.boot_ns >= live->drained_ns))
            break;
        result = wait_for_work(live);
        if (result < 0 || !turn(live))
            break;
    }
    cpu_latency_set(&live->cpu_latency, false);
    pipeline_run(live->pipeline, UINT64_MAX);
    live_say_counters(live);
    if (outbox_waits(live->outbox) && poll(&channel, 1, LAST_WORDS_MS) > 0)
        outbox_flush(live->outbox);
    return result;
}
