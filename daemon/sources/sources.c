/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who runs: a table of sources, and what is special in each.  The sniffer follows the interfaces;
 * the registry follows the system's files that it has read at its start.
 */
#include "daemon/sources/sources.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/sources/file_monitor.h"
#include "daemon/sources/link_monitor.h"
#include "daemon/sources/list_cache_files.h"
#include "daemon/sources/quiet.h"
#include "daemon/sources/supervisor.h"
#include "daemon/sources/surroundings.h"
#include "registry/resolve/system.h"
#include "source/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LINK_DEBOUNCE_MS = 200,
    /* Interfaces and addresses come several at a time; one sniffer has to go for each change. */
    TOPOLOGY_DEBOUNCE_MS = 300,
    TOPOLOGY_RENEWAL_MS = 5000,
};

static const struct supervisor_kind sniffer_kind = {
    .source = SOURCE_SNIFFER,
    .program = "sniffer",
    .net_raw = true,
    .drains = true,
};

static const struct supervisor_kind registry_kind = {
    .source = SOURCE_REGISTRY,
    .program = "registry",
};

struct sources {
    struct loop *loop;
    struct sources_hooks hooks;
    struct supervisor sniffer, registry;
    struct link_monitor *links;
    struct loop_watch *debounce; /* timer */
    bool low_latency;
    bool latency_told;
    struct plan_interface interfaces[PLAN_INTERFACES_MAX];
    bool came_up[PLAN_INTERFACES_MAX]; /* since the newest process was started */
    bool retyped[PLAN_INTERFACES_MAX]; /* the same, with another link layer */
    struct quiet quiet[PLAN_INTERFACES_MAX];
    uint8_t told[PLAN_INTERFACES_MAX]; /* the state that was logged last */
    size_t interface_count;
    struct surroundings surroundings;
    struct loop_watch *settling; /* timer */
    bool settles;                /* it is set */
    uint64_t renewed_ns;         /* for a change of the surroundings */
    struct file_monitor *files;
    struct list_cache_files kept;
};

/* ---- the sniffer ---- */

/* The daemon opens it and closes its own copy again: the request ends with the sniffer that has it.
 */
static int open_cpu_latency(struct sources *sources)
{
    int fd;
    if (!sources->low_latency)
        return -1;
    fd = open("/dev/cpu_dma_latency", O_RDWR | O_CLOEXEC);
    if (fd < 0 && !sources->latency_told) {
        log_notice("/dev/cpu_dma_latency: %s: after idle times addresses are allowed some 50 us "
                   "later; let group wildset write it (the package's udev rule does), or set "
                   "latency = \"normal\"",
                   strerror(errno));
        sources->latency_told = true;
    }
    return fd;
}

static void sniffer_restarting(void *context)
{
    struct sources *sources = context;
    sources->hooks.restarting(sources->hooks.context);
}

static void sniffer_starting(void *context, struct source_start *start)
{
    struct sources *sources = context;

    memset(sources->came_up, 0, sizeof(sources->came_up));
    memset(sources->retyped, 0, sizeof(sources->retyped));
    start->cpu_latency = open_cpu_latency(sources);
    start->realtime = sources->low_latency;
}

static void sniffer_started(void *context, const struct source_start *start)
{
    (void)context;
    if (start->cpu_latency >= 0)
        close(start->cpu_latency);
}

/* An interface came up that was not usable when the newest process looked, or is read as what it
 * was.
 */
static bool wants_replacement(const struct sources *sources)
{
    const struct process *newest = supervisor_newest(&sources->sniffer);
    if (!newest || newest->state == PROCESS_DOOMED)
        return false;
    for (size_t i = 0; i < newest->interface_count; i++) {
        uint8_t state = newest->interfaces[i].report.state;
        if (sources->came_up[i] && newest->interfaces[i].reported_ns > 0 &&
            (state == STATE_WAITING || state == STATE_DOWN || sources->retyped[i]))
            return true;
    }
    return false;
}

static void on_debounce(void *context)
{
    struct sources *sources = context;
    if (!wants_replacement(sources))
        return;
    log_info("an interface came up: starting a new sniffer that captures it too");
    supervisor_renew(&sources->sniffer, "an interface came up meanwhile");
}

static void on_link_up(void *context, size_t index, bool retyped)
{
    struct sources *sources = context;

    sources->retyped[index] |= retyped;
    sources->came_up[index] = true;
    if (wants_replacement(sources))
        loop_timer_set(sources->debounce, LINK_DEBOUNCE_MS);
}

