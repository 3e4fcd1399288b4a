/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the service manager hears: ready, how it goes, alive; and the pulse of each second.
 */
#include "daemon/daemon_state.h"

#include "base/log.h"
#include "daemon/notify.h"

#include <errno.h>
#include <string.h>

enum {
    PULSE_MS = 1000,
    TELL_PULSES = 3, /* from one look at how it goes to the next */
    READY_MS = 2000, /* a service manager does not wait longer for an interface that is not there */
};

/* Whether it is another one than was told last. */
static bool look_at_health(struct daemon *daemon)
{
    char now[HEALTHLINE_MAX];

    daemon->untold = 0;
    if (strcmp(healthline(&daemon->views, now), daemon->told) == 0)
        return false;
    strcpy(daemon->told, now);
    return true;
}

void daemon_tell_ready(struct daemon *daemon)
{
    look_at_health(daemon);
    notify_ready(daemon->told);
    daemon->told_ready = true;
}

static void on_ready_timeout(void *context)
{
    struct daemon *daemon = context;
    const char *awaited = sources_awaited(daemon->sources);

    if (daemon->told_ready)
        return;
    if (awaited)
        log_warning("%s not ready after %d s; continuing", awaited, READY_MS / 1000);
    daemon_tell_ready(daemon);
}

void daemon_sources_changed(void *context)
{
    struct daemon *daemon = context;

    hold_sources_changed(daemon->hold);
    reloads_look(daemon->reloads);
    if (reloads_are_under_way(daemon->reloads))
        return; /* the service manager hears of it at its end */
    if (daemon->told_ready || !sources_awaited(daemon->sources))
        daemon_tell_ready(daemon);
}

/* A source that hangs is started again here; where that does not help, the whole daemon is. */
static void on_watchdog(void *context)
{
    struct daemon *daemon = context;

    if (!sources_are_hopeless(daemon->sources))
        notify_alive();
    loop_timer_set(daemon->watchdog, daemon->watchdog_ms);
}

static void on_pulse(void *context)
{
    struct daemon *daemon = context;

    sources_pulse(daemon->sources);
    hold_pulse(daemon->hold);
    outputs_pulse(daemon->outputs);
    if (daemon->told_ready && ++daemon->untold >= TELL_PULSES && look_at_health(daemon))
        notify_status(daemon->told);
    loop_timer_set(daemon->pulse, PULSE_MS);
}

int daemon_open_service(struct daemon *daemon)
{
    daemon->ready = loop_timer(daemon->loop, on_ready_timeout, daemon);
    daemon->watchdog = loop_timer(daemon->loop, on_watchdog, daemon);
    daemon->pulse = loop_timer(daemon->loop, on_pulse, daemon);
    return daemon->ready && daemon->watchdog && daemon->pulse ? 0 : -ENOMEM;
}

void daemon_start_service(struct daemon *daemon)
{
    daemon->watchdog_ms = notify_watchdog_ms() / 2;
    if (daemon->watchdog_ms > 0)
        loop_timer_set(daemon->watchdog, daemon->watchdog_ms);
    loop_timer_set(daemon->ready, READY_MS);
    loop_timer_set(daemon->pulse, PULSE_MS);
}
