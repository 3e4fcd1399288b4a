/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading one source.  Its messages come first in the loop, so what it may take is bounded: after a
 * number of messages in a row it has to let everybody else have a turn.
 */
#include "daemon/sources/process.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/sources/supervisor.h"
#include "source/channel.h"
#include "source/fds.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MESSAGES_A_WAKE = 64,
    BUSY_WAKES_MAX = 16, /* then a breath: timers, signals and the control socket get their turn */
    BREATH_MS = 1,
    READY_MS = 10000,
    DRAIN_MS = (SOURCE_DRAIN_SECONDS + 5) * 1000,
    LAST_MESSAGES_MAX = 4096, /* more than a channel's buffer can hold */
};

static void signal_process(const struct process *process, int number)
{
    if (process->pid > 0 && !process->reaped)
        kill(process->pid, number);
}

static void violate(struct process *process, const char *problem)
{
    process->violated = true;
    process_kill(process, problem);
}

static void add_counters(struct counters *sum, const struct counters *more)
{
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        sum->value[i] += more->value[i];
    for (size_t i = 0; i < REASON_COUNT; i++)
        sum->refused[i] += more->refused[i];
}

/* It goes on for a while, and is killed when it outlives that. */
static void drain_process(struct process *process)
{
    if (process->state == PROCESS_DOOMED)
        return;
    process->state = PROCESS_DRAINING;
    signal_process(process, SIGTERM);
    loop_timer_set(process->deadline, DRAIN_MS);
}

/* From now on its word counts: what the one before it still counts, it counts too. */
static void take_over(struct process *process)
{
    struct supervisor *supervisor = process->supervisor;
    struct process *old = supervisor->current;

    process->state = PROCESS_RUNNING;
    process->ready_ns = clock_now().boot_ns;
    loop_timer_stop(process->deadline);
    if (process != supervisor->successor)
        return;
    supervisor->current = process;
    supervisor->successor = NULL;
    add_counters(&supervisor->total, &process->counters);
    if (old)
        drain_process(old);
    log_info("%s (pid %d) is ready", source_name(process->source), (int)process->pid);
    supervisor->hooks->changed(supervisor->hooks->context);
}

static void take_state(struct process *process, const struct state_report *report)
{
    const struct supervisor *supervisor = process->supervisor;

    if (report->state == STATE_READY) {
        if (process->state == PROCESS_STARTING)
            take_over(process);
        return;
    }
    if (report->state == STATE_ONE_DIRECTION) {
        if (process->state != PROCESS_DRAINING)
            log_warning(
                "capture: seeing responses but no queries; nothing can be learned: "
                "mirror both directions; or, on a mirror port, name the resolvers in "
                "capture.resolvers and set require-query = false: anyone who can send packets in "
                "their name is then trusted");
        return;
    }
    for (size_t i = 0; i < process->interface_count; i++) {
        struct source_interface *interface = &process->interfaces[i];
        if (memcmp(interface->report.interface, report->interface, IFNAMSIZ) != 0)
            continue;
        interface->report = *report;
        interface->reported_ns = clock_now().boot_ns;
        if (supervisor->row->interface_changed)
            supervisor->row->interface_changed(supervisor->self, process, i);
        return;
    }
    violate(process, "reported an interface not assigned to it");
}

/* Counters only grow; a smaller report would take back what was counted. */
static void take_counters(struct process *process, const struct counters *counters)
{
    struct counters grown = *counters;
    bool shrunk = false;

    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        shrunk |= counters->value[i] < process->counters.value[i];
        grown.value[i] -= process->counters.value[i];
    }
    for (size_t i = 0; i < REASON_COUNT; i++) {
        shrunk |= counters->refused[i] < process->counters.refused[i];
        grown.refused[i] -= process->counters.refused[i];
    }
    if (shrunk) {
        violate(process, "counters decreased");
        return;
    }
    process->counters = *counters;
    if (process == process->supervisor->current)
        add_counters(&process->supervisor->total, &grown);
}

static void take_caught_up(struct process *process)
{
    if (!process->catching_up) {
        violate(process, "caught up without having been asked");
        return;
    }
    process->catching_up = false;
    process->supervisor->hooks->caught_up(process->supervisor->hooks->context, process->pid);
}

bool process_catch_up(struct process *process)
{
    const uint64_t one = 1;

    if (process->catching_up || write(process->catch_up, &one, sizeof(one)) != sizeof(one))
        return false;
    process->catching_up = true;
    return true;
}

