/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sniffer's loop.  Frames come first and their answers leave at once; everything else, the ends
 * of holds and the reports of each second, is done when the rings are empty.
 */
#include "sniffer/watch.h"

#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/outbox.h"
#include "runtime/priority.h"
#include "runtime/processor.h"
#include "sniffer/anticipation.h"
#include "sniffer/awake.h"
#include "sniffer/capture.h"
#include "sniffer/descriptors.h"
#include "sniffer/encrypted.h"
#include "sniffer/following.h"
#include "sniffer/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    FRAMES_A_TURN = 256, /* of each ring: the others, and the second's reports, get their turn */
    POLLED_MAX = 1 + PLAN_INTERFACES_MAX * CAPTURE_RINGS_MAX,
    LAST_WORDS_MS = 100,
};

struct watch {
    const struct plan *plan;
    int channel;
    struct kernelfilter *filter;
    struct following following;
    struct pipeline *pipeline;
    struct outbox *outbox;
    struct anticipation *anticipation; /* NULL: latency = "normal" */
    struct awake awake;
    struct dname expected; /* the answer to this question is rehearsed next; empty: none is */
    struct capture *captures[PLAN_INTERFACES_MAX]; /* NULL: not there, or gone */
    struct encrypted encrypted[PLAN_INTERFACES_MAX];
    struct state_report states[PLAN_INTERFACES_MAX];
    struct pollfd polled[POLLED_MAX]; /* the channel, then the rings */
    uint16_t polled_interface[POLLED_MAX];
    uint8_t polled_ring[POLLED_MAX];
    unsigned polled_count;
    struct moment now;   /* of this turn */
    struct counters own; /* what the pipeline does not count */
    uint64_t lost_said;
    uint64_t frames_before; /* a second ago */
    uint64_t next_tick_ns;
    uint64_t drained_ns; /* when draining ends; 0: not draining */
    bool one_direction;  /* as last said */
};

static const uint64_t drain_ns = SNIFFER_DRAIN_SECONDS * NS_PER_SECOND;

/* ---- what the pipeline says ---- */

/* Sends, keeps or counts the message. */
static void tell(struct watch *watch, const struct message *message)
{
    switch (outbox_put(watch->outbox, message, watch->now.boot_ns)) {
    case OUTBOX_TAKEN:
        return;
    case OUTBOX_SUPPRESSED:
        watch->own.value[COUNTER_REPORTS_SUPPRESSED]++;
        return;
    case OUTBOX_LOST:
        /* States and counters come again the next second. */
        if (message->kind == MESSAGE_ANSWER)
            watch->own.value[COUNTER_ANSWERS_LOST]++;
        return;
    }
}

static void on_report(void *context, const struct message *message)
{
    tell(context, message);
}

/* The daemon gets ready as well. */
static void tell_asked(struct watch *watch, const struct dname *question)
{
    struct message message = {.kind = MESSAGE_ASKED};

    message.asked.cpu = processor_here();
    message.asked.question = *question;
    outbox_hint(watch->outbox, &message);
}

static void on_asked(void *context, const struct address *client, const struct dname *question)
{
    struct watch *watch = context;

    switch (anticipation_asked(watch->anticipation, client, watch->now.boot_ns)) {
    case ANTICIPATION_HOLDS:
        awake_set(&watch->awake, true);
        processor_stay_on(processor_here());
        tell_asked(watch, question);
        watch->expected = *question;
        watch->own.value[COUNTER_ANTICIPATIONS]++;
        return;
    case ANTICIPATION_REFUSED:
        watch->own.value[COUNTER_ANTICIPATIONS_REFUSED]++;
        return;
    case ANTICIPATION_PAUSED:
        return;
    }
}

static void on_answered(void *context)
{
    struct watch *watch = context;

    watch->expected.length = 0;
    anticipation_answered(watch->anticipation, watch->now.boot_ns);
}

/* ---- what the kernel lets through ---- */

static void refilter(struct watch *watch)
{
    struct dname names[FOLLOWING_NAMES_MAX];

    kernelfilter_set_extra(watch->filter, names, following_names(&watch->following, names));
    kernelfilter_widen(watch->filter, watch->following.wide);
    for (size_t i = 0; i < PLAN_INTERFACES_MAX; i++) {
        int result = watch->captures[i] ? capture_filter(watch->captures[i], watch->filter) : 0;

        if (result < 0)
            log_error("capturing on %s: its filter stays as it was: %s",
                      watch->plan->interfaces[i].name, strerror(-result));
    }
}

static void on_ended(void *context)
{
    struct watch *watch = context;

    following_ended(&watch->following);
}

static void on_derived(void *context, const struct derived_name *name)
{
    struct watch *watch = context;

    if (following_derived(&watch->following, name, watch->now.boot_ns))
        refilter(watch);
}

