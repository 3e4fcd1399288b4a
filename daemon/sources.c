/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who runs: one sniffer, its successor while that starts, and predecessors that drain.  A process
 * that ends is reported and started again with back-off; what the sets hold does not depend on it.
 */
#include "daemon/sources.h"

#include "daemon/child.h"
#include "daemon/links.h"
#include "runtime/clock.h"
#include "runtime/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CHILDREN_MAX = 8, /* a reload a second for ten seconds; the oldest that drains makes room */
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MOST_MS = 30000,
    HEALTHY_SECONDS = 60,
    LINK_DEBOUNCE_MS = 200,
    END_TRIES = 50, /* of 10 ms each */
};

struct sources {
    struct loop *loop;
    struct sources_hooks hooks;
    struct child_owner owner;
    char program[PATH_MAX];
    struct links *links;
    struct loop_watch *restart;           /* timer */
    struct loop_watch *debounce;          /* timer */
    struct child *children[CHILDREN_MAX]; /* in the order of their start */
    size_t child_count;
    struct child *current;   /* whose word counts */
    struct child *successor; /* starting, to take over */
    int plan;                /* the sealed memfd, used again for each start; -1 before the first */
    bool low_latency;
    bool latency_told;
    struct plan_interface interfaces[PLAN_INTERFACES_MAX];
    bool came_up[PLAN_INTERFACES_MAX]; /* since the newest child was started */
    uint8_t told[PLAN_INTERFACES_MAX]; /* the state that was logged last */
    size_t interface_count;
    uint64_t backoff_ms;
    uint32_t restarts;
    uint64_t violations;
    char problem[128];
    struct counters before; /* of those that ended or drain */
    struct counters total;
};

static void start_child(struct sources *sources);

static void add_counters(struct counters *sum, const struct counters *more)
{
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        sum->value[i] += more->value[i];
    for (size_t i = 0; i < REASON_COUNT; i++)
        sum->refused[i] += more->refused[i];
}

static void sum_counters(struct sources *sources)
{
    sources->total = sources->before;
    if (sources->current)
        add_counters(&sources->total, &sources->current->counters);
}

static void on_counted(void *context, struct child *child)
{
    struct sources *sources = context;
    if (child == sources->current)
        sum_counters(sources);
}

/* The daemon opens it and closes its own copy again: the request ends with the sniffer that has it.
 */
static int open_cpu_latency(struct sources *sources)
{
    int fd;
    if (!sources->low_latency)
        return -1;
    fd = open("/dev/cpu_dma_latency", O_RDWR | O_CLOEXEC);
    if (fd < 0 && !sources->latency_told) {
        log_notice("/dev/cpu_dma_latency: %s: after idle times addresses are allowed some 50 us "
                   "later; let group wildset write it (the package's udev rule does), or set "
                   "latency = \"normal\"",
                   strerror(errno));
        sources->latency_told = true;
    }
    return fd;
}

/* Not started, or ended before it was of use: again after a while. */
static void schedule_restart(struct sources *sources)
{
    loop_timer_set(sources->restart, sources->backoff_ms);
    sources->backoff_ms *= 2;
    if (sources->backoff_ms > BACKOFF_MOST_MS)
        sources->backoff_ms = BACKOFF_MOST_MS;
}

static void start_again(struct sources *sources)
{
    sources->hooks.restarting(sources->hooks.context);
    start_child(sources);
}

static void on_restart(void *context)
{
    struct sources *sources = context;
    sources->restarts++;
    start_again(sources);
}

static void forget_child(struct sources *sources, size_t index)
{
    struct child *child = sources->children[index];
    if (sources->current == child)
        sources->current = NULL;
    if (sources->successor == child)
        sources->successor = NULL;
    sources->child_count--;
    memmove(&sources->children[index], &sources->children[index + 1],
            (sources->child_count - index) * sizeof(sources->children[0]));
    child_free(child);
}

static void make_room(struct sources *sources)
{
    for (size_t i = 0; sources->child_count == CHILDREN_MAX && i < CHILDREN_MAX; i++)
        if (sources->children[i] != sources->current)
            forget_child(sources, i);
}

/* The newest plan gets a process: the first one, or one that will take over. */
static void start_child(struct sources *sources)
{
    struct source_start start = {
        .program = sources->program,
        .plan = sources->plan,
        .cpu_latency = open_cpu_latency(sources),
        .realtime = sources->low_latency,
        .net_raw = true,
    };
    struct child *child;
    const char *stage;
    int result;

    make_room(sources);
    memset(sources->came_up, 0, sizeof(sources->came_up));
    result = child_start(sources->loop, SOURCE_SNIFFER, &start, sources->interfaces,
                         sources->interface_count, &sources->owner, &child, &stage);
    if (start.cpu_latency >= 0)
        close(start.cpu_latency);
    if (result) {
        snprintf(sources->problem, sizeof(sources->problem), "%s: %s", stage, strerror(-result));
        log_error("sniffer: %s: %s: %s; trying again in %g s", sources->program, stage,
                  strerror(-result), (double)sources->backoff_ms / 1000);
        schedule_restart(sources);
        sources->hooks.changed(sources->hooks.context);
        return;
    }
    sources->children[sources->child_count++] = child;
    sources->successor = child;
}

