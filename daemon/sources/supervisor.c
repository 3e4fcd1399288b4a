/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting, replacing and ending the processes of one source.
 */
#include "daemon/sources/supervisor.h"

#include "base/clock.h"
#include "base/log.h"
#include "source/kind.h"

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

static const char *name_of(const struct supervisor *supervisor)
{
    return source_name(supervisor->row->source);
}

/* Not started, or ended before it was of use: again after a while. */
static void schedule_restart(struct supervisor *supervisor)
{
    loop_timer_set(supervisor->restart, supervisor->backoff_ms);
    supervisor->backoff_ms *= 2;
    if (supervisor->backoff_ms > BACKOFF_MOST_MS)
        supervisor->backoff_ms = BACKOFF_MOST_MS;
}

static void forget_process(struct supervisor *supervisor, size_t index)
{
    struct process *process = supervisor->processes[index];
    if (supervisor->current == process)
        supervisor->current = NULL;
    if (supervisor->successor == process)
        supervisor->successor = NULL;
    supervisor->process_count--;
    memmove(&supervisor->processes[index], &supervisor->processes[index + 1],
            (supervisor->process_count - index) * sizeof(supervisor->processes[0]));
    process_free(process);
}

static void make_room(struct supervisor *supervisor)
{
    for (size_t i = 0;
         supervisor->process_count == SUPERVISOR_PROCESSES_MAX && i < SUPERVISOR_PROCESSES_MAX; i++)
        if (supervisor->processes[i] != supervisor->current)
            forget_process(supervisor, i);
}

/* The newest plan gets a process: the first one, or one that will take over. */
static void start_process(struct supervisor *supervisor)
{
    struct source_start start = {
        .path = supervisor->path,
        .plan = supervisor->plan,
        .requests = source_kind(supervisor->row->source)->takes != 0,
        .net_raw = supervisor->row->net_raw,
    };
    const struct source_row *row = supervisor->row;
    struct process *process;
    const char *stage;
    int result;

    make_room(supervisor);
    if (row->lend)
        row->lend(supervisor->self, &start);
    result = process_start(supervisor, &start, &process, &stage);
    if (row->take_back)
        row->take_back(supervisor->self, &start);
    if (result) {
        snprintf(supervisor->problem, sizeof(supervisor->problem), "%s: %s", stage,
                 strerror(-result));
        log_error("%s: %s: %s: %s; retrying in %g s", name_of(supervisor), supervisor->path, stage,
                  strerror(-result), (double)supervisor->backoff_ms / 1000);
        schedule_restart(supervisor);
        supervisor->hooks->changed(supervisor->hooks->context);
        return;
    }
    process->plan = supervisor->plan_number;
    supervisor->processes[supervisor->process_count++] = process;
    supervisor->successor = process;
}

/* Whom it has to believe may have changed since. */
static void renew_plan(struct supervisor *supervisor)
{
    if (!source_kind(supervisor->row->source)->asks_itself)
        supervisor->hooks->restarting(supervisor->hooks->context, supervisor->row->source);
}

static void on_restart(void *context)
{
    struct supervisor *supervisor = context;
    supervisor->restarts++;
    renew_plan(supervisor);
    start_process(supervisor);
}

int supervisor_open(struct supervisor *supervisor, const struct source_row *row, struct loop *loop,
                    const struct sources_options *options, const struct sources_hooks *hooks)
{
    *supervisor = (struct supervisor){
        .row = row,
        .hooks = hooks,
        .loop = loop,
        .plan = -1,
        .backoff_ms = BACKOFF_FIRST_MS,
    };
    supervisor->restart = loop_timer(loop, on_restart, supervisor);
    if (!supervisor->restart)
        return -ENOMEM;
    if (snprintf(supervisor->path, sizeof(supervisor->path), "%s/%s", options->libexec,
                 name_of(supervisor)) >= (int)sizeof(supervisor->path))
        return -ENAMETOOLONG;
    return row->open ? row->open(supervisor, options, &supervisor->self) : 0;
}

/* SIGINT ends a source at once, and so does the channel that nobody reads; what does neither is
 * killed. */
void supervisor_close(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->process_count; i++)
        if (!supervisor->processes[i]->reaped)
            kill(supervisor->processes[i]->pid, SIGINT);
    for (size_t i = 0, tries = 0; i < supervisor->process_count && tries < END_TRIES;) {
        struct process *process = supervisor->processes[i];
        if (waitpid(process->pid, NULL, WNOHANG) == 0) {
            tries++;
            usleep(10000);
            continue;
        }
        process->reaped = true;
        i++;
    }
    while (supervisor->process_count > 0)
        forget_process(supervisor, supervisor->process_count - 1);
    loop_unwatch(supervisor->restart);
    if (supervisor->plan >= 0)
        close(supervisor->plan);
    if (supervisor->self)
        supervisor->row->close(supervisor->self);
}

static void kill_if_any(struct process **process, const char *why)
{
    if (*process)
        process_kill(*process, why);
    *process = NULL;
}

static void replace_processes(struct supervisor *supervisor, const char *why)
{
    loop_timer_stop(supervisor->restart);
    supervisor->backoff_ms = BACKOFF_FIRST_MS;
    kill_if_any(&supervisor->successor, why);
    if (!supervisor->row->overlaps) /* two of it would do the same work twice */
        kill_if_any(&supervisor->current, why);
    start_process(supervisor);
}

