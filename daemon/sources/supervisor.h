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

enum { STATION_CHILDREN_MAX = 8 }; /* a reload a second; the oldest that drains makes room */

/* One row of the table of sources. */
struct station_kind {
    enum source source;
    const char *program; /* in libexec */
    bool net_raw;        /* it may be passed CAP_NET_RAW */
    bool drains; /* the old process goes on while the new one starts, and for a while after */
};

struct station;

struct station_hooks {
    const struct sources_hooks *sources;
    /* The same plan is to be used again: station_replan may be called with a better one. */
    void (*restarting)(void *context);
    /* What the process gets besides its plan; `started` takes back what was lent. */
    void (*starting)(void *context, struct source_start *start);
    void (*started)(void *context, const struct source_start *start);
    void (*interface_changed)(void *context, struct child *child, size_t index);
    void *context;
};

struct station {
    const struct station_kind *kind;
    struct loop *loop;
    struct station_hooks hooks;
    struct child_owner owner;
    char program[PATH_MAX];
    struct loop_watch *restart;                   /* timer */
    struct child *children[STATION_CHILDREN_MAX]; /* in the order of their start */
    size_t child_count;
    struct child *current;   /* whose word counts */
    struct child *successor; /* starting, to take over */
    int plan;                /* the sealed memfd, used again for each start; -1: nothing to do */
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
int station_open(struct station *station, const struct station_kind *kind, struct loop *loop,
                 const char *libexec, const struct station_hooks *hooks);
/* Ends each process at once. */
void station_close(struct station *station);
/* Takes the plan, and gets it a process, now or after the one that is starting. */
void station_use(struct station *station, int plan, const struct plan_interface *interfaces,
                 size_t interface_count);
/* For the next start. */
void station_replan(struct station *station, int plan);
/* There is nothing to do any more. */
void station_stop(struct station *station, const char *why);
/* The same plan for another process: what it has read at its start has changed. */
void station_renew(struct station *station, const char *why);
/* Each second. */
void station_pulse(struct station *station);
/* One process after the other fell silent, or one cannot even be killed. */
bool station_is_hopeless(const struct station *station);
/* SIGCHLD came: reap, report, schedule restarts. */
void station_reap(struct station *station);
/* Whether the process whose word counts works by the newest plan. */
bool station_follows(const struct station *station);
/* The newest that lives, or NULL. */
const struct child *station_newest(const struct station *station);
void station_status(const struct station *station, struct source_status *out);

#endif