static uint64_t frames_of_second(const struct watch *watch)
{
    return pipeline_counters(watch->pipeline)->value[COUNTER_FRAMES] - watch->frames_before;
}

static void follow_on(struct watch *watch)
{
    uint64_t frames = frames_of_second(watch);

    if (following_second(&watch->following, frames, watch->now.boot_ns))
        refilter(watch);
    watch->frames_before += frames;
}

/* ---- opening ---- */

static void note_polled(struct watch *watch, int fd, uint16_t interface, unsigned ring)
{
    watch->polled[watch->polled_count] = (struct pollfd){.fd = fd, .events = POLLIN};
    watch->polled_ring[watch->polled_count] = (uint8_t)ring;
    watch->polled_interface[watch->polled_count++] = interface;
}

/* Not there, or not up: that is reported and waited for.  Anything else deserves a word. */
static int open_failed(struct watch *watch, uint16_t index, int result, const char *error)
{
    struct state_report *state = &watch->states[index];

    *state = (struct state_report){.state = STATE_WAITING, .link_type = -1};
    memcpy(state->interface, watch->plan->interfaces[index].name, IFNAMSIZ);
    if (result == -ENODEV || result == -ENETDOWN)
        return 0;
    log_error("capturing on %s: %s", watch->plan->interfaces[index].name, error);
    if (result == -EPERM || result == -ENOMEM)
        return result;
    state->state = STATE_DOWN;
    return 0;
}

/* What the configuration asks for is in `wildset status`; what the kernel does not give is said. */
static void say_filter(const char *interface, const struct capture *capture)
{
    struct kernelfilter_outcome outcome = capture_filter_outcome(capture);

    if (outcome.error)
        log_warning("capturing on %s: the kernel refused a filter (%s) and passes more packets on "
                    "than are needed, which costs more; see net.core.optmem_max",
                    interface, strerror(-outcome.error));
    if (outcome.reason == FILTER_REASON_LINK_TYPE)
        log_notice("capturing on %s: no filter for its link type: every packet is looked at here, "
                   "which costs more",
                   interface);
}

/* Nothing that is learned depends on it. */
static void open_encrypted(struct watch *watch, uint16_t index)
{
    const char *name = watch->plan->interfaces[index].name;
    int result = encrypted_open(name, &watch->encrypted[index]);

    if (result < 0)
        log_notice("capturing on %s: connections that hide their names are not counted: %s", name,
                   strerror(-result));
}

static int open_interface(struct watch *watch, uint16_t index)
{
    const char *name = watch->plan->interfaces[index].name;
    char error[CAPTURE_ERROR_MAX];
    int fds[CAPTURE_RINGS_MAX];
    int result = capture_open(name, index, watch->filter, &watch->captures[index], error);

    if (result < 0)
        return open_failed(watch, index, result, error);
    say_filter(name, watch->captures[index]);
    for (unsigned i = 0; i < capture_descriptors(watch->captures[index], fds); i++)
        note_polled(watch, fds[i], index, i);
    open_encrypted(watch, index);
    return 0;
}

static int open_interfaces(struct watch *watch)
{
    for (size_t i = 0; i < watch->plan->interface_count; i++) {
        int result = open_interface(watch, (uint16_t)i);

        if (result < 0)
            return result;
    }
    return 0;
}

static int open_pipeline(struct watch *watch, int cpu_latency)
{
    struct pipeline_hooks hooks = {
        .report = on_report, .ended = on_ended, .derived = on_derived, .context = watch};

    if (watch->plan->latency == LATENCY_LOW) {
        watch->anticipation = anticipation_new();
        if (!watch->anticipation)
            return -ENOMEM;
        watch->awake = awake_open(cpu_latency);
        hooks.asked = on_asked;
        hooks.answered = on_answered;
    }
    watch->outbox = outbox_new(watch->channel);
    watch->pipeline = pipeline_new(watch->plan, &hooks);
    watch->filter = kernelfilter_new(watch->plan);
    if (!watch->outbox || !watch->pipeline || !watch->filter)
        return -ENOMEM;
    watch->following = following_start(watch->plan->follow_whitelists != 0);
    for (size_t i = 0; i < watch->plan->derived_count; i++)
        following_inherit(&watch->following, &watch->plan->derived[i]);
    kernelfilter_widen(watch->filter, watch->following.wide);
    return 0;
}

void watch_close(struct watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < PLAN_INTERFACES_MAX; i++) {
        capture_close(watch->captures[i]);
        encrypted_close(&watch->encrypted[i]);
    }
    kernelfilter_free(watch->filter);
    pipeline_free(watch->pipeline);
    outbox_free(watch->outbox);
    anticipation_free(watch->anticipation);
    free(watch);
}

