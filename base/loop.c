/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thin layer over libevent, so that no other file knows it.
 */
#include "base/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

enum { PRIORITIES = 2 };

struct loop {
    struct event_base *base;
};

struct loop_watch {
    struct event *event;
    loop_callback *callback;
    void *context;
};

static void dispatch(evutil_socket_t fd, short what, void *argument)
{
    struct loop_watch *watch = argument;

    (void)fd;
    (void)what;
    watch->callback(watch->context);
}

int loop_new(struct loop **out)
{
    struct event_config *config = event_config_new();
    struct loop *loop = calloc(1, sizeof(*loop));

    if (!config || !loop)
        goto failed;
    /* Timers to the millisecond and a steady clock; no environment variable picks the backend. */
    event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV | EVENT_BASE_FLAG_PRECISE_TIMER |
                                      EVENT_BASE_FLAG_NOLOCK);
    loop->base = event_base_new_with_config(config);
    if (!loop->base || event_base_priority_init(loop->base, PRIORITIES) < 0)
        goto failed;
    event_config_free(config);
    *out = loop;
    return 0;

failed:
    if (config)
        event_config_free(config);
    loop_free(loop);
    return -ENOMEM;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    if (loop->base)
        event_base_free(loop->base);
    free(loop);
}

static struct loop_watch *watch_new(struct loop *loop, int fd, short what,
                                    enum loop_priority priority, loop_callback *callback,
                                    void *context)
{
    struct loop_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return NULL;
    watch->callback = callback;
    watch->context = context;
    watch->event = event_new(loop->base, fd, what, dispatch, watch);
    if (!watch->event || event_priority_set(watch->event, priority) < 0 ||
        (what != EV_TIMEOUT && event_add(watch->event, NULL) < 0)) {
        loop_unwatch(watch);
        return NULL;
    }
    return watch;
}

struct loop_watch *loop_readable(struct loop *loop, int fd, enum loop_priority priority,
                                 loop_callback *callback, void *context)
{
    return watch_new(loop, fd, EV_READ | EV_PERSIST, priority, callback, context);
}

struct loop_watch *loop_writable(struct loop *loop, int fd, loop_callback *callback, void *context)
{
    return watch_new(loop, fd, EV_WRITE | EV_PERSIST, LOOP_NORMAL, callback, context);
}

struct loop_watch *loop_signal(struct loop *loop, int signal, loop_callback *callback,
                               void *context)
{
    return watch_new(loop, signal, EV_SIGNAL | EV_PERSIST, LOOP_NORMAL, callback, context);
}

struct loop_watch *loop_timer(struct loop *loop, loop_callback *callback, void *context)
{
    return watch_new(loop, -1, EV_TIMEOUT, LOOP_NORMAL, callback, context);
}

void loop_unwatch(struct loop_watch *watch)
{
    if (!watch)
        return;
    if (watch->event)
        event_free(watch->event);
    free(watch);
}

void loop_timer_set(struct loop_watch *timer, uint64_t milliseconds)
{
    struct timeval in = {
        .tv_sec = (time_t)(milliseconds / 1000),
        .tv_usec = (suseconds_t)(milliseconds % 1000 * 1000),
    };
    event_add(timer->event, &in);
}

void loop_timer_stop(struct loop_watch *timer)
{
    event_del(timer->event);
}

int loop_run(struct loop *loop)
{
    return event_base_dispatch(loop->base) < 0 ? -EIO : 0;
}

void loop_stop(struct loop *loop)
{
    event_base_loopbreak(loop->base);
}
