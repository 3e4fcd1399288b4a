/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of daemon.h share.  Its life is in daemon.c, which calls the others and is called
 * by none of them: learn.c (what sources tell), reload.c, trust.c (whom to trust, and the sources'
 * plans), set_timer.c, service.c.
 */
#ifndef WILDSET_DAEMON_DAEMON_STATE_H
#define WILDSET_DAEMON_DAEMON_STATE_H

#include "base/loop.h"
#include "daemon/clockwatch.h"
#include "daemon/config/trusted.h"
#include "daemon/control/reloads.h"
#include "daemon/daemon.h"
#include "daemon/health_line.h"
#include "daemon/hold/hold.h"
#include "daemon/outputs/output.h"
#include "daemon/outputs/views.h"
#include "daemon/sources/file_monitor.h"
#include "daemon/sources/sources.h"
#include "setsync/policy/translators.h"
#include "setsync/setsync.h"
#include "source/channel.h"
#include "source/resolvers_seen.h"

struct daemon {
    struct daemon_options options;
    struct config *config;
    struct loop *loop;
    struct setsync *sync;
    struct sources *sources;
    struct clockwatch *clocks;
    struct outputs *outputs;
    const char *unopened; /* of an output that could not be opened: what */
    struct daemon_views views;
    struct hold *hold;
    struct resolvers resolvers;
    struct translators translators;    /* found by asking, for whitelists that want it */
    struct trusted trusted;            /* whom the newest sources were told to believe */
    struct file_monitor *system_files; /* that name some of them */
    struct loop_watch *trust_timer;
    uint64_t trusted_ns; /* when a change of those files last made another sniffer */
    struct reloads *reloads;
    struct loop_watch *terminate, *interrupt, *reload, *children; /* signals */
    struct loop_watch *kernel;                                    /* nftables' notifications */
    struct loop_watch *due, *ready, *watchdog, *pulse;            /* timers */
    uint64_t due_ns; /* what `due` is armed for; UINT64_MAX: nothing */
    struct taken {
        enum source source;
        const struct sighting *parts;
        size_t count;
    } taken[CHANNEL_TOGETHER]; /* answers that take effect together */
    size_t taken_count;
    bool committing;      /* the kernel has them, and who waits for that has not been told */
    uint64_t sets_made;   /* as they were told last; UINT64_MAX: to be told in any case */
    uint64_t warmed_ns;   /* when it last got ready for an answer */
    uint64_t watchdog_ms; /* half of what systemd waits */
    bool told_ready;
    char told[HEALTHLINE_MAX]; /* to the service manager */
    unsigned untold;           /* pulses since it was told */
};

/* ---- output_table.c ---- */

/* NULL behind the last. */
const struct output *const *daemon_output_rows(void);

/* ---- set_timer.c ---- */

int daemon_open_timer(struct daemon *daemon);
int daemon_open_clocks(struct daemon *daemon);
/* Whoever changes the ruleset is noticed from now on. */
int daemon_follow_kernel(struct daemon *daemon);
/* Sets setsync's timer to what is due first. */
void daemon_arm(struct daemon *daemon);

/* ---- service.c ---- */

int daemon_open_service(struct daemon *daemon);
/* The pulse, the watchdog, and the time until it is ready whatever is missing. */
void daemon_start_service(struct daemon *daemon);
void daemon_tell_ready(struct daemon *daemon);
/* One has started, ended or become ready: may be what the service manager waits for. */
void daemon_sources_changed(void *context);

/* ---- learn.c ---- */

/* Lends what was found to the whitelists that want it; false when none does. */
bool daemon_lend_translators(struct daemon *daemon, struct config *config);
/* What sources call when they tell something; the rest is left to the caller. */
struct sources_hooks daemon_hooks(struct daemon *daemon);
struct hold_hooks daemon_hold_hooks(struct daemon *daemon);
/* Whatever happened to an address, here or at a source: all who want to know; the kernel has it. */
void daemon_event(void *context, const struct event *event);

/* ---- trust.c ---- */

int daemon_open_trust(struct daemon *daemon);
void daemon_close_trust(struct daemon *daemon);
/* Plans for the sources' programs, which are started or replaced.  0 or -errno. */
int daemon_start_sources(struct daemon *daemon, const struct config *config);
/* It is about to be started anew; where out of memory, the plan that it had does as well. */
void daemon_renew_plan(void *context, enum source source);
/* Packets that come too early wait, or do so no more: what the sniffer does for them changes. */
void daemon_hold_fed(void *context);
/* ---- reload.c ---- */

/* By the configuration in force: how much is logged, and what in it deserves a word. */
void daemon_configure_log(const struct config *config);
/* A file that is not right, or a plan that cannot be made, changes nothing.  0 or -errno. */
int daemon_open_reloads(struct daemon *daemon);

#endif
