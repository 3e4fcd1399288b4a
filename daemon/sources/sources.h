/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's sources: started by fork and exec, watched, restarted with back-off, replaced when
 * the configuration changes: the sniffer without a gap (the new one reports ready, then the old one
 * drains for 10 s), the registry at once.  Every message is checked here; a violation ends its
 * sender.  The sniffer is number 0.
 */
#ifndef WILDSET_DAEMON_SOURCES_SOURCES_H
#define WILDSET_DAEMON_SOURCES_SOURCES_H

#include "base/loop.h"
#include "daemon/sources/topology.h"
#include "registry/plan.h"
#include "sniffer/plan.h"
#include "source/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct quiet;
struct sources;

struct sources_hooks {
    /*
     * One whole answer, `more` messages put together.  Its parts stay as they are until `answered`,
     * which comes soon: those that have arrived together take effect together then.
     */
    void (*answer)(void *context, enum source source, const struct sighting *parts, size_t count);
    void (*answered)(void *context);
    void (*refusal)(void *context, enum source source, const struct sighting *sighting);
    void (*alarm)(void *context, enum source source, const struct alarm_report *alarm);
    void (*asked)(void *context, const struct asked_report *asked);
    /* A source became ready for the first time, or all have failed. */
    void (*changed)(void *context);
    /* The sniffer starts again with the plan it had, unless sources_renew_plan is called. */
    void (*restarting)(void *context);
    void *context;
};

struct source_interface {
    struct state_report report;
    uint64_t reported_ns; /* CLOCK_BOOTTIME */
};

struct source_status {
    enum source source;
    pid_t pid; /* 0: not running, waiting to be started again */
    bool ready;
    unsigned silent; /* seconds for which it has said nothing, from 3 on; 0 before */
    uint32_t restarts;
    uint64_t violations;
    char problem[128];               /* why it last ended; "" when it never did */
    const struct counters *counters; /* the last report, sums over restarts included */
    const struct source_interface *interfaces;
    size_t interface_count;
    const struct quiet *quiet;       /* by interface; NULL: the source has none */
    const struct mirror_port *ports; /* the sniffer's */
    size_t port_count;
    const struct registry_report *lists; /* by whitelist, where `reported_lists` has its bit */
    whitelist_mask reported_lists;
};

struct sources_options {
    const char *libexec; /* the folder of the source programs */
    const char *state;   /* the file beside which the last good lists are kept; NULL: nowhere */
};

int sources_new(struct loop *loop, const struct sources_options *options,
                const struct sources_hooks *hooks, struct sources **out);
/* Ends each at once; nothing more is learned. */
void sources_free(struct sources *sources);
/*
 * Starts the sniffer with this plan, or replaces the one that runs; what the kernel knows of
 * interfaces and addresses is put into it, and followed.  0 or -errno.
 */
int sources_start_sniffer(struct sources *sources, const struct plan *plan,
                          const struct mirror_choice *mirrors);
/* The same plan with what is known by now, for the next start.  0; or -errno, and no change. */
int sources_renew_plan(struct sources *sources, const struct plan *plan,
                       const struct mirror_choice *mirrors);
/* Starts the registry process with this plan in place of the one that runs, or ends it when there
 * is nothing to do.  0 or -errno. */
int sources_start_registry(struct sources *sources, const struct registry_plan *plan);
/* Each second: who has nothing to say is found, and after a while started again. */
void sources_pulse(struct sources *sources);
/* Whether each source works by its newest plan. */
bool sources_follow(const struct sources *sources);
/* Starting processes again does not help. */
bool sources_are_hopeless(const struct sources *sources);
/* SIGCHLD came: reap, report, schedule restarts. */
void sources_reap(struct sources *sources);
size_t sources_count(const struct sources *sources);
struct source_status sources_status(const struct sources *sources, size_t index);

#endif
