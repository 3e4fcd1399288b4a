/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom the daemon believes: said at the start, told to the sources with their plans, and followed
 * while the system's files change.  A file that is being written is not read at once, and one that
 * changes all the time makes no more than a sniffer each half minute.
 */
#include "daemon/daemon_state.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>

enum {
    SETTLE_MS = 1000,
    REPLAN_SECONDS = 30,
};

/* ---- whom to trust ---- */

/* Watched from before they are read, so that no change falls in between. */
static int make_trusted(struct daemon *daemon, const struct config *config, struct trusted *out)
{
    struct trusted_files files = trusted_files();
    const char *const paths[] = {files.resolv_conf, files.uplinks};

    file_monitor_set(daemon->system_files, paths,
                     config_believes_default(config) ? TRUSTED_FILES : 0);
    return trusted_make(config, &files, out);
}

static void tell_trusted(const struct trusted *trusted, const struct trusted *before)
{
    char text[TRUSTED_TEXT_MAX];

    log_notice("trusted resolvers: %s", trusted_to_text(trusted, text));
    if (trusted->unset && !before->unset)
        log_notice("capture.resolvers is not set, so no other server is trusted (earlier versions "
                   "trusted any): if clients use your own resolver, add to capture { }: "
                   "resolvers += { \"ADDRESS\" }");
}

static void use_trusted(struct daemon *daemon, const struct trusted *trusted)
{
    if (!trusted_equal(trusted, &daemon->trusted))
        tell_trusted(trusted, &daemon->trusted);
    trusted_free(&daemon->trusted);
    daemon->trusted = *trusted;
}

/* ---- plans ---- */

static struct source_knowledge knowledge_of(const struct daemon *daemon,
                                            const struct config *config,
                                            const struct trusted *trusted)
{
    return (struct source_knowledge){.config = config,
                                     .trusted = trusted,
                                     .sync = daemon->sync,
                                     .packets_wait = hold_is_fed(daemon->hold, config)};
}

static int use_plans(struct daemon *daemon, const struct config *config, enum sources_which which)
{
    struct trusted trusted;
    const struct source_knowledge known = knowledge_of(daemon, config, &trusted);
    int result = make_trusted(daemon, config, &trusted);

    if (result)
        return result;
    result = sources_use(daemon->sources, &known, which);
    if (result)
        trusted_free(&trusted);
    else
        use_trusted(daemon, &trusted);
    return result;
}

static int start_overhearing(struct daemon *daemon)
{
    return use_plans(daemon, daemon->config, SOURCES_THAT_OVERHEAR);
}

int daemon_start_sources(struct daemon *daemon, const struct config *config)
{
    return use_plans(daemon, config, SOURCES_ALL);
}

void daemon_renew_plan(void *context, enum source source)
{
    struct daemon *daemon = context;
    struct trusted trusted;
    const struct source_knowledge known = knowledge_of(daemon, daemon->config, &trusted);

    if (make_trusted(daemon, daemon->config, &trusted))
        return;
    if (sources_renew_plan(daemon->sources, source, &known))
        trusted_free(&trusted);
    else
        use_trusted(daemon, &trusted);
}

void daemon_hold_fed(void *context)
{
    struct daemon *daemon = context;
    bool fed = hold_is_fed(daemon->hold, daemon->config);

    if (daemon->config->latency == LATENCY_NORMAL)
        return;
    log_info("hold: %s: starting a new sniffer that %s",
             fed ? "packets that come too early wait" : "no packet comes any more",
             fed ? "does not anticipate answers" : "anticipates answers");
    if (start_overhearing(daemon))
        log_error("hold: out of memory while preparing the sniffer's plan");
}

/* ---- the system's files ---- */

static void on_changed(void *context, const char *path)
{
    struct daemon *daemon = context;
    uint64_t now_ns = clock_now().boot_ns;
    uint64_t due_ns = daemon->trusted_ns + REPLAN_SECONDS * NS_PER_SECOND;
    bool at_once = daemon->trusted_ns == 0 || due_ns <= now_ns + SETTLE_MS * NS_PER_MS;

    (void)path;
    loop_timer_set(daemon->trust_timer, at_once ? SETTLE_MS : (due_ns - now_ns) / NS_PER_MS + 1);
}

static void trust_on_settled(void *context)
{
    struct daemon *daemon = context;
    struct trusted_files files = trusted_files();
    struct trusted now;

    if (trusted_make(daemon->config, &files, &now))
        return;
    bool same = trusted_equal(&now, &daemon->trusted);
    trusted_free(&now);
    if (same)
        return;
    log_info("the system's DNS servers have changed: starting a new sniffer");
    daemon->trusted_ns = clock_now().boot_ns;
    if (start_overhearing(daemon))
        log_error(
            "out of memory while preparing the sniffer's plan; keeping the previous resolvers");
}

int daemon_open_trust(struct daemon *daemon)
{
    daemon->trust_timer = loop_timer(daemon->loop, trust_on_settled, daemon);
    if (!daemon->trust_timer)
        return -ENOMEM;
    return file_monitor_new(daemon->loop, on_changed, daemon, &daemon->system_files);
}

void daemon_close_trust(struct daemon *daemon)
{
    file_monitor_free(daemon->system_files);
    loop_unwatch(daemon->trust_timer);
    trusted_free(&daemon->trusted);
}
