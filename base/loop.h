/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: readable and writable descriptors, one-shot timers on the boot-time clock,
 * signals. The only place that knows libevent.
 */
#ifndef WILDSET_BASE_LOOP_H
#define WILDSET_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_watch; /* a descriptor, timer or signal being watched */

enum loop_priority {
    LOOP_URGENT, /* the sources' channels: nothing stands between an answer and its transaction */
    LOOP_NORMAL,
};

typedef void loop_callback(void *context);

int loop_new(struct loop **out);
void loop_free(struct loop *loop);

/* Each returns NULL when out of memory.  loop_unwatch(NULL) does nothing. */
struct loop_watch *loop_readable(struct loop *loop, int fd, enum loop_priority priority,
                                 loop_callback *callback, void *context);
struct loop_watch *loop_writable(struct loop *loop, int fd, loop_callback *callback, void *context);
struct loop_watch *loop_signal(struct loop *loop, int signal, loop_callback *callback,
                               void *context);
struct loop_watch *loop_timer(struct loop *loop, loop_callback *callback, void *context);
void loop_unwatch(struct loop_watch *watch);

/* Arms a timer: once, this many milliseconds from now (rounded up by the caller). */
void loop_timer_set(struct loop_watch *timer, uint64_t milliseconds);
void loop_timer_stop(struct loop_watch *timer);

/* Runs until loop_stop.  0 or -errno. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
