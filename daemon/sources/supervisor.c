/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting, replacing and ending the processes of one source.
 */
#include "daemon/sources/supervisor.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MOST_MS = 30000,
    HEALTHY_SECONDS = 60,
    HUNG_MOST = 5,      /* ended for silence one after the other: starting more does not help */
    UNKILLED_MOST = 30, /* pulses after the signal that no process withstands */
    END_TRIES = 50,     /* of 10 ms each */
};

static const char *name_of(const struct station *station)
{
    return source_name(station->kind->source);
}

static void tell_changed(struct station *station)
{
    station->hooks.sources->changed(station->hooks.sources->context);
}

static void add_counters(struct counters *sum, const struct counters *more)
{
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        sum->value[i] += more->value[i];
    for (size_t i = 0; i < REASON_COUNT; i++)
        sum->refused[i] += more->refused[i];
}

static void sum_counters(struct station *station)
{
    station->total = station->before;
    if (station->current)
        add_counters(&station->total, &station->current->counters);
}

static void on_counted(void *context, struct child *child)
{
    struct station *station = context;
    if (child == station->current)
        sum_counters(station);
}

/* Not started, or ended before it was of use: again after a while. */
static void schedule_restart(struct station *station)
{
    loop_timer_set(station->restart, station->backoff_ms);
    station->backoff_ms *= 2;
    if (station->backoff_ms > BACKOFF_MOST_MS)
        station->backoff_ms = BACKOFF_MOST_MS;
}

static void forget_child(struct station *station, size_t index)
{
    struct child *child = station->children[index];
    if (station->current == child)
        station->current = NULL;
    if (station->successor == child)
        station->successor = NULL;
    station->child_count--;
    memmove(&station->children[index], &station->children[index + 1],
            (station->child_count - index) * sizeof(station->children[0]));
    child_free(child);
}

static void make_room(struct station *station)
{
    for (size_t i = 0; station->child_count == STATION_CHILDREN_MAX && i < STATION_CHILDREN_MAX;
         i++)
        if (station->children[i] != station->current)
            forget_child(station, i);
}

/* The newest plan gets a process: the first one, or one that will take over. */
static void start_child(struct station *station)
{
    struct source_start start = {
        .program = station->program,
        .plan = station->plan,
        .cpu_latency = -1,
        .net_raw = station->kind->net_raw,
    };
    struct child *child;
    const char *stage;
    int result;

    make_room(station);
    station->hooks.starting(station->hooks.context, &start);
    result = child_start(station->loop, station->kind->source, &start, station->interfaces,
                         station->interface_count, &station->owner, &child, &stage);
    station->hooks.started(station->hooks.context, &start);
    if (result) {
        snprintf(station->problem, sizeof(station->problem), "%s: %s", stage, strerror(-result));
        log_error("%s: %s: %s: %s; trying again in %g s", name_of(station), station->program, stage,
                  strerror(-result), (double)station->backoff_ms / 1000);
        schedule_restart(station);
        tell_changed(station);
        return;
    }
    child->plan = station->plan_number;
    station->children[station->child_count++] = child;
    station->successor = child;
}

static void on_restart(void *context)
{
    struct station *station = context;
    station->restarts++;
    station->hooks.restarting(station->hooks.context);
    start_child(station);
}

static void on_ready(void *context, struct child *child)
{
    struct station *station = context;
    struct child *old = station->current;

    if (child != station->successor)
        return;
    station->current = child;
    station->successor = NULL;
    if (old) {
        add_counters(&station->before, &old->counters); /* what it still counts, the new one does */
        child_drain(old);
    }
    sum_counters(station);
    log_info("%s (process %d) is ready", name_of(station), (int)child->pid);
    tell_changed(station);
}

static void on_interface_changed(void *context, struct child *child, size_t index)
{
    struct station *station = context;
    station->hooks.interface_changed(station->hooks.context, child, index);
}

int station_open(struct station *station, const struct station_kind *kind, struct loop *loop,
                 const char *libexec, const struct station_hooks *hooks)
{
    *station = (struct station){
        .kind = kind,
        .loop = loop,
        .hooks = *hooks,
        .plan = -1,
        .backoff_ms = BACKOFF_FIRST_MS,
        .owner = {.hooks = hooks->sources,
                  .ready = on_ready,
                  .counted = on_counted,
                  .interface_changed = on_interface_changed,
                  .context = station},
    };
    station->restart = loop_timer(loop, on_restart, station);
    if (!station->restart)
        return -ENOMEM;
    if (snprintf(station->program, sizeof(station->program), "%s/%s", libexec, kind->program) >=
        (int)sizeof(station->program))
        return -ENAMETOOLONG;
    return 0;
}

/* SIGINT ends a source at once, and so does the channel that nobody reads; what does neither is
 * killed. */
void station_close(struct station *station)
{
    for (size_t i = 0; i < station->child_count; i++)
        if (!station->children[i]->reaped)
            kill(station->children[i]->pid, SIGINT);
    for (size_t i = 0, tries = 0; i < station->child_count && tries < END_TRIES;) {
        struct child *child = station->children[i];
        if (waitpid(child->pid, NULL, WNOHANG) == 0) {
            tries++;
            usleep(10000);
            continue;
        }
        child->reaped = true;
        i++;
    }
    while (station->child_count > 0)
        forget_child(station, station->child_count - 1);
    loop_unwatch(station->restart);
    if (station->kind && station->plan >= 0)
        close(station->plan);
}

