/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a configuration to the plans of the sources' programs, at the start and at a reload.
 */
#include "daemon/daemon_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/config/config.h"
#include "daemon/notify.h"
#include "daemon/sources/mirrored.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

typedef int use_plan(struct sources *sources, const struct plan *plan,
                     const struct mirror_choice *mirrors);

/* The names that are known to follow from what the configuration says are in the plan, too. */
static int seal_plan(struct daemon *daemon, const struct config *config,
                     const struct trusted *trusted, use_plan *use)
{
    struct moment now = clock_now();
    struct derived_name *derived = calloc(DERIVED_MAX, sizeof(*derived));
    const struct mirror_choice mirrors = {
        .named = config->mirrors,
        .count = config->mirror_count,
        .detect = config->mirrors_auto,
    };
    struct whitelist_pattern *patterns;
    struct plan plan;
    int result = derived ? config_plan(config, &plan, &patterns) : -ENOMEM;

    if (result == 0) {
        plan.resolvers = trusted->resolvers;
        plan.resolver_count = trusted->count;
        plan.derived = derived;
        plan.derived_count = setsync_derived(daemon->sync, config->whitelists,
                                             config->whitelist_count, &now, derived);
        result = use(daemon->sources, &plan, &mirrors);
        free(patterns);
    }
    free(derived);
    return result;
}

static int make_plan(struct daemon *daemon, const struct config *config, use_plan *use)
{
    struct trusted trusted;
    int result = daemon_make_trusted(daemon, config, &trusted);

    if (result)
        return result;
    result = seal_plan(daemon, config, &trusted, use);
    if (result)
        trusted_free(&trusted);
    else
        daemon_use_trusted(daemon, &trusted);
    return result;
}

int daemon_start_sniffer(struct daemon *daemon, const struct config *config)
{
    return make_plan(daemon, config, sources_start_sniffer);
}

int daemon_start_sources(struct daemon *daemon, const struct config *config)
{
    int result = daemon_start_sniffer(daemon, config);
    return result ? result : start_registry(daemon, config);
}

void daemon_renew_plan(void *context)
{
    struct daemon *daemon = context;
    (void)make_plan(daemon, daemon->config, sources_renew_plan);
}

static void log_lines(const char *lines)
{
    char text[RELOADS_ERROR_MAX];
    char *rest = text, *line;

    snprintf(text, sizeof(text), "%s", lines);
    while ((line = strsep(&rest, "\n")))
        log_error("%s", line);
}

static bool refuse(char error[static RELOADS_ERROR_MAX], const char *text)
{
    snprintf(error, RELOADS_ERROR_MAX, "%s", text);
    return false;
}

static_assert((int)RELOADS_ERROR_MAX >= (int)CONFIG_ERROR_MAX,
              "a configuration error is printed in full");

static bool replace_config(struct daemon *daemon, char error[static RELOADS_ERROR_MAX])
{
    struct moment now = clock_now();
    struct config *config;

    if (mirrored_config_read(daemon->options.config_path, &config, error))
        return false;
    if (daemon_start_sources(daemon, config)) {
        config_free(config);
        return refuse(error, "out of memory while preparing the sources' plans");
    }
    if (setsync_reload(daemon->sync, config->whitelists, config->whitelist_count, &now)) {
        (void)daemon_start_sources(daemon, daemon->config);
        config_free(config);
        return refuse(error, "out of memory while applying the new whitelists");
    }
    saver_soon(daemon->saver);
    feeds_configure(daemon->feeds, config, &now);
    control_set_config(daemon->control, config);
    config_free(daemon->config);
    daemon->config = config;
    return true;
}

static bool on_begin(void *context, char error[static RELOADS_ERROR_MAX])
{
    struct daemon *daemon = context;
    bool good;

    notify_reloading();
    good = replace_config(daemon, error);
    if (good) {
        daemon_configure_log(daemon->config);
        log_notice("%s reloaded: %zu whitelist%s", daemon->options.config_path,
                   daemon->config->whitelist_count,
                   daemon->config->whitelist_count == 1 ? "" : "s");
    } else {
        log_lines(error);
        log_error("reload failed, keeping the previous configuration");
    }
    daemon->due_ns = UINT64_MAX;
    daemon_arm(daemon);
    return good;
}

static bool sources_work(void *context)
{
    struct daemon *daemon = context;
    return sources_follow(daemon->sources);
}

static void on_ended(void *context)
{
    struct daemon *daemon = context;

    daemon_tell_ready(daemon);
    control_reloaded(daemon->control);
}

int daemon_open_reloads(struct daemon *daemon)
{
    const struct reloads_hooks hooks = {
        .begin = on_begin, .follows = sources_work, .ended = on_ended, .context = daemon};

    return reloads_new(daemon->loop, &hooks, &daemon->reloads);
}
