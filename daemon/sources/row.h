/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the daemon runs a source: one row a source, listed in table.c.  What the source may say is in
 * its row of source/kind.c.
 */
#ifndef WILDSET_DAEMON_SOURCES_ROW_H
#define WILDSET_DAEMON_SOURCES_ROW_H

#include "daemon/sources/sources.h"
#include "daemon/sources/spawn.h"

struct process;
struct supervisor;

/* A member that is NULL is not needed. */
struct source_row {
    enum source source; /* its program is libexec/wildset/NAME */
    bool net_raw;       /* it is passed CAP_NET_RAW; any other gets no capability */
    bool overlaps;      /* the old process goes on while its successor starts, and for 10 s after */

    /* What the row's other functions need: 0 and `*self`, which is closed in any case, or -errno.
     */
    int (*open)(struct supervisor *supervisor, const struct sources_options *options, void **self);
    void (*close)(void *self);
    /*
     * What its process has to know, as a sealed memfd; -1 when there is nothing for it to do.  0 or
     * -errno, and nothing is changed: the plan may come to nothing.
     */
    int (*plan)(void *self, const struct source_knowledge *known, int *memfd);
    /* That plan is used from now on: follows what the process has read, and has it replaced by
     * supervisor_renew.  `wanted`: there is something to do. */
    void (*monitor)(void *self, const struct source_knowledge *known, bool wanted);
    /* What the process gets besides its plan; `take_back` closes our own copies. */
    void (*lend)(void *self, struct source_start *start);
    void (*take_back)(void *self, const struct source_start *start);
    void (*interface_changed)(void *self, const struct process *process, size_t index);
    /* Its own part of `status`. */
    void (*status)(const void *self, const struct supervisor *supervisor,
                   struct source_status *out);
};

/* The rows, in the order in which they are started and shown; NULL behind the last. */
const struct source_row *source_row(size_t index);

#endif
