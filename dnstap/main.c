/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dnstap process: plan, peers, sandbox, loop.  Started by the daemon only.
 */
#include "dnstap/hearsay.h"
#include "dnstap/peers.h"
#include "dnstap/sandbox_rules.h"
#include "dnstap/taps.h"
#include "source/fds.h"
#include "source/outbox.h"
#include "source/program.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum { BEAT_MS = 1000 };

struct process {
    struct plan plan;
    struct dnstap_peers peers;
    int listener, peers_fd;
    struct loop *loop;
    struct outbox *outbox;
    struct hearsay *hearsay;
    struct taps *taps;
    struct loop_watch *beat;     /* timer */
    struct loop_watch *writable; /* while something waits */
};

static void flush(struct process *process);

static void on_writable(void *context)
{
    flush(context);
}

static void flush(struct process *process)
{
    if (outbox_flush(process->outbox) < 0) {
        loop_stop(process->loop);
        return;
    }
    if (!outbox_waits(process->outbox)) {
        loop_unwatch(process->writable);
        process->writable = NULL;
    } else if (!process->writable) {
        process->writable = loop_writable(process->loop, SOURCE_CHANNEL_FD, on_writable, process);
    }
}

static void tell(void *context, const struct message *message)
{
    struct process *process = context;

    switch (outbox_put(process->outbox, message, clock_now().boot_ns)) {
    case OUTBOX_TAKEN:
        break;
    case OUTBOX_SUPPRESSED:
        hearsay_count(process->hearsay, COUNTER_REPORTS_SUPPRESSED);
        break;
    case OUTBOX_LOST:
        if (message->kind == MESSAGE_ANSWER)
            hearsay_count(process->hearsay, COUNTER_ANSWERS_LOST);
        break;
    }
    flush(process);
}

static void say_ready(struct process *process)
{
    struct message message;

    memset(&message, 0, sizeof(message));
    message.kind = MESSAGE_STATE;
    message.state.state = STATE_READY;
    message.state.link_type = -1;
    tell(process, &message);
}

/* That it goes round its loop: silence is taken for hanging. */
static void on_beat(void *context)
{
    struct process *process = context;
    struct message message;

    taps_pulse(process->taps);
    memset(&message, 0, sizeof(message));
    message.kind = MESSAGE_COUNTERS;
    hearsay_counters(process->hearsay, &message.counters);
    tell(process, &message);
    loop_timer_set(process->beat, BEAT_MS);
}

static void prepare(void *self)
{
    struct process *process = self;

    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    process->listener = source_fd_if_open(DNSTAP_LISTENER_FD);
    process->peers_fd = source_fd_if_open(DNSTAP_PEERS_FD);
}

static int read_plan(void *self, int fd)
{
    struct process *process = self;

    return plan_open(fd, &process->plan);
}

static int open_all(void *self)
{
    struct process *process = self;
    int result;

    if (process->listener < 0) /* the daemon has said why */
        return -ENOTCONN;
    result = dnstap_peers_open(process->peers_fd, &process->peers);
    if (result == 0)
        result = loop_new(&process->loop);
    if (result < 0)
        return result;
    process->outbox = outbox_new(SOURCE_CHANNEL_FD);
    process->hearsay = hearsay_new(&process->plan, tell, process);
    process->beat = loop_timer(process->loop, on_beat, process);
    if (!process->outbox || !process->hearsay || !process->beat)
        return -ENOMEM;
    return taps_new(process->loop, process->listener, &process->peers, process->hearsay,
                    &process->taps);
}

static int run(void *self)
{
    struct process *process = self;

    say_ready(process);
    on_beat(process);
    return loop_run(process->loop);
}

int main(void)
{
    static const struct source_program program = {
        .name = "wildset-dnstap",
        .by_hand = "",
        .prepare = prepare,
        .plan = read_plan,
        .opening = "opening the socket that resolvers connect to",
        .open = open_all,
        .sandbox = dnstap_sandbox_rules,
        .working = "waiting for resolvers",
        .run = run,
    };
    static struct process process; /* ends with the program: nothing is given back */

    return source_main(&program, &process);
}