static void on_interface_changed(void *context, struct process *process, size_t index)
{
    struct sources *sources = context;
    const struct state_report *report = &process->interfaces[index].report;

    if (process == sources->sniffer.current)
        quiet_note(&sources->quiet[index], report->received, report->state == STATE_UP,
                   process->interfaces[index].reported_ns);
    if (process != supervisor_newest(&sources->sniffer) || report->state == sources->told[index])
        return;
    sources->told[index] = report->state;
    if (report->state == STATE_UP)
        log_info("capture: %s is read%s", report->interface,
                 report->promiscuous ? ", promiscuous" : "");
    else if (report->state == STATE_WAITING)
        log_warning("capture: %s: no such interface or down; waiting", report->interface);
    else
        log_warning("capture: %s is down or has no link: nothing can be captured there",
                    report->interface);
    if (wants_replacement(sources))
        loop_timer_set(sources->debounce, LINK_DEBOUNCE_MS);
}

/* What was told of interfaces holds as long as they are the same. */
static void take_interfaces(struct sources *sources, const struct plan *plan)
{
    size_t size = plan->interface_count * sizeof(sources->interfaces[0]);

    if (sources->interface_count != plan->interface_count ||
        memcmp(sources->interfaces, plan->interfaces, size) != 0) {
        memset(sources->told, 0, sizeof(sources->told));
        memset(sources->quiet, 0, sizeof(sources->quiet));
    }
    sources->interface_count = plan->interface_count;
    memcpy(sources->interfaces, plan->interfaces, size);
}

int sources_renew_plan(struct sources *sources, const struct plan *plan,
                       const struct mirror_choice *mirrors)
{
    const struct plan completed = surroundings_complete(&sources->surroundings, plan, mirrors);
    int sealed = plan_seal(&completed);
    if (sealed < 0)
        return sealed;
    supervisor_replan(&sources->sniffer, sealed);
    return 0;
}

int sources_start_sniffer(struct sources *sources, const struct plan *plan,
                          const struct mirror_choice *mirrors)
{
    const struct plan completed = surroundings_complete(&sources->surroundings, plan, mirrors);
    int sealed = plan_seal(&completed);
    if (sealed < 0)
        return sealed;
    sources->low_latency = plan->latency == LATENCY_LOW;
    take_interfaces(sources, plan);
    link_monitor_watch(sources->links, sources->interfaces, sources->interface_count);
    supervisor_use(&sources->sniffer, sealed, sources->interfaces, sources->interface_count);
    return 0;
}

static void on_settled(void *context)
{
    struct sources *sources = context;
    uint64_t now_ns = clock_now().boot_ns;
    uint64_t next_ns = sources->renewed_ns + TOPOLOGY_RENEWAL_MS * NS_PER_MS;

    sources->settles = sources->renewed_ns && now_ns < next_ns;
    if (sources->settles) {
        loop_timer_set(sources->settling, (next_ns - now_ns) / NS_PER_MS + 1);
        return;
    }
    if (sources->sniffer.plan < 0 || !surroundings_have_changed(&sources->surroundings))
        return;
    sources->renewed_ns = now_ns;
    log_info("this machine's interfaces or addresses have changed: starting a new sniffer that "
             "knows them");
    supervisor_renew(&sources->sniffer, "interfaces or addresses have changed meanwhile");
}

static void on_links_changed(void *context)
{
    struct sources *sources = context;
    if (!sources->settles)
        loop_timer_set(sources->settling, TOPOLOGY_DEBOUNCE_MS);
    sources->settles = true;
}

/* ---- the registry ---- */

static void registry_restarting(void *context)
{
    (void)context; /* its plan is the configuration's alone */
}

static void registry_starting(void *context, struct source_start *start)
{
    struct sources *sources = context;

    list_cache_files_open(&sources->kept);
    start->extra = sources->kept.fds;
    start->extra_count = sources->kept.count;
    start->extra_first = REGISTRY_LIST_CACHE_FD;
    start->proxy = true;
}

static void registry_started(void *context, const struct source_start *start)
{
    struct sources *sources = context;

    (void)start;
    list_cache_files_close(&sources->kept);
}

static void registry_interface_changed(void *context, struct process *process, size_t index)
{
    (void)context, (void)process, (void)index; /* it has none */
}

static void on_watched(void *context, const char *path)
{
    struct sources *sources = context;

    log_info("%s has changed: starting a new registry process that reads it", path);
    supervisor_renew(&sources->registry, "a file that it has read has changed");
}

