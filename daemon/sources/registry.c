/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry: it reads the system's files at its start and cannot read them again, so that it is
 * replaced when one of them changes; the files of its last good lists are lent to it.
 */
#include "daemon/sources/registry.h"

#include "base/log.h"
#include "daemon/config/config.h"
#include "daemon/sources/file_monitor.h"
#include "daemon/sources/list_cache_files.h"
#include "daemon/sources/supervisor.h"
#include "registry/resolve/system.h"
#include "source/fds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct registry {
    struct supervisor *supervisor;
    struct file_monitor *files;
    struct list_cache_files caches;
};

static void on_file_changed(void *context, const char *path)
{
    struct registry *registry = context;

    log_info("%s has changed: starting a new registry process that reads it", path);
    supervisor_renew(registry->supervisor, "a file that it has read has changed");
}

static int registry_open(struct supervisor *supervisor, const struct sources_options *options,
                         void **self)
{
    struct registry *registry = *self = calloc(1, sizeof(*registry));
    int result;

    if (!registry)
        return -ENOMEM;
    registry->supervisor = supervisor;
    result = list_cache_files_init(&registry->caches, options->state);
    return result ? result
                  : file_monitor_new(supervisor->loop, on_file_changed, registry, &registry->files);
}

static void registry_close(void *self)
{
    struct registry *registry = self;

    file_monitor_free(registry->files);
    free(registry);
}

static int registry_plan(void *self, const struct source_knowledge *known, int *memfd)
{
    struct config_poll poll;
    int result = config_poll_plan(known->config, &poll);

    (void)self;
    if (result)
        return result;
    *memfd = -1;
    if (registry_plan_is_needed(&poll.plan))
        result = *memfd = registry_plan_seal(&poll.plan);
    config_poll_free(&poll);
    return result < 0 ? result : 0;
}

static void registry_monitor(void *self, const struct source_knowledge *known, bool wanted)
{
    const char *paths[FILE_MONITOR_MAX] = {SYSTEM_RESOLV_CONF, SYSTEM_HOSTS,
                                           system_certificates_path()};
    const struct config *config = known->config;
    struct registry *registry = self;
    size_t count = 3;

    for (size_t i = 0; i < config->whitelist_count && count < FILE_MONITOR_MAX; i++) {
        const char *certificates = config->whitelists[i].registry_ca;

        if (certificates && certificates[0] != '\0')
            paths[count++] = certificates;
    }
    file_monitor_set(registry->files, paths, wanted ? count : 0);
    list_cache_files_use(&registry->caches, config->whitelists, config->whitelist_count);
}

static void registry_lend(void *self, struct source_start *start)
{
    struct registry *registry = self;

    list_cache_files_open(&registry->caches);
    _Static_assert((int)SOURCE_LENT_MAX >= WHITELISTS_MAX, "one for each whitelist");
    _Static_assert((int)REGISTRY_LIST_CACHE_FD == SOURCE_LENT_FD, "nothing else is lent to it");
    start->lent_count = registry->caches.count;
    memcpy(start->lent, registry->caches.fds, registry->caches.count * sizeof(start->lent[0]));
    start->proxy = true;
}

static void registry_take_back(void *self, const struct source_start *start)
{
    struct registry *registry = self;

    (void)start;
    list_cache_files_close(&registry->caches);
}

static void registry_status(const void *self, const struct supervisor *supervisor,
                            struct source_status *out)
{
    const struct process *process = supervisor_shown(supervisor);

    (void)self;
    if (!process)
        return;
    out->lists = process->lists;
    out->reported_lists = process->reported;
}

const struct source_row registry_row = {
    .source = SOURCE_REGISTRY,
    .open = registry_open,
    .close = registry_close,
    .plan = registry_plan,
    .monitor = registry_monitor,
    .lend = registry_lend,
    .take_back = registry_take_back,
    .status = registry_status,
};