int watch_open(const struct plan *plan, int channel, int cpu_latency, struct watch **out)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    int result;

    if (!watch)
        return -ENOMEM;
    watch->plan = plan;
    watch->channel = channel;
    for (size_t i = 0; i < PLAN_INTERFACES_MAX; i++)
        watch->encrypted[i].fd = -1;
    note_polled(watch, channel, 0, 0);
    result = open_pipeline(watch, cpu_latency);
    if (result == 0)
        result = open_interfaces(watch);
    if (result < 0) {
        watch_close(watch);
        return result;
    }
    *out = watch;
    return 0;
}

/* ---- reports ---- */

static void say_state(struct watch *watch, const struct state_report *state)
{
    struct message message = {.kind = MESSAGE_STATE};

    message.state = *state;
    tell(watch, &message);
}

static void say_own_state(struct watch *watch, enum interface_state state)
{
    say_state(watch, &(struct state_report){.state = (uint8_t)state, .link_type = -1});
}

static void say_interfaces(struct watch *watch)
{
    for (size_t i = 0; i < watch->plan->interface_count; i++) {
        if (watch->captures[i])
            capture_state(watch->captures[i], &watch->states[i]);
        say_state(watch, &watch->states[i]);
    }
}

static void count_encrypted(struct watch *watch)
{
    uint64_t *value = watch->own.value;

    value[COUNTER_ENCRYPTED_DNS] = value[COUNTER_ENCRYPTED_DNS_HTTPS] = 0;
    for (size_t i = 0; i < watch->plan->interface_count; i++) {
        encrypted_read(&watch->encrypted[i]);
        value[COUNTER_ENCRYPTED_DNS] += watch->encrypted[i].count[ENCRYPTED_DNS];
        value[COUNTER_ENCRYPTED_DNS_HTTPS] += watch->encrypted[i].count[ENCRYPTED_DNS_HTTPS];
    }
}

static void say_counters(struct watch *watch)
{
    struct message message = {.kind = MESSAGE_COUNTERS};

    count_encrypted(watch);
    message.counters = *pipeline_counters(watch->pipeline);
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        message.counters.value[i] += watch->own.value[i];
    tell(watch, &message);
}

/* Said when it begins; an answer that was lost cannot be had again. */
static void say_troubles(struct watch *watch)
{
    bool one_direction = pipeline_sees_one_direction(watch->pipeline);
    uint64_t lost = watch->own.value[COUNTER_ANSWERS_LOST];

    if (one_direction && !watch->one_direction)
        say_own_state(watch, STATE_ONE_DIRECTION);
    watch->one_direction = one_direction;
    if (lost > watch->lost_said)
        log_warning("%llu messages with answers were lost: wildsetd does not keep up",
                    (unsigned long long)(lost - watch->lost_said));
    watch->lost_said = lost;
}

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
    say_state(watch, &watch->states[index]);
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
    follow_on(watch);
    say_interfaces(watch);
    say_counters(watch);
    say_troubles(watch);
}

/* ---- turns ---- */

static uint64_t hold_until(const struct watch *watch)
{
    return watch->anticipation ? anticipation_until(watch->anticipation, watch->now.boot_ns) : 0;
}

static struct timespec until_next(const struct watch *watch)
{
    uint64_t due = watch->next_tick_ns, hold = hold_until(watch), left;

    if (hold && hold < due)
        due = hold;
    if (watch->drained_ns && watch->drained_ns < due)
        due = watch->drained_ns;
    if (watch->expected.length > 0)
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

static void relax(struct watch *watch)
{
    awake_set(&watch->awake, false);
    processor_roam();
}

/* False when nobody reads the channel any more. */
static bool turn(struct watch *watch)
{
    read_rings(watch);
    if (watch->polled[0].revents & (POLLERR | POLLHUP))
        return false;
    if (!hold_until(watch))
        relax(watch);
    if (following_costs_too_much(&watch->following, frames_of_second(watch), watch->now.boot_ns))
        follow_on(watch);
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

    awake_set(&watch->awake, false);
    pipeline_run(watch->pipeline, UINT64_MAX);
    say_counters(watch);
    if (outbox_waits(watch->outbox) && poll(&channel, 1, LAST_WORDS_MS) > 0)
        outbox_flush(watch->outbox);
}

int watch_run(struct watch *watch, const struct watch_signals *signals)
{
    int result = 0;

    watch->now = clock_now();
    say_own_state(watch, STATE_READY);
    tick(watch);
    while (!is_over(watch, signals)) {
        result = wait_for_work(watch);
        if (result < 0 || !turn(watch))
            break;
    }
    last_words(watch);
    return result;
}
