/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the main function of each source does, in the same order: log, descriptors (source/fds.h),
 * plan, opening, sandbox, work.
 */
#ifndef WILDSET_SOURCE_PROGRAM_H
#define WILDSET_SOURCE_PROGRAM_H

#include "base/sandbox.h"

struct source_program {
    const char *name;            /* in the log */
    const char *by_hand;         /* what a person starts instead of it, as an end of a sentence */
    void (*prepare)(void *self); /* signals, and what is lent; before anything is opened */
    int (*plan)(void *self, int fd);
    const char *opening;     /* what `open` does, for a message when it fails */
    int (*open)(void *self); /* all that it ever opens */
    const struct sandbox_rules *(*sandbox)(void);
    const char *working;    /* what `run` does */
    int (*run)(void *self); /* until it is told to end; nothing is given back after it */
};

/* What main returns.  Each function of the program returns 0 or -errno. */
int source_main(const struct source_program *program, void *self);
/* `fd`, when the daemon has handed it over, or -1. */
int source_fd_if_open(int fd);

#endif