static void on_ready(void *context, struct child *child)
{
    struct sources *sources = context;
    struct child *old = sources->current;

    if (child != sources->successor)
        return;
    sources->current = child;
    sources->successor = NULL;
    if (old) {
        add_counters(&sources->before, &old->counters); /* what it still counts, the new one does */
        child_drain(old);
    }
    sum_counters(sources);
    log_info("sniffer (process %d) is ready", (int)child->pid);
    sources->hooks.changed(sources->hooks.context);
}

static const struct child *newest_child(const struct sources *sources)
{
    return sources->successor ? sources->successor : sources->current;
}

/* Reads an interface that was not usable when the newest child looked, and came up since. */
static bool wants_replacement(const struct sources *sources)
{
    const struct child *newest = newest_child(sources);
    if (!newest || newest->state == CHILD_DOOMED)
        return false;
    for (size_t i = 0; i < newest->interface_count; i++) {
        uint8_t state = newest->interfaces[i].report.state;
        if (sources->came_up[i] && newest->interfaces[i].reported_ns > 0 &&
            (state == STATE_WAITING || state == STATE_DOWN))
            return true;
    }
    return false;
}

static void on_debounce(void *context)
{
    struct sources *sources = context;
    if (!wants_replacement(sources))
        return;
    log_info("an interface came up: starting another sniffer that reads it too");
    if (sources->successor)
        child_kill(sources->successor, "an interface came up meanwhile");
    sources->successor = NULL;
    start_again(sources);
}

static void on_link_up(void *context, size_t index)
{
    struct sources *sources = context;
    sources->came_up[index] = true;
    if (wants_replacement(sources))
        loop_timer_set(sources->debounce, LINK_DEBOUNCE_MS);
}

static void on_interface_changed(void *context, struct child *child, size_t index)
{
    struct sources *sources = context;
    const struct state_report *report = &child->interfaces[index].report;

    if (child != newest_child(sources) || report->state == sources->told[index])
        return;
    sources->told[index] = report->state;
    if (report->state == STATE_UP)
        log_info("capture: %s is read%s", report->interface,
                 report->promiscuous ? ", promiscuous" : "");
    else if (report->state == STATE_WAITING)
        log_warning("capture: %s is not there or not up: waiting for it", report->interface);
    else
        log_warning("capture: %s is down or has no link: nothing is seen there until that ends",
                    report->interface);
    if (wants_replacement(sources))
        loop_timer_set(sources->debounce, LINK_DEBOUNCE_MS);
}

int sources_new(struct loop *loop, const char *libexec, const struct sources_hooks *hooks,
                struct sources **out)
{
    struct sources *sources = calloc(1, sizeof(*sources));
    int result = -ENOMEM;

    if (!sources)
        return result;
    sources->loop = loop;
    sources->hooks = *hooks;
    sources->plan = -1;
    sources->backoff_ms = BACKOFF_FIRST_MS;
    sources->owner = (struct child_owner){
        .hooks = &sources->hooks,
        .ready = on_ready,
        .counted = on_counted,
        .interface_changed = on_interface_changed,
        .context = sources,
    };
    sources->restart = loop_timer(loop, on_restart, sources);
    sources->debounce = loop_timer(loop, on_debounce, sources);
    if (snprintf(sources->program, sizeof(sources->program), "%s/sniffer", libexec) >=
        (int)sizeof(sources->program))
        result = -ENAMETOOLONG;
    else if (sources->restart && sources->debounce)
        result = links_open(loop, on_link_up, sources, &sources->links);
    if (result) {
        sources_free(sources);
        return result;
    }
    *out = sources;
    return 0;
}

/* SIGINT ends a sniffer at once, and so does the channel that nobody reads; what does neither is
 * killed. */
static void end_children(struct sources *sources)
{
    for (size_t i = 0; i < sources->child_count; i++)
        if (!sources->children[i]->reaped)
            kill(sources->children[i]->pid, SIGINT);
    for (size_t i = 0, tries = 0; i < sources->child_count && tries < END_TRIES;) {
        struct child *child = sources->children[i];
        if (waitpid(child->pid, NULL, WNOHANG) == 0) {
            tries++;
            usleep(10000);
            continue;
        }
        child->reaped = true;
        i++;
    }
    while (sources->child_count > 0)
        forget_child(sources, sources->child_count - 1);
}

