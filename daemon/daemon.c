/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's parts tied together.  An answer's way is on_answer and nothing else; all other work
 * waits for its turn behind it.
 */
#include "daemon/daemon.h"

#include "daemon/clockwatch.h"
#include "daemon/config.h"
#include "daemon/control.h"
#include "daemon/feeds.h"
#include "daemon/journal.h"
#include "daemon/notify.h"
#include "daemon/resolvers.h"
#include "daemon/saver.h"
#include "daemon/sources.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/priority.h"
#include "runtime/processor.h"
#include "setsync/setsync.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* At most 200 times a second, whoever asks: less than a hundredth of a CPU. */
#define WARM_INTERVAL_NS (5 * NS_PER_MS)

enum {
    HOLD_MS = 25,    /* a sniffer waits for no answer longer than 20 */
    READY_MS = 2000, /* a service manager does not wait longer for an interface that is not there */
};

struct daemon {
    struct daemon_options options;
    struct config *config;
    struct loop *loop;
    struct setsync *sync;
    struct control *control;
    struct sources *sources;
    struct clockwatch *clocks;
    struct saver *saver; /* NULL: leases are not kept on disk */
    struct feeds *feeds;
    struct journal journal;
    struct resolvers resolvers;
    struct loop_watch *terminate, *interrupt, *reload, *children; /* signals */
    struct loop_watch *kernel;                                    /* nftables' notifications */
    struct loop_watch *due, *ready, *relax, *watchdog;            /* timers */
    uint64_t due_ns;      /* what `due` is armed for; UINT64_MAX: nothing */
    uint64_t warmed_ns;   /* when it last got ready for an answer */
    uint64_t watchdog_ms; /* half of what systemd waits */
    bool told_ready;
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

/* ---- setsync's timer ---- */

static void arm(struct daemon *daemon)
{
    uint64_t due_ns = setsync_due(daemon->sync);
    uint64_t now_ns;

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
    arm(daemon);
}

/* Somebody changed the ruleset. */
static void on_kernel(void *context)
{
    struct daemon *daemon = context;
    struct moment now = clock_now();

    setsync_notified(daemon->sync, &now);
    arm(daemon);
}

/* Timers stand still in a suspend: what has become due meanwhile is done at once. */
static void on_clock(void *context, uint64_t slept_ns)
{
    struct daemon *daemon = context;
    struct moment now = clock_now();

    if (slept_ns > 0) {
        log_notice("slept for %" PRIu64 " s: what has ended meanwhile ends now",
                   slept_ns / NS_PER_SECOND);
        setsync_resumed(daemon->sync, slept_ns, &now);
    }
    saver_soon(daemon->saver);
    daemon->due_ns = UINT64_MAX;
    arm(daemon);
}

/* ---- what sources tell ---- */

/* Whom the registry asks is no question of whom to believe. */
static void note_resolver(struct daemon *daemon, enum source source,
                          const struct sighting *sighting, enum reason reason)
{
    if (source == SOURCE_SNIFFER)
        resolvers_note(&daemon->resolvers, sighting, reason, clock_now().boot_ns);
}

static void on_answer(void *context, enum source source, const struct sighting *parts, size_t count)
{
    struct daemon *daemon = context;
    struct moment now = clock_now();

    setsync_learn(daemon->sync, source, parts, count, &now);
    arm(daemon);
    note_resolver(daemon, source, &parts[0], REASON_NONE);
    priority_regain();
}

/*
 * An answer will be here in a moment: it is waited for on the sender's CPU, and what it will
 * need is gone through, so that it is in that CPU's caches.  The questions for both address
 * families come together, and once is enough.
 */
static void on_asked(void *context, const struct asked_report *asked)
{
    struct daemon *daemon = context;
    struct moment now = clock_now();

    processor_stay_on(asked->cpu);
    loop_timer_set(daemon->relax, HOLD_MS);
    if (now.boot_ns - daemon->warmed_ns < WARM_INTERVAL_NS)
        return;
    setsync_warm(daemon->sync, &asked->question, &now);
    daemon->warmed_ns = now.boot_ns;
}

static void on_relax(void *context)
{
    (void)context;
    processor_roam();
}

/* Whatever happened to an address, here or at a source: all who want to know; the kernel has it. */
static void on_event(void *context, const struct event *event)
{
    struct daemon *daemon = context;

    uint64_t boot_ns = clock_now().boot_ns;

    journal_event(&daemon->journal, event, boot_ns);
    feeds_event(daemon->feeds, event, boot_ns);
    control_event(daemon->control, event);
    if (event->kind == EVENT_FORGOTTEN)
        saver_soon(daemon->saver);
}

static void on_refusal(void *context, enum source source, const struct sighting *sighting)
{
    struct event event = {
        .kind = EVENT_REFUSED,
        .reason = (enum reason)sighting->reason,
        .source = source,
        .real_ns = clock_now().real_ns,
        .name = &sighting->question,
        .owner = &sighting->owner,
        .sighting = sighting,
    };

    note_resolver(context, source, sighting, event.reason);
    on_event(context, &event);
}

static void on_alarm(void *context, enum source source, const struct alarm_report *alarm)
{
    struct event event = {
        .kind = EVENT_ALARM,
        .reason = (enum reason)alarm->sighting.reason,
        .source = source,
        .real_ns = clock_now().real_ns,
        .name = &alarm->sighting.question,
        .owner = &alarm->sighting.owner,
        .sighting = &alarm->sighting,
        .alarm = alarm,
    };

    note_resolver(context, source, event.sighting, event.reason);
    on_event(context, &event);
}

/* ---- the service manager ---- */

static void tell_ready(struct daemon *daemon)
{
    char status[96];
    bool ready = sources_status(daemon->sources, 0).ready;

    snprintf(status, sizeof(status), "%zu whitelist%s; the sniffer %s",
             daemon->config->whitelist_count, daemon->config->whitelist_count == 1 ? "" : "s",
             ready ? "reads" : "is not ready yet");
    notify_ready(status);
    daemon->told_ready = true;
}

static void on_ready_timeout(void *context)
{
    struct daemon *daemon = context;
    if (daemon->told_ready)
        return;
    log_warning("the sniffer is not ready after %d s: going on without it", READY_MS / 1000);
    tell_ready(daemon);
}

static void on_sources_changed(void *context)
{
    struct daemon *daemon = context;
    if (daemon->told_ready || sources_status(daemon->sources, 0).ready)
        tell_ready(daemon);
}

static void on_watchdog(void *context)
{
    struct daemon *daemon = context;
    notify_alive();
    loop_timer_set(daemon->watchdog, daemon->watchdog_ms);
}

/* ---- signals ---- */

static void on_end(void *context)
{
    struct daemon *daemon = context;
    loop_stop(daemon->loop);
}

static void on_children(void *context)
{
    struct daemon *daemon = context;
    sources_reap(daemon->sources);
    saver_reap(daemon->saver);
    feeds_reap(daemon->feeds);
}

static int start_registry(struct daemon *daemon, const struct config *config)
{
    struct config_poll poll;
    int result = config_poll_plan(config, &poll);

    if (result)
        return result;
    result = sources_start_registry(daemon->sources, &poll.plan);
    config_poll_free(&poll);
    return result;
}

typedef int use_plan(struct sources *sources, const struct plan *plan);

/* What the configuration says, and the names that are known to follow from it. */
static int make_plan(struct daemon *daemon, const struct config *config, use_plan *use)
{
    struct moment now = clock_now();
    struct derived_name *derived = calloc(DERIVED_MAX, sizeof(*derived));
    struct whitelist_pattern *patterns;
    struct plan plan;
    int result = derived ? config_plan(config, &plan, &patterns) : -ENOMEM;

    if (result == 0) {
        plan.derived = derived;
        plan.derived_count = setsync_derived(daemon->sync, config->whitelists,
                                             config->whitelist_count, &now, derived);
        result = use(daemon->sources, &plan);
        free(patterns);
    }
    free(derived);
    return result;
}

static int start_sniffer(struct daemon *daemon, const struct config *config)
{
    return make_plan(daemon, config, sources_start_sniffer);
}

static int start_sources(struct daemon *daemon, const struct config *config)
{
    int result = start_sniffer(daemon, config);
    return result ? result : start_registry(daemon, config);
}

/* The plan that it had does as well. */
static void on_restarting(void *context)
{
    struct daemon *daemon = context;
    (void)make_plan(daemon, daemon->config, sources_renew_plan);
}

static void log_lines(char *text)
{
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")))
        log_error("%s", line);
}

/* A file that is not right, or a plan that cannot be made, changes nothing. */
static bool replace_config(struct daemon *daemon)
{
    char error[CONFIG_ERROR_MAX];
    struct moment now = clock_now();
    struct config *config;

    if (config_read(daemon->options.config_path, &config, error)) {
        log_lines(error);
        return false;
    }
    if (start_sources(daemon, config)) {
        log_error("making the sources' plans: out of memory");
        config_free(config);
        return false;
    }
    if (setsync_reload(daemon->sync, config->whitelists, config->whitelist_count, &now)) {
        log_error("using the new whitelists: out of memory");
        (void)start_sources(daemon, daemon->config);
        config_free(config);
        return false;
    }
    saver_soon(daemon->saver);
    feeds_configure(daemon->feeds, config, &now);
    control_set_config(daemon->control, config);
    config_free(daemon->config);
    daemon->config = config;
    return true;
}

static void on_reload(void *context)
{
    struct daemon *daemon = context;

    notify_reloading();
    if (replace_config(daemon)) {
        set_log_level(daemon->config);
        config_warnings(daemon->config, warn, NULL);
        log_notice("%s was read again: %zu whitelist%s", daemon->options.config_path,
                   daemon->config->whitelist_count,
                   daemon->config->whitelist_count == 1 ? "" : "s");
    } else {
        log_error("nothing was changed: the configuration of before stays in force");
    }
    daemon->due_ns = UINT64_MAX;
    arm(daemon);
    tell_ready(daemon);
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
    daemon->relax = loop_timer(daemon->loop, on_relax, daemon);
    daemon->watchdog = loop_timer(daemon->loop, on_watchdog, daemon);
    signal(SIGPIPE, SIG_IGN);
    return daemon->terminate && daemon->interrupt && daemon->reload && daemon->children &&
                   daemon->due && daemon->ready && daemon->relax && daemon->watchdog
               ? 0
               : -ENOMEM;
}

static int open_sync(struct daemon *daemon)
{
    struct moment now = clock_now();
    struct setsync_options options = {
        .whitelists = daemon->config->whitelists,
        .whitelist_count = daemon->config->whitelist_count,
        .kernel = true,
        .event = on_event,
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

static int open_sources(struct daemon *daemon)
{
    struct sources_hooks hooks = {
        .answer = on_answer,
        .refusal = on_refusal,
        .alarm = on_alarm,
        .asked = on_asked,
        .changed = on_sources_changed,
        .restarting = on_restarting,
        .context = daemon,
    };
    struct sources_options options = {
        .libexec = daemon->options.libexec,
        .state = daemon->options.state,
    };
    return sources_new(daemon->loop, &options, &hooks, &daemon->sources);
}

static int open_control(struct daemon *daemon)
{
    struct control_views views = {
        .config = daemon->config,
        .sync = daemon->sync,
        .sources = daemon->sources,
        .feeds = daemon->feeds,
        .resolvers = &daemon->resolvers,
        .started = clock_now(),
    };
    return control_open(daemon->loop, daemon->options.control_path, &views, &daemon->control);
}

static int open_programs(struct daemon *daemon)
{
    return start_sources(daemon, daemon->config);
}

int daemon_open(const struct daemon_options *options, struct config *config, struct daemon **out,
                const char **what)
{
    static const struct {
        int (*open)(struct daemon *daemon);
        const char *what;
    } steps[] = {
        {open_loop, "the event loop"}, {open_sync, "nftables"},     {open_saver, "the state file"},
        {open_feeds, "the feeds"},     {open_clocks, "the clocks"}, {open_sources, "the sources"},
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
    set_log_level(config);
    config_warnings(config, warn, NULL);
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
    arm(daemon);
    result = loop_run(daemon->loop);
    notify_stopping();
    return result;
}

void daemon_close(struct daemon *daemon)
{
    if (!daemon)
        return;
    control_close(daemon->control);
    sources_free(daemon->sources);
    loop_unwatch(daemon->kernel);
    clockwatch_free(daemon->clocks);
    feeds_free(daemon->feeds);
    saver_free(daemon->saver);
    setsync_free(daemon->sync);
    loop_unwatch(daemon->watchdog);
    loop_unwatch(daemon->relax);
    loop_unwatch(daemon->ready);
    loop_unwatch(daemon->due);
    loop_unwatch(daemon->children);
    loop_unwatch(daemon->reload);
    loop_unwatch(daemon->interrupt);
    loop_unwatch(daemon->terminate);
    loop_free(daemon->loop);
    journal_close(&daemon->journal);
    config_free(daemon->config);
    free(daemon);
}