/* What the registry process reads before its sandbox, and cannot read again. */
static void watch_files(struct sources *sources, const struct registry_plan *plan)
{
    const char *paths[FILE_MONITOR_MAX] = {SYSTEM_RESOLV_CONF, SYSTEM_HOSTS,
                                           system_certificates_path()};
    size_t count = 3;

    for (size_t i = 0; i < plan->whitelist_count && count < FILE_MONITOR_MAX; i++) {
        if (plan->whitelists[i].ca[0] != '\0')
            paths[count++] = plan->whitelists[i].ca;
    }
    file_monitor_set(sources->files, paths, count);
}

int sources_start_registry(struct sources *sources, const struct registry_plan *plan)
{
    int sealed;

    if (!registry_plan_is_needed(plan)) {
        supervisor_stop(&sources->registry, "nothing is left to fetch or resolve");
        file_monitor_set(sources->files, NULL, 0);
        return 0;
    }
    sealed = registry_plan_seal(plan);
    if (sealed < 0)
        return sealed;
    list_cache_files_use(&sources->kept, plan);
    watch_files(sources, plan);
    supervisor_use(&sources->registry, sealed, NULL, 0);
    return 0;
}

/* ---- both ---- */

static int open_sniffer(struct sources *sources, const char *libexec)
{
    const struct supervisor_hooks hooks = {
        .sources = &sources->hooks,
        .restarting = sniffer_restarting,
        .starting = sniffer_starting,
        .started = sniffer_started,
        .interface_changed = on_interface_changed,
        .context = sources,
    };
    const struct link_monitor_hooks link_monitor_hooks = {
        .up = on_link_up,
        .changed = on_links_changed,
        .context = sources,
    };
    int result = supervisor_open(&sources->sniffer, &sniffer_kind, sources->loop, libexec, &hooks);

    if (result)
        return result;
    sources->debounce = loop_timer(sources->loop, on_debounce, sources);
    sources->settling = loop_timer(sources->loop, on_settled, sources);
    if (!sources->debounce || !sources->settling)
        return -ENOMEM;
    return link_monitor_open(sources->loop, &link_monitor_hooks, &sources->links);
}

static int open_registry(struct sources *sources, const char *libexec)
{
    const struct supervisor_hooks hooks = {
        .sources = &sources->hooks,
        .restarting = registry_restarting,
        .starting = registry_starting,
        .started = registry_started,
        .interface_changed = registry_interface_changed,
        .context = sources,
    };
    int result =
        supervisor_open(&sources->registry, &registry_kind, sources->loop, libexec, &hooks);

    return result ? result : file_monitor_new(sources->loop, on_watched, sources, &sources->files);
}

int sources_new(struct loop *loop, const struct sources_options *options,
                const struct sources_hooks *hooks, struct sources **out)
{
    struct sources *sources = calloc(1, sizeof(*sources));
    int result;

    if (!sources)
        return -ENOMEM;
    sources->loop = loop;
    sources->hooks = *hooks;
    result = list_cache_files_init(&sources->kept, options->state);
    if (result == 0)
        result = open_sniffer(sources, options->libexec);
    if (result == 0)
        result = open_registry(sources, options->libexec);
    if (result) {
        sources_free(sources);
        return result;
    }
    *out = sources;
    return 0;
}

void sources_free(struct sources *sources)
{
    if (!sources)
        return;
    supervisor_close(&sources->sniffer);
    supervisor_close(&sources->registry);
    link_monitor_close(sources->links);
    file_monitor_free(sources->files);
    loop_unwatch(sources->debounce);
    loop_unwatch(sources->settling);
    surroundings_close(&sources->surroundings);
    free(sources);
}

void sources_pulse(struct sources *sources)
{
    supervisor_pulse(&sources->sniffer);
    supervisor_pulse(&sources->registry);
}

bool sources_follow(const struct sources *sources)
{
    return supervisor_follows(&sources->sniffer) && supervisor_follows(&sources->registry);
}

bool sources_are_hopeless(const struct sources *sources)
{
    return supervisor_is_hopeless(&sources->sniffer) || supervisor_is_hopeless(&sources->registry);
}

void sources_reap(struct sources *sources)
{
    supervisor_reap(&sources->sniffer);
    supervisor_reap(&sources->registry);
}

/* The registry counts while there is something for it to do. */
size_t sources_count(const struct sources *sources)
{
    return sources->registry.plan >= 0 ? 2 : 1;
}

struct source_status sources_status(const struct sources *sources, size_t index)
{
    struct source_status status;

    supervisor_status(index == 0 ? &sources->sniffer : &sources->registry, &status);
    status.quiet = index == 0 ? sources->quiet : NULL;
    if (index == 0) {
        status.ports = sources->surroundings.ports;
        status.port_count = sources->surroundings.port_count;
    }
    return status;
}
