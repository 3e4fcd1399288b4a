/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading one source.  Its messages come first in the loop, so what it may take is bounded: after a
 * number of messages in a row it has to let everybody else have a turn.
 */
#include "daemon/sources/process.h"

#include "base/clock.h"
#include "base/log.h"
#include "source/channel.h"
#include "source/descriptors.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MESSAGES_A_WAKE = 64,
    BUSY_WAKES_MAX = 16, /* then a breath: timers, signals and the control socket get their turn */
    BREATH_MS = 1,
    READY_MS = 10000,
    DRAIN_MS = (SNIFFER_DRAIN_SECONDS + 5) * 1000,
    LAST_MESSAGES_MAX = 4096, /* more than a channel's buffer can hold */
};

static void signal_process(const struct child *child, int number)
{
    if (child->pid > 0 && !child->reaped)
        kill(child->pid, number);
}

static void violate(struct child *child, const char *problem)
{
    child->violated = true;
    child_kill(child, problem);
}

static void take_state(struct child *child, const struct state_report *report)
{
    if (report->state == STATE_READY) {
        if (child->state != CHILD_STARTING)
            return;
        child->state = CHILD_RUNNING;
        child->ready_ns = clock_now().boot_ns;
        loop_timer_stop(child->deadline);
        child->owner->ready(child->owner->context, child);
        return;
    }
    if (report->state == STATE_ONE_DIRECTION) {
        if (child->state != CHILD_DRAINING)
            log_warning("capture: answers come and their questions do not, so nothing is learned: "
                        "mirror both directions; or, on a mirror port, name the resolvers in "
                        "capture.resolvers and set require-query = false: who can send packets in "
                        "their name is then believed");
        return;
    }
    for (size_t i = 0; i < child->interface_count; i++) {
        struct source_interface *interface = &child->interfaces[i];
        if (memcmp(interface->report.interface, report->interface, IFNAMSIZ) != 0)
            continue;
        interface->report = *report;
        interface->reported_ns = clock_now().boot_ns;
        child->owner->interface_changed(child->owner->context, child, i);
        return;
    }
    violate(child, "reported an interface that it was not given");
}

/* Counters only grow; a smaller report would take back what was counted. */
static bool counters_grew(const struct counters *before, const struct counters *now)
{
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        if (now->value[i] < before->value[i])
            return false;
    for (size_t i = 0; i < REASON_COUNT; i++)
        if (now->refused[i] < before->refused[i])
            return false;
    return true;
}

static void take_counters(struct child *child, const struct counters *counters)
{
    if (!counters_grew(&child->counters, counters)) {
        violate(child, "sent counters that went back");
        return;
    }
    child->counters = *counters;
    child->owner->counted(child->owner->context, child);
}

/* What has no effect of its own on what answers before it do. */
static bool may_wait(enum inbox_outcome outcome)
{
    return outcome == INBOX_ANSWER || outcome == INBOX_PART || outcome == INBOX_ASKED;
}

static void take_message(struct child *child, const struct message *message)
{
    const struct sources_hooks *hooks = child->owner->hooks;
    struct inbox_delivery delivery;

    child->heard = true;
    enum inbox_outcome outcome = inbox_take(&child->inbox, message, &delivery);

    if (!may_wait(outcome))
        hooks->answered(hooks->context); /* in the order in which it was told */
    switch (outcome) {
    case INBOX_PART:
        return;
    case INBOX_ANSWER:
        hooks->answer(hooks->context, child->source, delivery.parts, delivery.count);
        if (delivery.count > 1)
            hooks->answered(hooks->context); /* its parts are kept until the next message only */
        return;
    case INBOX_REFUSAL:
        hooks->refusal(hooks->context, child->source, &message->sighting);
        return;
    case INBOX_ALARM:
        if (child->state != CHILD_DRAINING)
            hooks->alarm(hooks->context, child->source, &message->alarm);
        return;
    case INBOX_COUNTERS:
        take_counters(child, &message->counters);
        return;
    case INBOX_STATE:
        take_state(child, &message->state);
        return;
    case INBOX_ASKED:
        hooks->asked(hooks->context, &message->asked);
        return;
    case INBOX_REGISTRY:
        child->lists[message->registry.whitelist] = message->registry;
        child->reported |= (whitelist_mask)1 << message->registry.whitelist;
        return;
    case INBOX_VIOLATION:
        violate(child, delivery.why);
        return;
    }
}

/*
 * Nothing came: the process has closed its end, mostly by ending, and is reaped soon; or it sent an
 * empty message, which our own programs never do.
 */
static void end_of_channel(struct child *child)
{
    struct pollfd reader = {.fd = child->reader, .events = POLLIN};

    if (poll(&reader, 1, 0) != 1 || !(reader.revents & POLLHUP)) {
        violate(child, "sent an empty message");
        return;
    }
    signal_process(child, SIGKILL); /* of no use without its channel */
    loop_unwatch(child->watch);
    child->watch = NULL;
}

/* True when nothing more is to be read for now. */
static bool stop_reading(struct child *child, int stopped)
{
    if (stopped == -EBADMSG)
        violate(child, "sent a message of a wrong size");
    else if (stopped != 1 && stopped != -EAGAIN)
        end_of_channel(child);
    return stopped != 1 || child->state == CHILD_DOOMED;
}

/*
 * At most `most` messages; false when there may be more.  The first one never waits for others;
 * what has arrived meanwhile goes on together, and so does what arrives during that.
 */