static void process_take_message(struct process *process, const struct message *message)
{
    const struct sources_hooks *hooks = process->supervisor->hooks;
    struct inbox_delivery delivery;

    process->heard = true;
    enum inbox_outcome outcome = inbox_take(&process->inbox, message, &delivery);

    /* In the order in which it was told; these alone do nothing to what answers before them do. */
    if (outcome != INBOX_ANSWER && outcome != INBOX_PART && outcome != INBOX_ASKED)
        hooks->answered(hooks->context);
    switch (outcome) {
    case INBOX_PART:
        return;
    case INBOX_ANSWER:
        hooks->answer(hooks->context, process->source, delivery.parts, delivery.count);
        if (delivery.count > 1)
            hooks->answered(hooks->context); /* its parts are kept until the next message only */
        return;
    case INBOX_REFUSAL:
        hooks->refusal(hooks->context, process->source, &message->sighting);
        return;
    case INBOX_ALARM:
        if (process->state != PROCESS_DRAINING)
            hooks->alarm(hooks->context, process->source, &message->alarm);
        return;
    case INBOX_COUNTERS:
        take_counters(process, &message->counters);
        return;
    case INBOX_STATE:
        take_state(process, &message->state);
        return;
    case INBOX_ASKED:
        hooks->asked(hooks->context, &message->asked);
        return;
    case INBOX_REGISTRY:
        process->lists[message->registry.whitelist] = message->registry;
        process->reported |= (whitelist_mask)1 << message->registry.whitelist;
        return;
    case INBOX_CAUGHT_UP:
        take_caught_up(process);
        return;
    case INBOX_VIOLATION:
        violate(process, delivery.why);
        return;
    }
}

/*
 * Nothing came: the process has closed its end, mostly by ending, and is reaped soon; or it sent an
 * empty message, which our own programs never do.
 */
static void end_of_channel(struct process *process)
{
    struct pollfd reader = {.fd = process->reader, .events = POLLIN};

    if (poll(&reader, 1, 0) != 1 || !(reader.revents & POLLHUP)) {
        violate(process, "sent an empty message");
        return;
    }
    signal_process(process, SIGKILL); /* of no use without its channel */
    loop_unwatch(process->watch);
    process->watch = NULL;
}

/* True when nothing more is to be read for now. */
static bool stop_reading(struct process *process, int stopped)
{
    if (stopped == -EBADMSG)
        violate(process, "sent a message of a wrong size");
    else if (stopped != 1 && stopped != -EAGAIN)
        end_of_channel(process);
    return stopped != 1 || process->state == PROCESS_DOOMED;
}

/*
 * At most `most` messages; false when there may be more.  The first one never waits for others;
 * what has arrived meanwhile goes on together, and so does what arrives during that.
 */
static bool read_messages(struct process *process, unsigned most)
{
    const struct sources_hooks *hooks = process->supervisor->hooks;
    bool ended = false;

    for (unsigned read = 0, together = 1; read < most && !ended; together = CHANNEL_TOGETHER) {
        int stopped;
        unsigned count =
            channel_receive_waiting(process->reader, process->batch, together, &stopped);

        for (unsigned i = 0; i < count && process->state != PROCESS_DOOMED; i++)
            process_take_message(process, &process->batch[i]);
        hooks->answered(hooks->context);
        read += count;
        ended = stop_reading(process, stopped);
    }
    return ended;
}

static void process_on_readable(void *context)
{
    struct process *process = context;
    if (read_messages(process, MESSAGES_A_WAKE)) {
        process->busy = 0;
        return;
    }
    if (++process->busy < BUSY_WAKES_MAX)
        return;
    process->busy = 0;
    loop_unwatch(process->watch);
    process->watch = NULL;
    loop_timer_set(process->breath, BREATH_MS);
}

static void on_breath(void *context)
{
    struct process *process = context;
    if (process->state == PROCESS_DOOMED)
        return;
    process->watch = loop_readable(process->supervisor->loop, process->reader, LOOP_URGENT,
                                   process_on_readable, process);
    if (!process->watch)
        process_kill(process, "could not be watched: out of memory");
}

static void on_deadline(void *context)
{
    struct process *process = context;
    process_kill(process, process->state == PROCESS_STARTING ? "did not become ready in 10 s"
                                                             : "did not exit after draining");
}

