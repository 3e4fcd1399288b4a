/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's parts tied together: opened, run, closed; timers, signals, the service manager.
 */
#include "daemon/daemon_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/config/config.h"
#include "daemon/notify.h"
#include "setsync/kernel/nftset.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PULSE_MS = 1000,
    TELL_PULSES = 3, /* from one look at how it goes to the next */
    READY_MS = 2000, /* a service manager does not wait longer for an interface that is not there */
};

/* ---- logging ---- */

static void set_log_level(const struct config *config)
{
    switch (config->log) {
    case CONFIG_LOG_ALARMS:
        log_set_level(LOG_LEVEL_NOTICE);
        return;
    case CONFIG_LOG_GRANTS:
        log_set_level(LOG_LEVEL_INFO);
        return;
    case CONFIG_LOG_DEBUG:
        log_set_level(LOG_LEVEL_DEBUG);
        return;
    }
}

static void warn(void *context, const char *line)
{
    (void)context;
    log_warning("%s", line);
}

static void note(void *context, const char *line)
{
    (void)context;
    log_notice("%s", line);
}

void daemon_configure_log(const struct config *config)
{
    set_log_level(config);
    config_warnings(config, warn, NULL);
    config_notes(config, note, NULL);
}

/* ---- setsync's timer ---- */

/*
 * A set of ours was missing, or any was made anew: no rule can have referred to it, so rules that
 * use it may not be there either.  A file beside the control socket is closed after writing for
 * whoever loads them (wildset-rules.path); that nobody does is usual.
 */
static void tell_made(struct daemon *daemon)
{
    uint64_t made = setsync_statistics(daemon->sync)->sets_made;
    const char *control = daemon->options.control_path, *end = strrchr(control, '/');
    char path[PATH_MAX];

    if (made == daemon->sets_made || !end)
        return;
    daemon->sets_made = made;
    if (snprintf(path, sizeof(path), "%.*s/sets-made", (int)(end - control), control) >= PATH_MAX)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        log_warning("%s: %s: rules flushed together with the sets will not be reloaded", path,
                    strerror(errno));
    else
        close(fd);
}

