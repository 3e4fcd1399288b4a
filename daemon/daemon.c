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
    outputs_child_ended(daemon->outputs);
}

/* ---- open, run, close ---- */

static int daemon_open_loop(struct daemon *daemon)
{
    int result = loop_new(&daemon->loop);
    if (result)
        return result;
    daemon->terminate = loop_signal(daemon->loop, SIGTERM, on_end, daemon);
    daemon->interrupt = loop_signal(daemon->loop, SIGINT, on_end, daemon);
    daemon->reload = loop_signal(daemon->loop, SIGHUP, on_reload, daemon);
    daemon->children = loop_signal(daemon->loop, SIGCHLD, on_children, daemon);
    signal(SIGPIPE, SIG_IGN);
    return daemon->terminate && daemon->interrupt && daemon->reload && daemon->children ? 0
                                                                                        : -ENOMEM;
}

/* Before the leases: what happens to them is told from the first on. */
static int open_outputs(struct daemon *daemon)
{
    const struct output_setting setting = {
        .loop = daemon->loop,
        .state = daemon->options.state,
        .control_path = daemon->options.control_path,
        .views = &daemon->views,
    };

    return outputs_open(daemon_output_rows(), &setting, &daemon->outputs, &daemon->unopened);
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
    return result ? result : daemon_follow_kernel(daemon);
}

static int open_hold(struct daemon *daemon)
{
    const struct hold_hooks hooks = daemon_hold_hooks(daemon);

    return hold_new(daemon->loop, daemon->sync, &hooks, &daemon->hold);
}

static int open_sources(struct daemon *daemon)
{
    struct sources_hooks hooks = daemon_hooks(daemon);

    hooks.changed = daemon_sources_changed;
    hooks.restarting = daemon_renew_plan;

    struct sources_options options = {
        .libexec = daemon->options.libexec,
        .state = daemon->options.state,
    };
    return sources_new(daemon->loop, &options, &hooks, &daemon->sources);
}

/* All that outputs may read is there. */
static int open_views(struct daemon *daemon)
{
    struct moment now = clock_now();

    daemon->views = (struct daemon_views){
        .config = daemon->config,
        .sync = daemon->sync,
        .sources = daemon->sources,
        .outputs = daemon->outputs,
        .hold = daemon->hold,
        .resolvers = &daemon->resolvers,
        .trusted = &daemon->trusted,
        .reloads = daemon->reloads,
        .started = now,
    };
    outputs_configure(daemon->outputs, daemon->config, &now);
    return 0;
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
        {daemon_open_loop, "the event loop"},
        {daemon_open_timer, "the event loop"},
        {daemon_open_service, "the event loop"},
        {open_outputs, NULL}, /* says which */
        {open_sync, "nftables"},
        {daemon_open_clocks, "the clocks"},
        {daemon_open_reloads, "memory"},
        {open_hold, "memory"},
        {open_sources, "the sources"},
        {daemon_open_trust, "the system's files"},
        {open_views, "memory"},
        {open_programs, "the sources' programs"},
    };
    struct daemon *daemon = calloc(1, sizeof(*daemon));

    *what = "memory";
    if (!daemon)
        return -ENOMEM;
    daemon->options = *options;
    daemon->config = config;
    daemon->sets_made = UINT64_MAX; /* as after a reload */
    daemon_configure_log(config);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int result = steps[i].open(daemon);
        if (result == 0)
            continue;
        *what = steps[i].what ? steps[i].what : daemon->unopened;
        daemon_close(daemon);
        return result;
    }
    *out = daemon;
    return 0;
}

int daemon_run(struct daemon *daemon)
{
    daemon_start_service(daemon);
    daemon_arm(daemon);
    int result = loop_run(daemon->loop);
    notify_stopping();
    return result;
}

void daemon_close(struct daemon *daemon)
{
    if (!daemon)
        return;
    hold_free(daemon->hold);
    sources_free(daemon->sources);
    daemon_close_trust(daemon);
    loop_unwatch(daemon->kernel);
    clockwatch_free(daemon->clocks);
    outputs_close(daemon->outputs);
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
    config_free(daemon->config);
    free(daemon);
}