static bool read_messages(struct child *child, unsigned most)
{
    const struct sources_hooks *hooks = child->owner->hooks;
    bool ended = false;

    for (unsigned read = 0, together = 1; read < most && !ended; together = CHANNEL_TOGETHER) {
        int stopped;
        unsigned count = channel_receive_waiting(child->reader, child->batch, together, &stopped);

        for (unsigned i = 0; i < count && child->state != CHILD_DOOMED; i++)
            take_message(child, &child->batch[i]);
        hooks->answered(hooks->context);
        read += count;
        ended = stop_reading(child, stopped);
    }
    return ended;
}

static void on_readable(void *context)
{
    struct child *child = context;
    if (read_messages(child, MESSAGES_A_WAKE)) {
        child->busy = 0;
        return;
    }
    if (++child->busy < BUSY_WAKES_MAX)
        return;
    child->busy = 0;
    loop_unwatch(child->watch);
    child->watch = NULL;
    loop_timer_set(child->breath, BREATH_MS);
}

static void on_breath(void *context)
{
    struct child *child = context;
    if (child->state == CHILD_DOOMED)
        return;
    child->watch = loop_readable(child->loop, child->reader, LOOP_URGENT, on_readable, child);
    if (!child->watch)
        child_kill(child, "could not be watched: out of memory");
}

static void on_deadline(void *context)
{
    struct child *child = context;
    child_kill(child, child->state == CHILD_STARTING ? "did not become ready in 10 s"
                                                     : "did not end after draining");
}

static bool watch_child(struct child *child)
{
    child->watch = loop_readable(child->loop, child->reader, LOOP_URGENT, on_readable, child);
    child->breath = loop_timer(child->loop, on_breath, child);
    child->deadline = loop_timer(child->loop, on_deadline, child);
    if (!child->watch || !child->breath || !child->deadline)
        return false;
    loop_timer_set(child->deadline, READY_MS);
    return true;
}

int child_start(struct loop *loop, enum source source, const struct source_start *start,
                const struct plan_interface *interfaces, size_t interface_count,
                const struct child_owner *owner, struct child **out, const char **stage)
{
    struct child *child = calloc(1, sizeof(*child));
    int result;

    *stage = "starting it";
    if (!child)
        return -ENOMEM;
    child->owner = owner;
    child->loop = loop;
    child->source = source;
    child->reader = -1;
    child->batch = calloc(CHANNEL_TOGETHER, sizeof(*child->batch));
    if (!child->batch) {
        child_free(child);
        return -ENOMEM;
    }
    child->interface_count = interface_count;
    for (size_t i = 0; i < interface_count; i++) {
        struct state_report *report = &child->interfaces[i].report;
        *report = (struct state_report){.state = STATE_WAITING, .link_type = -1};
        memcpy(report->interface, interfaces[i].name, IFNAMSIZ);
    }
    inbox_init(&child->inbox, source);
    result = source_start(start, &child->pid, &child->reader, stage);
    if (result == 0 && !watch_child(child))
        result = -ENOMEM;
    if (result) {
        child_free(child);
        return result;
    }
    *out = child;
    return 0;
}

/* ---- silence ---- */

static void end_silence(struct child *child)
{
    if (child->silent >= SILENCE_TOLD)
        log_notice("%s (process %d) goes on after %u s", source_name(child->source),
                   (int)child->pid, child->silent);
    child->heard = false;
    child->silent = child->stuck = 0;
}

static enum vitals_verdict look_at(struct child *child)
{
    struct vitals now = vitals_read(child->pid);
    enum vitals_verdict verdict = vitals_judge(&child->vitals, &now);

    child->vitals = now;
    return verdict;
}

static void tell_silence(const struct child *child, enum vitals_verdict verdict)
{
    static const char *const whys[] = {
        [VITALS_HANGS] = "it hangs",
        [VITALS_STOPPED] = "it is stopped",
        [VITALS_WAITS] = "the machine is too busy to run it",
    };

    log_warning("%s (process %d) has said nothing for %u s: %s; nothing is learned from it",
                source_name(child->source), (int)child->pid, child->silent, whys[verdict]);
}

void child_pulse(struct child *child)
{
    enum vitals_verdict verdict;

    child->doomed += child->state == CHILD_DOOMED;
    if (child->state == CHILD_DOOMED)
        return;
    if (child->heard || child->state != CHILD_RUNNING) {
        end_silence(child);
        return;
    }
    child->silent++;
    verdict = look_at(child);
    if (verdict != VITALS_WAITS)
        child->stuck++;
    if (child->silent == SILENCE_TOLD)
        tell_silence(child, verdict);
    if (child->stuck >= SILENCE_ENDED)
        child_kill(child, "said nothing for 10 s");
}

void child_drain(struct child *child)
{
    if (child->state == CHILD_DOOMED)
        return;
    child->state = CHILD_DRAINING;
    signal_process(child, SIGTERM);
    loop_timer_set(child->deadline, DRAIN_MS);
}

void child_kill(struct child *child, const char *problem)
{
    if (child->state == CHILD_DOOMED)
        return;
    snprintf(child->problem, sizeof(child->problem), "%s", problem);
    child->state = CHILD_DOOMED;
    loop_unwatch(child->watch);
    child->watch = NULL;
    signal_process(child, SIGKILL);
}

void child_finish(struct child *child)
{
    child->reaped = true;
    if (child->state != CHILD_DOOMED)
        read_messages(child, LAST_MESSAGES_MAX);
}

void child_free(struct child *child)
{
    if (!child)
        return;
    loop_unwatch(child->deadline);
    loop_unwatch(child->breath);
    loop_unwatch(child->watch);
    if (child->reader >= 0)
        close(child->reader);
    if (child->pid > 0 && !child->reaped) {
        signal_process(child, SIGKILL);
        waitpid(child->pid, NULL, 0);
    }
    inbox_free(&child->inbox);
    free(child->batch);
    free(child);
}
