/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the daemon's sources: one source program and the processes that run it.  One whose word
 * counts, its successor while that starts, predecessors that drain.  A process that ends is
 * reported and started again with back-off.
 */
#ifndef WILDSET_DAEMON_SOURCES_SUPERVISOR_H
#define WILDSET_DAEMON_SOURCES_SUPERVISOR_H

#include "daemon/sources/process.h"
#include "daemon/sources/row.h"
#include "source/request.h"

#include <limits.h>

enum { SUPERVISOR_PROCESSES_MAX = 8 }; /* a reload a second; the oldest that drains makes room */

struct supervisor {
    const struct source_row *row;
    void *self; /* of the row's functions */
    const struct sources_hooks *hooks;
    struct loop *loop;
    char path[PATH_MAX];
    struct loop_watch *restart;                          /* timer */
    struct process *processes[SUPERVISOR_PROCESSES_MAX]; /* in the order of their start */
    size_t process_count;
    struct process *current;   /* whose word counts */
    struct process *successor; /* starting, to take over */
    int plan;                  /* the sealed memfd, used again for each start; -1: nothing to do */
    unsigned plan_number;
    uint64_t backoff_ms;
    uint32_t restarts;
    unsigned hung; /* ended for their silence, one after the other */
    uint64_t violations;
    char problem[128];
    struct counters total; /* of all whose word counted, while it did */
};

/* 0 or -errno; to be closed in any case. */
int supervisor_open(struct supervisor *supervisor, const struct source_row *row, struct loop *loop,
                    const struct sources_options *options, const struct sources_hooks *hooks);
/* Ends each process at once. */
void supervisor_close(struct supervisor *supervisor);
/* Takes the plan, and gets it a process, now or after the one that is starting; -1: ends it. */
void supervisor_use(struct supervisor *supervisor, const struct source_knowledge *known, int plan);
/* For the next start. */
void supervisor_replan(struct supervisor *supervisor, int plan);
/* The same plan for another process: what it has read at its start has changed. */
void supervisor_renew(struct supervisor *supervisor, const char *why);
/*
 * To the process whose word counts; never waits.  0, -ENOTSUP when its row in source/kind.c does
 * not take that, -ENOTCONN while none is ready, -EAGAIN when it does not keep up, or another
 * -errno.
 */
int supervisor_ask(const struct supervisor *supervisor, const struct source_request *request);
/* Each second. */
void supervisor_pulse(struct supervisor *supervisor);
/* One process after the other fell silent, or one cannot even be killed. */
bool supervisor_is_hopeless(const struct supervisor *supervisor);
/* SIGCHLD came: reap, report, schedule restarts. */
void supervisor_reap(struct supervisor *supervisor);
/* Whether the process whose word counts works by the newest plan. */
bool supervisor_follows(const struct supervisor *supervisor);
/* The newest that lives, or NULL. */
const struct process *supervisor_newest(const struct supervisor *supervisor);
/* The one that `status` shows, or NULL. */
const struct process *supervisor_shown(const struct supervisor *supervisor);
bool supervisor_is_ready(const struct supervisor *supervisor);
void supervisor_status(const struct supervisor *supervisor, struct source_status *out);

#endif
