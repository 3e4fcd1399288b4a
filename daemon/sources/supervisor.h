/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the daemon's sources: one source program and the processes that run it.  One whose word
 * counts, its successor while that starts, predecessors that drain.  A process that ends is
 * reported and started again with back-off.
 */
#ifndef WILDSET_DAEMON_SOURCES_SUPERVISOR_H
#define WILDSET_DAEMON_SOURCES_SUPERVISOR_H

#include "daemon/sources/process.h"
#include "daemon/sources/spawn.h"

#include <limits.h>

enum { SUPERVISOR_PROCESSES_MAX = 8 }; /* a reload a second; the oldest that drains makes room */

/* One row of the table of sources. */
struct supervisor_kind {
    enum source source;
    const char *program; /* in libexec */
    bool net_raw;        /* it may be passed CAP_NET_RAW */
    bool drains; /* the old process goes on while the new one starts, and for a while after */
};

struct supervisor;

struct supervisor_hooks {
    const struct sources_hooks *sources;
    /* The same plan is to be used again: supervisor_replan may be called with a better one. */
    void (*restarting)(void *context);
    /* What the process gets besides its plan; `started` takes back what was lent. */
    void (*starting)(void *context, struct source_start *start);
    void (*started)(void *context, const struct source_start *start);
    void (*interface_changed)(void *context, struct process *process, size_t index);
    void *context;
};

struct supervisor {
    const struct supervisor_kind *kind;
    struct loop *loop;
    struct supervisor_hooks hooks;
    struct process_owner owner;
    char program[PATH_MAX];
    struct loop_watch *restart;                          /* timer */
    struct process *processes[SUPERVISOR_PROCESSES_MAX]; /* in the order of their start */
    size_t process_count;
    struct process *current;   /* whose word counts */
    struct process *successor; /* starting, to take over */
    int plan;                  /* the sealed memfd, used again for each start; -1: nothing to do */
    unsigned plan_number;
    const struct plan_interface *interfaces;
    size_t interface_count;
    uint64_t backoff_ms;
    uint32_t restarts;
    unsigned hung; /* ended for their silence, one after the other */
    uint64_t violations;
    char problem[128];
    struct counters before; /* of those that ended or drain */
    struct counters total;
};

/* 0 or -errno; to be closed in any case. */
int supervisor_open(struct supervisor *supervisor, const struct supervisor_kind *kind,
                    struct loop *loop, const char *libexec, const struct supervisor_hooks *hooks);
/* Ends each process at once. */
void supervisor_close(struct supervisor *supervisor);
/* Takes the plan, and gets it a process, now or after the one that is starting. */
void supervisor_use(struct supervisor *supervisor, int plan,
                    const struct plan_interface *interfaces, size_t interface_count);
/* For the next start. */
void supervisor_replan(struct supervisor *supervisor, int plan);
/* There is nothing to do any more. */
void supervisor_stop(struct supervisor *supervisor, const char *why);
/* The same plan for another process: what it has read at its start has changed. */
void supervisor_renew(struct supervisor *supervisor, const char *why);
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
void supervisor_status(const struct supervisor *supervisor, struct source_status *out);

#endif