/* An eventfd that the two have in common, where it is to be asked to catch up. */
static int start_program(struct process *process, const struct source_start *start,
                         const char **stage)
{
    struct source_start with = *start;

    if (start->catch_up_fd > 0) {
        process->catch_up = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (process->catch_up < 0)
            return -errno;
        with.lent[start->catch_up_fd - SOURCE_LENT_FD] = process->catch_up;
    }
    return source_start(&with, &process->pid, &process->reader, stage);
}

int process_start(struct supervisor *supervisor, const struct source_start *start,
                  struct process **out, const char **stage)
{
    struct process *process = calloc(1, sizeof(*process));
    int result;

    *stage = "starting it";
    if (!process)
        return -ENOMEM;
    process->supervisor = supervisor;
    process->source = supervisor->row->source;
    process->reader = process->catch_up = -1;
    process->batch = calloc(CHANNEL_TOGETHER, sizeof(*process->batch));
    if (!process->batch) {
        process_free(process);
        return -ENOMEM;
    }
    process->interface_count = start->interface_count;
    for (size_t i = 0; i < start->interface_count; i++) {
        struct state_report *report = &process->interfaces[i].report;
        *report = (struct state_report){.state = STATE_WAITING, .link_type = -1};
        memcpy(report->interface, start->interfaces[i].name, IFNAMSIZ);
    }
    inbox_init(&process->inbox, process->source);
    result = start_program(process, start, stage);
    if (result == 0) {
        process->watch = loop_readable(supervisor->loop, process->reader, LOOP_URGENT,
                                       process_on_readable, process);
        process->breath = loop_timer(supervisor->loop, on_breath, process);
        process->deadline = loop_timer(supervisor->loop, on_deadline, process);
        if (!process->watch || !process->breath || !process->deadline)
            result = -ENOMEM;
    }
    if (result) {
        process_free(process);
        return result;
    }
    loop_timer_set(process->deadline, READY_MS);
    *out = process;
    return 0;
}

/* ---- silence ---- */

static void tell_silence(const struct process *process, enum vitals_verdict verdict)
{
    static const char *const whys[] = {
        [VITALS_HANGS] = "it hangs",
        [VITALS_STOPPED] = "it is suspended",
        [VITALS_WAITS] = "the machine is too busy to schedule it",
    };

    log_warning("%s (pid %d) has been silent for %u s: %s; nothing is learned from it",
                source_name(process->source), (int)process->pid, process->silent, whys[verdict]);
}

void process_pulse(struct process *process)
{
    process->doomed += process->state == PROCESS_DOOMED;
    if (process->state == PROCESS_DOOMED)
        return;
    if (process->heard || process->state != PROCESS_RUNNING) {
        if (process->silent >= SILENCE_TOLD)
            log_notice("%s (pid %d) responds again after %u s", source_name(process->source),
                       (int)process->pid, process->silent);
        process->heard = false;
        process->silent = process->stuck = 0;
        return;
    }
    process->silent++;

    const struct vitals now = vitals_read(process->pid);
    enum vitals_verdict verdict = vitals_judge(&process->vitals, &now);

    process->vitals = now;
    if (verdict != VITALS_WAITS)
        process->stuck++;
    if (process->silent == SILENCE_TOLD)
        tell_silence(process, verdict);
    if (process->stuck >= SILENCE_ENDED)
        process_kill(process, "silent for 10 s");
}

void process_kill(struct process *process, const char *problem)
{
    if (process->state == PROCESS_DOOMED)
        return;
    snprintf(process->problem, sizeof(process->problem), "%s", problem);
    process->state = PROCESS_DOOMED;
    loop_unwatch(process->watch);
    process->watch = NULL;
    signal_process(process, SIGKILL);
}

void process_finish(struct process *process)
{
    process->reaped = true;
    if (process->state != PROCESS_DOOMED)
        read_messages(process, LAST_MESSAGES_MAX);
}

void process_free(struct process *process)
{
    if (!process)
        return;
    loop_unwatch(process->deadline);
    loop_unwatch(process->breath);
    loop_unwatch(process->watch);
    if (process->reader >= 0)
        close(process->reader);
    if (process->catch_up >= 0)
        close(process->catch_up);
    if (process->pid > 0 && !process->reaped) {
        signal_process(process, SIGKILL);
        waitpid(process->pid, NULL, 0);
    }
    inbox_free(&process->inbox);
    free(process->batch);
    free(process);
}
