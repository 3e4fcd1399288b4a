/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sniffer process: plan, captures, sandbox, loop.  Started by the daemon only; see
 * descriptors.h.
 */
#include "base/log.h"
#include "base/priority.h"
#include "base/sandbox.h"
#include "sniffer/live/live.h"
#include "sniffer/plan.h"
#include "sniffer/sandbox_rules.h"
#include "source/descriptors.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

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

static int descriptor_if_open(int fd)
{
    return fcntl(fd, F_GETFD) < 0 ? -1 : fd;
}

static int fail(const char *doing, int error)
{
    log_error("%s: %s", doing, strerror(-error));
    return EXIT_FAILURE;
}

static int work(const struct plan *plan)
{
    struct live *live;
    int r = live_open(plan, SNIFFER_CHANNEL_FD, descriptor_if_open(SNIFFER_CPU_LATENCY_FD), &live);

    if (r < 0)
        return fail("opening the interfaces", r);
    /* The daemon has said whether it may: there and not here. */
    if (plan->latency == LATENCY_LOW)
        (void)priority_take(PRIORITY_SOURCE);
    r = sandbox_drop_capabilities();
    if (r == 0)
        r = sandbox_enter(sniffer_sandbox_rules());
    if (r < 0)
        return fail("entering the sandbox, without which nothing is read", r);
    r = live_run(live, &signals);
    /* Not closed: giving the rings back takes system calls that the sandbox has no need of. */
    return r < 0 ? fail("waiting for packets", r) : EXIT_SUCCESS;
}

int main(void)
{
    struct plan plan;
    int r;

    log_open("wildset-sniffer", LOG_LEVEL_INFO);
    set_up_signals();
    if (descriptor_if_open(SNIFFER_CHANNEL_FD) < 0) {
        log_error("not to be started by hand: it needs descriptors from wildsetd");
        return EXIT_FAILURE;
    }
    r = plan_open(SNIFFER_PLAN_FD, &plan);
    return r < 0 ? fail("reading the plan", r) : work(&plan);
}