void sources_free(struct sources *sources)
{
    if (!sources)
        return;
    end_children(sources);
    links_close(sources->links);
    loop_unwatch(sources->restart);
    loop_unwatch(sources->debounce);
    if (sources->plan >= 0)
        close(sources->plan);
    free(sources);
}

/* What was told of interfaces holds as long as they are the same. */
static void take_interfaces(struct sources *sources, const struct plan *plan)
{
    size_t size = plan->interface_count * sizeof(sources->interfaces[0]);

    if (sources->interface_count != plan->interface_count ||
        memcmp(sources->interfaces, plan->interfaces, size) != 0)
        memset(sources->told, 0, sizeof(sources->told));
    sources->interface_count = plan->interface_count;
    memcpy(sources->interfaces, plan->interfaces, size);
}

int sources_renew_plan(struct sources *sources, const struct plan *plan)
{
    int sealed = plan_seal(plan);
    if (sealed < 0)
        return sealed;
    if (sources->plan >= 0)
        close(sources->plan);
    sources->plan = sealed;
    return 0;
}

int sources_start_sniffer(struct sources *sources, const struct plan *plan)
{
    int result = sources_renew_plan(sources, plan);
    if (result < 0)
        return result;
    sources->low_latency = plan->latency == LATENCY_LOW;
    take_interfaces(sources, plan);
    links_watch(sources->links, sources->interfaces, sources->interface_count);
    loop_timer_stop(sources->restart);
    sources->backoff_ms = BACKOFF_FIRST_MS;
    if (sources->successor)
        child_kill(sources->successor, "another plan came meanwhile");
    sources->successor = NULL;
    start_child(sources);
    return 0;
}

/* How it ended, for people. */
static void describe_end(const struct child *child, int status, char out[static 128])
{
    if (child->problem[0] != '\0')
        snprintf(out, 128, "%s", child->problem);
    else if (WIFSIGNALED(status))
        snprintf(out, 128, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(out, 128, "exit status %d", WEXITSTATUS(status));
}

static void report_end(struct sources *sources, const struct child *child, int status,
                       const char *what_next)
{
    describe_end(child, status, sources->problem);
    log_warning("sniffer (process %d) has ended: %s%s%s", (int)child->pid, sources->problem,
                child->violated ? "; nothing that it sent from then on counts" : "", what_next);
}

/* The one whose word counted, or was about to, has ended by itself. */
static void lost_child(struct sources *sources, const struct child *child, int status)
{
    uint64_t now_ns = clock_now().boot_ns;
    char what_next[64];

    if (child->ready_ns && now_ns - child->ready_ns > HEALTHY_SECONDS * NS_PER_SECOND)
        sources->backoff_ms = BACKOFF_FIRST_MS;
    snprintf(what_next, sizeof(what_next), "; starting it again in %g s",
             (double)sources->backoff_ms / 1000);
    report_end(sources, child, status, what_next);
    schedule_restart(sources);
}

static void end_child(struct sources *sources, size_t index, int status)
{
    struct child *child = sources->children[index];
    bool was_current, was_successor;

    child_finish(child);
    was_current = child == sources->current;
    was_successor = child == sources->successor;
    if (was_current)
        add_counters(&sources->before, &child->counters);
    if (child->violated)
        sources->violations++;
    if (was_successor || (was_current && !sources->successor))
        lost_child(sources, child, status);
    else if (was_current || child->violated)
        report_end(sources, child, status, was_current ? "; its successor is starting" : "");
    forget_child(sources, index);
    sum_counters(sources);
    if (was_current || was_successor)
        sources->hooks.changed(sources->hooks.context);
}

void sources_reap(struct sources *sources)
{
    for (size_t i = 0; i < sources->child_count;) {
        int status;
        if (waitpid(sources->children[i]->pid, &status, WNOHANG) > 0)
            end_child(sources, i, status);
        else
            i++;
    }
}

size_t sources_count(const struct sources *sources)
{
    (void)sources;
    return 1;
}

struct source_status sources_status(const struct sources *sources, size_t index)
{
    const struct child *child = sources->current ? sources->current : sources->successor;
    struct source_status status = {
        .source = SOURCE_SNIFFER,
        .restarts = sources->restarts,
        .violations = sources->violations,
        .counters = &sources->total,
    };

    (void)index;
    memcpy(status.problem, sources->problem, sizeof(status.problem));
    if (!child)
        return status;
    status.pid = child->pid;
    status.ready = child->state == CHILD_RUNNING;
    status.interfaces = child->interfaces;
    status.interface_count = child->interface_count;
    return status;
}