static void kill_if_any(struct child **child, const char *why)
{
    if (*child)
        child_kill(*child, why);
    *child = NULL;
}

/* One that does not drain makes place at once: two of it would do the same work twice. */
static void drop_current(struct station *station, const char *why)
{
    if (!station->current)
        return;
    add_counters(&station->before, &station->current->counters);
    kill_if_any(&station->current, why);
    sum_counters(station);
}

static void replace_children(struct station *station, const char *why)
{
    loop_timer_stop(station->restart);
    station->backoff_ms = BACKOFF_FIRST_MS;
    kill_if_any(&station->successor, why);
    if (!station->kind->drains)
        drop_current(station, why);
    start_child(station);
}

void station_renew(struct station *station, const char *why)
{
    if (station->plan < 0)
        return;
    station->hooks.restarting(station->hooks.context);
    replace_children(station, why);
}

void station_replan(struct station *station, int plan)
{
    if (station->plan >= 0)
        close(station->plan);
    station->plan = plan;
    station->plan_number++;
}

void station_use(struct station *station, int plan, const struct plan_interface *interfaces,
                 size_t interface_count)
{
    station_replan(station, plan);
    station->interfaces = interfaces;
    station->interface_count = interface_count;
    replace_children(station, "another plan came meanwhile");
}

void station_stop(struct station *station, const char *why)
{
    if (station->plan >= 0)
        close(station->plan);
    station->plan = -1;
    loop_timer_stop(station->restart);
    kill_if_any(&station->successor, why);
    drop_current(station, why);
}

bool station_follows(const struct station *station)
{
    const struct child *current = station->current;

    return station->plan < 0 ||
           (current && current->plan == station->plan_number && current->state == CHILD_RUNNING);
}

const struct child *station_newest(const struct station *station)
{
    return station->successor ? station->successor : station->current;
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

static void report_end(struct station *station, const struct child *child, int status,
                       const char *what_next)
{
    describe_end(child, status, station->problem);
    log_warning("%s (process %d) has ended: %s%s%s", name_of(station), (int)child->pid,
                station->problem,
                child->violated ? "; nothing that it sent from then on counts" : "", what_next);
}

/* The one whose word counted, or was about to, has ended by itself. */
static void lost_child(struct station *station, const struct child *child, int status)
{
    uint64_t now_ns = clock_now().boot_ns;
    char what_next[64];

    if (child->ready_ns && now_ns - child->ready_ns > HEALTHY_SECONDS * NS_PER_SECOND) {
        station->backoff_ms = BACKOFF_FIRST_MS;
        station->hung = 0;
    }
    station->hung = child->stuck >= SILENCE_ENDED ? station->hung + 1 : 0;
    snprintf(what_next, sizeof(what_next), "; starting it again in %g s",
             (double)station->backoff_ms / 1000);
    report_end(station, child, status, what_next);
    schedule_restart(station);
}

static void end_child(struct station *station, size_t index, int status)
{
    struct child *child = station->children[index];
    bool was_current, was_successor;

    child_finish(child);
    was_current = child == station->current;
    was_successor = child == station->successor;
    if (was_current)
        add_counters(&station->before, &child->counters);
    if (child->violated)
        station->violations++;
    if (was_successor || (was_current && !station->successor))
        lost_child(station, child, status);
    else if (was_current || child->violated)
        report_end(station, child, status, was_current ? "; its successor is starting" : "");
    forget_child(station, index);
    sum_counters(station);
    if (was_current || was_successor)
        tell_changed(station);
}

void station_reap(struct station *station)
{
    for (size_t i = 0; i < station->child_count;) {
        int status;
        if (waitpid(station->children[i]->pid, &status, WNOHANG) > 0)
            end_child(station, i, status);
        else
            i++;
    }
}

void station_pulse(struct station *station)
{
    for (size_t i = 0; i < station->child_count; i++)
        child_pulse(station->children[i]);
}

bool station_is_hopeless(const struct station *station)
{
    for (size_t i = 0; i < station->child_count; i++)
        if (station->children[i]->doomed >= UNKILLED_MOST)
            return true;
    return station->hung >= HUNG_MOST && (!station->current || station->current->silent > 0);
}

void station_status(const struct station *station, struct source_status *out)
{
    const struct child *child = station->current ? station->current : station->successor;

    *out = (struct source_status){
        .source = station->kind->source,
        .restarts = station->restarts,
        .violations = station->violations,
        .counters = &station->total,
    };
    memcpy(out->problem, station->problem, sizeof(out->problem));
    if (!child)
        return;
    out->pid = child->pid;
    out->ready = child->state == CHILD_RUNNING;
    out->silent = child->silent >= SILENCE_TOLD ? child->silent : 0;
    out->interfaces = child->interfaces;
    out->interface_count = child->interface_count;
    out->lists = child->lists;
    out->reported_lists = child->reported;
}
