/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sniffer process: plan, captures, sandbox, loop.  Started by the daemon only.
 */
#include "base/priority.h"
#include "sniffer/live/live.h"
#include "sniffer/plan.h"
#include "sniffer/sandbox_rules.h"
#include "source/fds.h"
#include "source/program.h"

#include <signal.h>

static struct live_signals signals;

static void drain(int number)
{
    (void)number;
    signals.drain = true;
}

static void end(int number)
{
    (void)number;
    signals.end = true;
}

/* Blocked except while the loop sleeps, so that none is missed. */
static void set_up_signals(void)
{
    struct sigaction on_term = {.sa_handler = drain}, on_int = {.sa_handler = end},
                     ignore = {.sa_handler = SIG_IGN};
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    sigaction(SIGTERM, &on_term, NULL);
    sigaction(SIGINT, &on_int, NULL);
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

struct process {
    struct plan plan;
    struct live *live;
};

static void prepare(void *self)
{
    (void)self;
    set_up_signals();
}

static int read_plan(void *self, int fd)
{
    struct process *process = self;

    return plan_open(fd, &process->plan);
}

static int open_live(void *self)
{
    struct process *process = self;
    int result =
        live_open(&process->plan, SOURCE_CHANNEL_FD, source_fd_if_open(SNIFFER_CATCH_UP_FD),
                  source_fd_if_open(SNIFFER_CPU_LATENCY_FD), &process->live);

    if (result < 0)
        return result;
    /* The daemon has said whether it may: there and not here. */
    if (process->plan.latency != LATENCY_NORMAL)
        (void)priority_take(PRIORITY_SOURCE);
    return 0;
}

/* Not closed: giving the rings back takes system calls that the sandbox has no need of. */
static int run(void *self)
{
    const struct process *process = self;

    return live_run(process->live, &signals);
}

int main(void)
{
    static const struct source_program program = {
        .name = "wildset-sniffer",
        .by_hand = "",
        .prepare = prepare,
        .plan = read_plan,
        .opening = "opening the interfaces",
        .open = open_live,
        .sandbox = sniffer_sandbox_rules,
        .working = "waiting for packets",
        .run = run,
    };
    static struct process process;

    return source_main(&program, &process);
}
