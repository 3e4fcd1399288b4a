/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets wait for their address: the queue, who waits in it, and the sniffer that is asked how far
 * it is.  Never a decision: each packet goes on to the next chain, sooner or later; and where
 * nothing here works, at once.
 */
#ifndef WILDSET_DAEMON_HOLD_HOLD_H
#define WILDSET_DAEMON_HOLD_HOLD_H

#include "base/loop.h"
#include "daemon/hold/queue.h"
#include "daemon/hold/waiting.h"
#include "source/message.h"

#include <sys/types.h>

struct config;
struct hold;
struct setsync;

struct hold_hooks {
    /* As sources_catch_up and sources_is_catching_up. */
    pid_t (*catch_up)(void *context);
    bool (*is_catching_up)(void *context, pid_t pid);
    /* Whether one of the answers that hold_committed is about has this address. */
    bool (*answered)(void *context, const struct address *address);
    /* A packet has waited, and has gone on. */
    void (*waited)(void *context, const struct waiting_gone *gone, const struct moment *now);
    /* hold_is_fed has changed. */
    void (*fed)(void *context);
    void *context;
};

/* 0 or -ENOMEM. */
int hold_new(struct loop *loop, const struct setsync *sync, const struct hold_hooks *hooks,
             struct hold **out);
/* Lets all go on. */
void hold_free(struct hold *hold);
/* The configuration in force from now on, after setsync has its sets.  A queue that cannot be had
 * is told, and tried again. */
void hold_configure(struct hold *hold, const struct config *config);
/* Each second. */
void hold_pulse(struct hold *hold);
/*
 * Whether rules give it the packets that come too early, by this configuration: they came, and not
 * so many addresses became allowed since the last one that the rules must be gone.
 */
bool hold_is_fed(const struct hold *hold, const struct config *config);

/* The kernel has what answers have granted. */
void hold_committed(struct hold *hold);
/* One of these answers, in its parts, behind hold_committed. */
void hold_learned(struct hold *hold, const struct sighting *parts, size_t count, bool mirrored);
/* A client's question has allowed a new address: its packet may come too early. */
void hold_granted(struct hold *hold);
/* This sniffer has told all that it had captured when it was asked. */
void hold_caught_up(struct hold *hold, pid_t pid);
/* A sniffer has come or gone. */
void hold_sources_changed(struct hold *hold);

enum hold_state {
    HOLD_OFF,
    HOLD_UNBOUND, /* `problem` */
    HOLD_PAUSED,  /* the sniffer was too late too often */
    HOLD_READY,
};
const char *hold_state_name(enum hold_state state);

struct hold_status {
    enum hold_state state;
    char problem[160];
    uint16_t queue;
    uint64_t bound_ns, least_ns;
    unsigned waiting;
    bool fed;
    uint64_t ready_ns;      /* CLOCK_BOOTTIME: since when it has the queue */
    uint64_t granted_since; /* addresses to clients: some of them should have been waited for */
    const struct waiting_figures *waits;
    const struct lateness *lateness;
    struct queue_figures packets; /* since the start, over all queues */
};
struct hold_status hold_status(const struct hold *hold);

#endif
