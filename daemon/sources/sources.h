/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's sources: started by fork and exec, watched, restarted with back-off, replaced when
 * the configuration changes: one that overlaps without a gap (the new process reports ready, then
 * the old one drains for 10 s), any other at once.  Every message is checked here; a violation ends
 * its sender.
 */
#ifndef WILDSET_DAEMON_SOURCES_SOURCES_H
#define WILDSET_DAEMON_SOURCES_SOURCES_H

#include "base/loop.h"
#include "dnsparse/names/matcher.h"
#include "source/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct config;
struct mirror_port;
struct quiet;
struct setsync;
struct sources;
struct trusted;

enum { SOURCES_MAX = 8 };

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
    /* This process, which sources_catch_up named; all answers before came through the others. */
    void (*caught_up)(void *context, pid_t pid);
    /* A source became ready for the first time, or all have failed. */
    void (*changed)(void *context);
    /* It starts again with the plan it had, unless sources_renew_plan is called. */
    void (*restarting)(void *context, enum source source);
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
    char problem[128]; /* why it last ended; "" when it never did */
    /* Its own part, by its row of the table; NULL and 0 for what it does not have: */
    const struct counters *counters; /* the last report, sums over restarts included */
    const struct source_interface *interfaces;
    size_t interface_count;
    const struct quiet *quiet; /* by interface */
    const struct mirror_port *ports;
    size_t port_count;
    const struct registry_report *lists; /* by whitelist, where `reported_lists` has its bit */
    whitelist_mask reported_lists;
};

/* What plans are made of. */
struct source_knowledge {
    const struct config *config;
    const struct trusted *trusted;
    const struct setsync *sync;
    bool packets_wait; /* for their addresses (daemon/hold/): none is lost for being early */
};

struct sources_options {
    const char *libexec; /* the folder of the source rows */
    const char *state;   /* the file beside which the last good lists are kept; NULL: nowhere */
};

int sources_new(struct loop *loop, const struct sources_options *options,
                const struct sources_hooks *hooks, struct sources **out);
/* Ends each at once; nothing more is learned. */
void sources_free(struct sources *sources);
enum sources_which {
    SOURCES_ALL,
    SOURCES_THAT_OVERHEAR, /* whose plans say whom to believe */
};
/*
 * Plans are made of what is known, and each source gets a process that goes by its own, or loses
 * the one it has when there is nothing to do.  0; or -errno, and no change.
 */
int sources_use(struct sources *sources, const struct source_knowledge *known,
                enum sources_which which);
/* A plan by what is known now, for its next start.  0; or -errno, and no change. */
int sources_renew_plan(struct sources *sources, enum source source,
                       const struct source_knowledge *known);
/* Each second: who has nothing to say is found, and after a while started again. */
void sources_pulse(struct sources *sources);
/* Whether each source works by its newest plan. */
bool sources_follow(const struct sources *sources);
/* Starting processes again does not help. */
bool sources_are_hopeless(const struct sources *sources);
/*
 * Has the newest sniffer that is ready tell what is captured by now; `caught_up` is called with its
 * pid then.  That pid; 0 when none is ready, -EBUSY while it is still about what it was asked
 * before.
 */
pid_t sources_catch_up(struct sources *sources);
/* Whether that process lives and has yet to say so. */
bool sources_is_catching_up(const struct sources *sources, pid_t pid);
/* Whether a frame that came over this interface is a copy of a switch. */
bool sources_is_mirror(const struct sources *sources, const char interface[static IFNAMSIZ]);
/* SIGCHLD came: reap, report, schedule restarts. */
void sources_reap(struct sources *sources);
/* The name of one that overhears and is not ready: what is answered now may be missed.  NULL: none.
 */
const char *sources_awaited(const struct sources *sources);
/* Of those that have something to do the one with this number; false behind the last. */
bool sources_status(const struct sources *sources, size_t index, struct source_status *out);

#endif
