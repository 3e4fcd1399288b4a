/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sniffer's loop.  Frames come first and their answers leave at once; everything else, the ends
 * of holds and the reports of each second, is done when the rings are empty.
 */
#include "sniffer/live/live_state.h"

#include "base/priority.h"
#include "source/descriptors.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

enum {
    FRAMES_A_TURN = 256, /* of each ring: the others, and the second's reports, get their turn */
    LAST_WORDS_MS = 100,
};

static const uint64_t drain_ns = SNIFFER_DRAIN_SECONDS * NS_PER_SECOND;

/* ---- reading ---- */

static void on_frame(void *context, const struct frame *frame)
{
    struct watch *watch = context;

    pipeline_frame(watch->pipeline, frame, watch->now.boot_ns);
}

/* A vanished interface cannot be opened again from in here: the daemon starts another sniffer. */
static void interface_is_gone(struct watch *watch, uint16_t index)
{
    capture_state(watch->captures[index], &watch->states[index]);
    watch->captures[index] = NULL;
    for (unsigned i = 1; i < watch->polled_count; i++) {
        if (watch->polled_interface[i] == index)
            watch->polled[i].fd = -1;
    }
    watch_say_state(watch, &watch->states[index]);
}

static void read_rings(struct watch *watch)
{
    for (unsigned i = 1; i < watch->polled_count; i++) {
        uint16_t index = watch->polled_interface[i];

        if (watch->polled[i].fd < 0 || !watch->polled[i].revents)
            continue;
        if (capture_read_ring(watch->captures[index], watch->polled_ring[i], FRAMES_A_TURN,
                              on_frame, watch) == -ENODEV)
            interface_is_gone(watch, index);
    }
}

static void read_interface(struct watch *watch, uint16_t index)
{
    if (watch->captures[index] &&
        capture_read(watch->captures[index], FRAMES_A_TURN, on_frame, watch) == -ENODEV)
        interface_is_gone(watch, index);
}

/* Reading where nothing is to be read is how libpcap notices that an interface has vanished. */
static void tick(struct watch *watch)
{
    watch->next_tick_ns = watch->now.boot_ns + NS_PER_SECOND;
    for (size_t i = 0; i < watch->plan->interface_count; i++)
        read_interface(watch, (uint16_t)i);
    pipeline_run(watch->pipeline, watch->now.boot_ns);
    watch_follow_on(watch);
    watch_report(watch);
}

/* ---- turns ---- */

static uint64_t hold_until(const struct watch *watch)
{
    return watch->anticipation ? anticipation_until(watch->anticipation, watch->now.boot_ns) : 0;
}

/* The answer is at hand: sleeping would cost more than looking for it. */
static bool looks(const struct watch *watch)
{
    return watch->may_look && anticipation_look_until(watch->anticipation, watch->now.boot_ns);
}

static struct timespec until_next(const struct watch *watch)
{
    uint64_t due = watch->next_tick_ns, hold = hold_until(watch), left;

    if (hold && hold < due)
        due = hold;
    if (watch->drained_ns && watch->drained_ns < due)
        due = watch->drained_ns;
    if (watch->expected.length > 0 || looks(watch))
        due = 0;
    left = due > watch->now.boot_ns ? due - watch->now.boot_ns : 0;
    return (struct timespec){.tv_sec = (time_t)(left / NS_PER_SECOND),
                             .tv_nsec = (long)(left % NS_PER_SECOND)};
}

/* Only while no frame waits: the answer may be one of them. */
static void rehearse(struct watch *watch)
{
    if (watch->expected.length > 0)
        pipeline_rehearse(watch->pipeline, &watch->expected);
    watch->expected.length = 0;
}

static int wait_for_work(struct watch *watch)
{
    struct timespec timeout = until_next(watch);
    sigset_t none;
    int ready;

    sigemptyset(&none);
    watch->polled[0].events = outbox_waits(watch->outbox) ? POLLOUT : 0;
    ready = ppoll(watch->polled, watch->polled_count, &timeout, &none);
    watch->now = clock_now();
    if (ready < 0 && errno != EINTR)
        return -errno;
    if (ready == 0)
        rehearse(watch);
    for (unsigned i = 0; ready <= 0 && i < watch->polled_count; i++)
        watch->polled[i].revents = 0;
    return 0;
}

/* False when nobody reads the channel any more. */
static bool turn(struct watch *watch)
{
    read_rings(watch);
    if (watch->polled[0].revents & (POLLERR | POLLHUP))
        return false;
    if (!hold_until(watch))
        cpu_latency_set(&watch->cpu_latency, false);
    if (scope_costs_too_much(&watch->scope, watch_frames_of_second(watch), watch->now.boot_ns))
        watch_follow_on(watch);
    if (watch->now.boot_ns >= watch->next_tick_ns)
        tick(watch);
    priority_regain();
    return outbox_flush(watch->outbox) == 0;
}

static bool is_over(struct watch *watch, const struct watch_signals *signals)
{
    if (signals->drain && !watch->drained_ns) {
        pipeline_drain(watch->pipeline);
        watch->drained_ns = watch->now.boot_ns + drain_ns;
    }
    return signals->end || (watch->drained_ns && watch->now.boot_ns >= watch->drained_ns);
}

static void last_words(struct watch *watch)
{
    struct pollfd channel = {.fd = watch->channel, .events = POLLOUT};

    cpu_latency_set(&watch->cpu_latency, false);
    pipeline_run(watch->pipeline, UINT64_MAX);
    watch_say_counters(watch);
    if (outbox_waits(watch->outbox) && poll(&channel, 1, LAST_WORDS_MS) > 0)
        outbox_flush(watch->outbox);
}

int watch_run(struct watch *watch, const struct watch_signals *signals)
{
    int result = 0;

    watch->now = clock_now();
    watch_say_own_state(watch, STATE_READY);
    tick(watch);
    while (!is_over(watch, signals)) {
        result = wait_for_work(watch);
        if (result < 0 || !turn(watch))
            break;
    }
    last_words(watch);
    return result;
}