void daemon_arm(struct daemon *daemon)
{
    uint64_t due_ns = setsync_due(daemon->sync);
    uint64_t now_ns;

    tell_made(daemon);
    if (due_ns >= daemon->due_ns)
        return;
    daemon->due_ns = due_ns;
    now_ns = clock_now().boot_ns;
    loop_timer_set(daemon->due,
                   due_ns > now_ns ? (due_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0);
}

static void on_due(void *context)
{
    struct daemon *daemon = context;
    struct moment now = clock_now();

    daemon->due_ns = UINT64_MAX;
    setsync_run(daemon->sync, &now);
    daemon_arm(daemon);
}

/* Somebody changed the ruleset. */
static void on_kernel(void *context)
{
    struct daemon *daemon = context;
    struct moment now = clock_now();

    setsync_notified(daemon->sync, &now);
    daemon_arm(daemon);
}

/* Timers stand still in a suspend: what has become due meanwhile is done at once. */
static void on_clock(void *context, uint64_t slept_ns)
{
    struct daemon *daemon = context;
    struct moment now = clock_now();

    if (slept_ns > 0) {
        log_notice("resumed after %" PRIu64 " s; expiring overdue leases",
                   slept_ns / NS_PER_SECOND);
        setsync_resumed(daemon->sync, slept_ns, &now);
    }
    saver_soon(daemon->saver);
    daemon->due_ns = UINT64_MAX;
    daemon_arm(daemon);
}

/* ---- the service manager ---- */

static struct daemon_views views_of(struct daemon *daemon)
{
    return (struct daemon_views){
        .config = daemon->config,
        .sync = daemon->sync,
        .sources = daemon->sources,
        .feeds = daemon->feeds,
        .hold = daemon->hold,
        .resolvers = &daemon->resolvers,
        .trusted = &daemon->trusted,
        .reloads = daemon->reloads,
        .started = daemon->started,
    };
}

/* Whether it is another one than was told last. */
static bool look_at_health(struct daemon *daemon)
{
    const struct daemon_views views = views_of(daemon);
    char now[HEALTHLINE_MAX];

    daemon->untold = 0;
    if (strcmp(healthline(&views, now), daemon->told) == 0)
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

static void tell_health(struct daemon *daemon)
{
    if (daemon->told_ready && ++daemon->untold >= TELL_PULSES && look_at_health(daemon))
        notify_status(daemon->told);
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

static void on_sources_changed(void *context)
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
    journal_pulse(&daemon->journal);
    tell_health(daemon);
    loop_timer_set(daemon->pulse, PULSE_MS);
}

/* ---- signals ---- */

static void on_end(void *context)
{
    struct daemon *daemon = context;
    loop_stop(daemon->loop);
}

static void on_reload(void *context)
{
    struct daemon *daemon = context;
    (void)reloads_ask(daemon->reloads);
}

static void on_children(void *context)
{
    struct daemon *daemon = context;
    sources_reap(daemon->sources);
    hold_sources_changed(daemon->hold);
    saver_reap(daemon->saver);
    feeds_reap(daemon->feeds);
}

/* ---- open, run, close ---- */

static int open_loop(struct daemon *daemon)
{
    int result = loop_new(&daemon->loop);
    if (result)
        return result;
    daemon->terminate = loop_signal(daemon->loop, SIGTERM, on_end, daemon);
    daemon->interrupt = loop_signal(daemon->loop, SIGINT, on_end, daemon);
    daemon->reload = loop_signal(daemon->loop, SIGHUP, on_reload, daemon);
    daemon->children = loop_signal(daemon->loop, SIGCHLD, on_children, daemon);
    daemon->due = loop_timer(daemon->loop, on_due, daemon);
    daemon->ready = loop_timer(daemon->loop, on_ready_timeout, daemon);
    daemon->watchdog = loop_timer(daemon->loop, on_watchdog, daemon);
    daemon->pulse = loop_timer(daemon->loop, on_pulse, daemon);
    signal(SIGPIPE, SIG_IGN);
    return daemon->terminate && daemon->interrupt && daemon->reload && daemon->children &&
                   daemon->due && daemon->ready && daemon->watchdog && daemon->pulse
               ? 0
               : -ENOMEM;
}

static int open_sync(struct daemon *daemon)
{
    struct moment now = clock_now();
    (void)daemon_lend_translators(daemon, daemon->config);
    struct setsync_options options = {
        .whitelists = daemon->config->whitelists,
        .whitelist_count = daemon->config->whitelist_count,
        .kernel = nftset_kernel(),
        .event = daemon_event,
        .context = daemon,
        .state = daemon->options.state,
    };
    int result = setsync_new(&options, &now, &daemon->sync);
    int fd = result ? -1 : setsync_event_fd(daemon->sync);

    if (fd < 0)
        return result;
    daemon->kernel = loop_readable(daemon->loop, fd, LOOP_NORMAL, on_kernel, daemon);
    return daemon->kernel ? 0 : -ENOMEM;
}

static int open_clocks(struct daemon *daemon)
{
    return clockwatch_new(daemon->loop, on_clock, daemon, &daemon->clocks);
}

static int open_saver(struct daemon *daemon)
{
    if (!daemon->options.state)
        return 0;
    return saver_new(daemon->loop, daemon->sync, daemon->options.state, &daemon->saver);
}

static int open_feeds(struct daemon *daemon)
{
    struct moment now = clock_now();
    int result = feeds_new(daemon->loop, daemon->sync, daemon->options.state, &daemon->feeds);

    if (result == 0)
        feeds_configure(daemon->feeds, daemon->config, &now);
    return result;
}

static int open_hold(struct daemon *daemon)
{
    const struct hold_hooks hooks = daemon_hold_hooks(daemon);

    return hold_new(daemon->loop, daemon->sync, &hooks, &daemon->hold);
}

static int open_sources(struct daemon *daemon)
{
    struct sources_hooks hooks = daemon_hooks(daemon);

    hooks.changed = on_sources_changed;
    hooks.restarting = daemon_renew_plan;

    struct sources_options options = {
        .libexec = daemon->options.libexec,
        .state = daemon->options.state,
    };
    return sources_new(daemon->loop, &options, &hooks, &daemon->sources);
}

static int open_control(struct daemon *daemon)
{
    struct daemon_views views;

    daemon->started = clock_now();
    views = views_of(daemon);
    return control_open(daemon->loop, daemon->options.control_path, &views, &daemon->control);
}

/* The queue last: nobody waits before there is whom to wait for. */
static int open_programs(struct daemon *daemon)
{
    int result = daemon_start_sources(daemon, daemon->config);

    if (result == 0)
        hold_configure(daemon->hold, daemon->config);
    return result;
}

int daemon_open(const struct daemon_options *options, struct config *config, struct daemon **out,
                const char **what)
{
    static const struct {
        int (*open)(struct daemon *daemon);
        const char *what;
    } steps[] = {
        {open_loop, "the event loop"},
        {open_sync, "nftables"},
        {open_saver, "the state file"},
        {open_feeds, "the feeds"},
        {open_clocks, "the clocks"},
        {daemon_open_reloads, "memory"},
        {open_hold, "memory"},
        {open_sources, "the sources"},
        {daemon_open_trust, "the system's files"},
        {open_control, NULL}, /* its path */
        {open_programs, "the sources' programs"},
    };
    struct daemon *daemon = calloc(1, sizeof(*daemon));

    *what = "memory";
    if (!daemon)
        return -ENOMEM;
    daemon->options = *options;
    daemon->config = config;
    daemon->due_ns = UINT64_MAX;
    journal_open(&daemon->journal);
    daemon_configure_log(config);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int result = steps[i].open(daemon);
        if (result == 0)
            continue;
        *what = steps[i].what ? steps[i].what : options->control_path;
        daemon_close(daemon);
        return result;
    }
    *out = daemon;
    return 0;
}

int daemon_run(struct daemon *daemon)
{
    int result;

    daemon->watchdog_ms = notify_watchdog_ms() / 2;
    if (daemon->watchdog_ms > 0)
        loop_timer_set(daemon->watchdog, daemon->watchdog_ms);
    loop_timer_set(daemon->ready, READY_MS);
    loop_timer_set(daemon->pulse, PULSE_MS);
    daemon_arm(daemon);
    result = loop_run(daemon->loop);
    notify_stopping();
    return result;
}

void daemon_close(struct daemon *daemon)
{
    if (!daemon)
        return;
    hold_free(daemon->hold);
    control_close(daemon->control);
    sources_free(daemon->sources);
    daemon_close_trust(daemon);
    loop_unwatch(daemon->kernel);
    clockwatch_free(daemon->clocks);
    feeds_free(daemon->feeds);
    saver_free(daemon->saver);
    setsync_free(daemon->sync);
    loop_unwatch(daemon->pulse);
    loop_unwatch(daemon->watchdog);
    loop_unwatch(daemon->ready);
    loop_unwatch(daemon->due);
    loop_unwatch(daemon->children);
    loop_unwatch(daemon->reload);
    loop_unwatch(daemon->interrupt);
    reloads_free(daemon->reloads);
    loop_unwatch(daemon->terminate);
    loop_free(daemon->loop);
    journal_close(&daemon->journal);
    config_free(daemon->config);
    free(daemon);
}
