/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the daemon's sources: one process that was started, what it said, and how it is ended.
 * When one is started is decided in supervisor.c; one that says that it is ready takes over at
 * once.
 */
#ifndef WILDSET_DAEMON_SOURCES_PROCESS_H
#define WILDSET_DAEMON_SOURCES_PROCESS_H

#include "daemon/sources/sources.h"
#include "daemon/sources/spawn.h"
#include "daemon/sources/vitals.h"
#include "sniffer/plan.h"
#include "source/inbox.h"

enum process_state {
    PROCESS_STARTING, /* until it reports ready */
    PROCESS_RUNNING,
    PROCESS_DRAINING, /* has a successor: its alarms count no more */
    PROCESS_DOOMED,   /* killed, not reaped yet */
};

enum {
    SILENCE_TOLD = 3,   /* seconds without a word: a finding */
    SILENCE_ENDED = 10, /* the process is ended, and started again */
};

struct supervisor;

struct process {
    struct supervisor *supervisor; /* whose it is */
    enum source source;
    enum process_state state;
    pid_t pid;
    bool reaped; /* the number may be somebody else's by now */
    int reader;
    int catch_up;                /* the eventfd that asks it to; -1: it is never asked */
    bool catching_up;            /* asked, and it has not said so yet */
    struct loop_watch *watch;    /* NULL while it has to take a breath, and when doomed */
    struct loop_watch *breath;   /* timer */
    struct loop_watch *deadline; /* timer: ready, or drained, by then */
    unsigned busy;               /* wake-ups in a row that did not empty the channel */
    unsigned plan;               /* the number of the plan that it was started with */
    uint64_t ready_ns;           /* CLOCK_BOOTTIME; 0: never */
    bool heard;                  /* since the last pulse */
    unsigned silent;             /* pulses without a word */
    unsigned stuck;              /* of these: it could have run, and did not go round its loop */
    unsigned doomed;             /* pulses since it was killed */
    struct vitals vitals;        /* at the last pulse */
    struct inbox inbox;
    struct message *batch;                        /* CHANNEL_TOGETHER of them, being taken */
    struct counters counters;                     /* its last report */
    struct registry_report lists[WHITELISTS_MAX]; /* the registry's, by whitelist */
    whitelist_mask reported;                      /* which of them there are */
    size_t interface_count;
    struct source_interface interfaces[PLAN_INTERFACES_MAX];
    char problem[128]; /* what we ended it for; "" otherwise */
    bool violated;     /* it sent what our own programs never send */
};

/* 0 with a process to free, or -errno of `*stage`. */
int process_start(struct supervisor *supervisor, const struct source_start *start,
                  struct process **out, const char **stage);
/*
 * Each second of the daemon's own, after its channel was read: whoever has something to tell each
 * second and does not is silent.  The daemon's own standing still is no silence of others, and
 * waiting for a busy machine's CPU is none that a restart mends.
 */
void process_pulse(struct process *process);
/* Has it tell what is captured by now, and then that it has; false when it is still about it. */
bool process_catch_up(struct process *process);
/* SIGKILL, and nothing more is read from it. */
void process_kill(struct process *process, const char *problem);
/* It was reaped: what it still said is read. */
void process_finish(struct process *process);
/* Ends a process that still runs. */
void process_free(struct process *process);

#endif
