/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing what takes a disk's time in a child, which has a still picture of everything in here; one
 * at a time for each owner.
 */
#ifndef WILDSET_BASE_BACKGROUND_WRITE_H
#define WILDSET_BASE_BACKGROUND_WRITE_H

#include <stdbool.h>
#include <sys/types.h>

struct background_write {
    pid_t child; /* 0: none */
};

/* Called in the child, which has none of its parent's descriptors but those of stdio: 0 or -errno.
 */
typedef int background_writer(void *context);

/* None may be under way.  0, or -errno of fork(2). */
int background_write_start(struct background_write *write, background_writer *writer,
                           void *context);
/* Whether it was under way and has ended; `result` is then what the writer returned. */
bool background_write_ended(struct background_write *write, int *result);
/* The same, but waits for it. */
bool background_write_wait(struct background_write *write, int *result);
/* Kills it: what the writer was replacing stays as it was. */
void background_write_cancel(struct background_write *write);

#endif
