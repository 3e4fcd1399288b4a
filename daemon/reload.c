/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another configuration takes the place of the one in force, whole or not at all.
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
    static const enum log_level levels[] = {
        [CONFIG_LOG_ALARMS] = LOG_LEVEL_NOTICE,
        [CONFIG_LOG_GRANTS] = LOG_LEVEL_INFO,
        [CONFIG_LOG_DEBUG] = LOG_LEVEL_DEBUG,
    };

    log_set_level(levels[config->log]);
    config_warnings(config, warn, NULL);
    config_notes(config, note, NULL);
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
    (void)daemon_lend_translators(daemon, config);
    if (daemon_start_sources(daemon, config)) {
        config_free(config);
        return refuse(error, "out of memory while preparing the sources' plans");
    }
    if (setsync_reload(daemon->sync, config->whitelists, config->whitelist_count, &now)) {
        (void)daemon_start_sources(daemon, daemon->config);
        config_free(config);
        return refuse(error, "out of memory while applying the new whitelists");
    }
    outputs_configure(daemon->outputs, config, &now);
    daemon->views.config = config;
    config_free(daemon->config);
    daemon->config = config;
    hold_configure(daemon->hold, config);
    daemon->sets_made = UINT64_MAX; /* the rules of hold follow the configuration */
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
    outputs_reload_ended(daemon->outputs);
}

int daemon_open_reloads(struct daemon *daemon)
{
    const struct reloads_hooks hooks = {
        .begin = on_begin, .follows = sources_work, .ended = on_ended, .context = daemon};

    return reloads_new(daemon->loop, &hooks, &daemon->reloads);
}