void supervisor_renew(struct supervisor *supervisor, const char *why)
{
    if (supervisor->plan < 0)
        return;
    renew_plan(supervisor);
    replace_processes(supervisor, why);
}

void supervisor_replan(struct supervisor *supervisor, int plan)
{
    if (supervisor->plan >= 0)
        close(supervisor->plan);
    supervisor->plan = plan;
    supervisor->plan_number++;
}

void supervisor_use(struct supervisor *supervisor, const struct source_knowledge *known, int plan)
{
    supervisor_replan(supervisor, plan);
    if (supervisor->row->monitor)
        supervisor->row->monitor(supervisor->self, known, plan >= 0);
    if (plan >= 0) {
        replace_processes(supervisor, "the plan has changed meanwhile");
        return;
    }
    loop_timer_stop(supervisor->restart);
    kill_if_any(&supervisor->successor, "there is nothing to do for it any more");
    kill_if_any(&supervisor->current, "there is nothing to do for it any more");
}

int supervisor_ask(const struct supervisor *supervisor, const struct source_request *request)
{
    const struct process *current = supervisor->current;

    if (request->kind >= 32 ||
        !(source_kind(supervisor->row->source)->takes & UINT32_C(1) << request->kind))
        return -ENOTSUP;
    if (!current || current->state != PROCESS_RUNNING)
        return -ENOTCONN;
    return request_send(current->reader, request);
}

bool supervisor_follows(const struct supervisor *supervisor)
{
    const struct process *current = supervisor->current;

    return supervisor->plan < 0 || (current && current->plan == supervisor->plan_number &&
                                    current->state == PROCESS_RUNNING);
}

const struct process *supervisor_newest(const struct supervisor *supervisor)
{
    return supervisor->successor ? supervisor->successor : supervisor->current;
}

static void report_end(struct supervisor *supervisor, const struct process *process, int status,
                       const char *what_next)
{
    char *problem = supervisor->problem;
    const size_t room = sizeof(supervisor->problem);

    if (process->problem[0] != '\0')
        snprintf(problem, room, "%s", process->problem);
    else if (WIFSIGNALED(status))
        snprintf(problem, room, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(problem, room, "exit status %d", WEXITSTATUS(status));
    log_warning("%s (pid %d) exited: %s%s%s", name_of(supervisor), (int)process->pid, problem,
                process->violated ? "; its later messages were ignored" : "", what_next);
}

/* The one whose word counted, or was about to, has ended by itself. */
static void lost_process(struct supervisor *supervisor, const struct process *process, int status)
{
    uint64_t now_ns = clock_now().boot_ns;
    char what_next[64];

    if (process->ready_ns && now_ns - process->ready_ns > HEALTHY_SECONDS * NS_PER_SECOND) {
        supervisor->backoff_ms = BACKOFF_FIRST_MS;
        supervisor->hung = 0;
    }
    supervisor->hung = process->stuck >= SILENCE_ENDED ? supervisor->hung + 1 : 0;
    snprintf(what_next, sizeof(what_next), "; restarting in %g s",
             (double)supervisor->backoff_ms / 1000);
    report_end(supervisor, process, status, what_next);
    schedule_restart(supervisor);
}

static void end_process(struct supervisor *supervisor, size_t index, int status)
{
    struct process *process = supervisor->processes[index];
    bool was_current, was_successor;

    process_finish(process);
    was_current = process == supervisor->current;
    was_successor = process == supervisor->successor;
    if (process->violated)
        supervisor->violations++;
    if (was_successor || (was_current && !supervisor->successor))
        lost_process(supervisor, process, status);
    else if (was_current || process->violated)
        report_end(supervisor, process, status, was_current ? "; its successor is starting" : "");
    forget_process(supervisor, index);
    if (was_current || was_successor)
        supervisor->hooks->changed(supervisor->hooks->context);
}

void supervisor_reap(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->process_count;) {
        int status;
        if (waitpid(supervisor->processes[i]->pid, &status, WNOHANG) > 0)
            end_process(supervisor, i, status);
        else
            i++;
    }
}

void supervisor_pulse(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->process_count; i++)
        process_pulse(supervisor->processes[i]);
}

bool supervisor_is_hopeless(const struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->process_count; i++)
        if (supervisor->processes[i]->doomed >= UNKILLED_MOST)
            return true;
    return supervisor->hung >= HUNG_MOST &&
           (!supervisor->current || supervisor->current->silent > 0);
}

const struct process *supervisor_shown(const struct supervisor *supervisor)
{
    return supervisor->current ? supervisor->current : supervisor->successor;
}

bool supervisor_is_ready(const struct supervisor *supervisor)
{
    const struct process *process = supervisor_shown(supervisor);

    return process && process->state == PROCESS_RUNNING;
}

void supervisor_status(const struct supervisor *supervisor, struct source_status *out)
{
    const struct process *process = supervisor_shown(supervisor);

    *out = (struct source_status){
        .source = supervisor->row->source,
        .ready = supervisor_is_ready(supervisor),
        .restarts = supervisor->restarts,
        .violations = supervisor->violations,
    };
    memcpy(out->problem, supervisor->problem, sizeof(out->problem));
    if (process) {
        out->pid = process->pid;
        out->silent = process->silent >= SILENCE_TOLD ? process->silent : 0;
    }
    if (supervisor->row->status)
        supervisor->row->status(supervisor->self, supervisor, out);
}
