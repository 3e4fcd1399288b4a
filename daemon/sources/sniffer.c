/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sniffer: its plan says what the kernel knows of interfaces and addresses, so that it is
 * replaced when these change, or when an interface came up that it cannot read.
 */
#include "daemon/sources/sniffer.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/config/trusted.h"
#include "daemon/sources/link_monitor.h"
#include "daemon/sources/quiet.h"
#include "daemon/sources/supervisor.h"
#include "daemon/sources/surroundings.h"
#include "setsync/setsync.h"

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

struct sniffer {
    struct supervisor *supervisor;
    struct link_monitor *links;
    struct loop_watch *debounce; /* timer */
    enum plan_latency latency;
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
};

/* The daemon opens it and closes its own copy again: the request ends with the sniffer that has it.
 */
static int open_cpu_latency(struct sniffer *sniffer)
{
    int fd;
    if (sniffer->latency != LATENCY_LOW)
        return -1;
    fd = open("/dev/cpu_dma_latency", O_RDWR | O_CLOEXEC);
    if (fd < 0 && !sniffer->latency_told) {
        log_notice("/dev/cpu_dma_latency: %s: after idle times addresses are allowed some 50 us "
                   "later; let group wildset write it (the package's udev rule does), or set "
                   "latency = \"normal\"",
                   strerror(errno));
        sniffer->latency_told = true;
    }
    return fd;
}

static void sniffer_lend(void *self, struct source_start *start)
{
    struct sniffer *sniffer = self;

    memset(sniffer->came_up, 0, sizeof(sniffer->came_up));
    memset(sniffer->retyped, 0, sizeof(sniffer->retyped));
    start->lent[SNIFFER_CPU_LATENCY_FD - SOURCE_LENT_FD] = open_cpu_latency(sniffer);
    start->catch_up_fd = SNIFFER_CATCH_UP_FD;
    start->lent_count = SNIFFER_CATCH_UP_FD - SOURCE_LENT_FD + 1;
    start->realtime = sniffer->latency != LATENCY_NORMAL;
    start->interfaces = sniffer->interfaces;
    start->interface_count = sniffer->interface_count;
}

static void sniffer_take_back(void *self, const struct source_start *start)
{
    (void)self;
    if (start->lent[SNIFFER_CPU_LATENCY_FD - SOURCE_LENT_FD] >= 0)
        close(start->lent[SNIFFER_CPU_LATENCY_FD - SOURCE_LENT_FD]);
}

/* An interface came up that was not usable when the newest process looked, or is read as what it
 * was.
 */
static bool wants_replacement(const struct sniffer *sniffer)
{
    const struct process *newest = supervisor_newest(sniffer->supervisor);
    if (!newest || newest->state == PROCESS_DOOMED)
        return false;
    for (size_t i = 0; i < newest->interface_count; i++) {
        uint8_t state = newest->interfaces[i].report.state;
        if (sniffer->came_up[i] && newest->interfaces[i].reported_ns > 0 &&
            (state == STATE_WAITING || state == STATE_DOWN || sniffer->retyped[i]))
            return true;
    }
    return false;
}

static void on_debounce(void *context)
{
    struct sniffer *sniffer = context;
    if (!wants_replacement(sniffer))
        return;
    log_info("an interface came up: starting a new sniffer that captures it too");
    supervisor_renew(sniffer->supervisor, "an interface came up meanwhile");
}

static void on_link_up(void *context, size_t index, bool retyped)
{
    struct sniffer *sniffer = context;

    sniffer->retyped[index] |= retyped;
    sniffer->came_up[index] = true;
    if (wants_replacement(sniffer))
        loop_timer_set(sniffer->debounce, LINK_DEBOUNCE_MS);
}

static void sniffer_interface_changed(void *self, const struct process *process, size_t index)
{
    const struct state_report *report = &process->interfaces[index].report;
    struct sniffer *sniffer = self;

    if (process == sniffer->supervisor->current)
        quiet_note(&sniffer->quiet[index], report->received, report->state == STATE_UP,
                   process->interfaces[index].reported_ns);
    if (process != supervisor_newest(sniffer->supervisor) || report->state == sniffer->told[index])
        return;
    sniffer->told[index] = report->state;
    if (report->state == STATE_UP)
        log_info("capture: %s is read%s", report->interface,
                 report->promiscuous ? ", promiscuous" : "");
    else if (report->state == STATE_WAITING)
        log_warning("capture: %s: no such interface; waiting", report->interface);
    else
        log_warning("capture: %s is down or has no link: nothing can be captured there",
                    report->interface);
    if (wants_replacement(sniffer))
        loop_timer_set(sniffer->debounce, LINK_DEBOUNCE_MS);
}

static void sniffer_on_settled(void *context)
{
    struct sniffer *sniffer = context;
    uint64_t now_ns = clock_now().boot_ns;
    uint64_t next_ns = sniffer->renewed_ns + TOPOLOGY_RENEWAL_MS * NS_PER_MS;

    sniffer->settles = sniffer->renewed_ns && now_ns < next_ns;
    if (sniffer->settles) {
        loop_timer_set(sniffer->settling, (next_ns - now_ns) / NS_PER_MS + 1);
        return;
    }
    if (sniffer->supervisor->plan < 0 || !surroundings_have_changed(&sniffer->surroundings))
        return;
    sniffer->renewed_ns = now_ns;
    log_info("this machine's interfaces or addresses have changed: starting a new sniffer that "
             "knows them");
    supervisor_renew(sniffer->supervisor, "interfaces or addresses have changed meanwhile");
}

static void on_links_changed(void *context)
{
    struct sniffer *sniffer = context;
    if (!sniffer->settles)
        loop_timer_set(sniffer->settling, TOPOLOGY_DEBOUNCE_MS);
    sniffer->settles = true;
}

static bool feeds_sets(const struct config *config)
{
    for (size_t i = 0; i < config->whitelist_count; i++)
        if (!set_name_is_none(&config->whitelists[i].set4) ||
            !set_name_is_none(&config->whitelists[i].set6))
            return true;
    return false;
}

/* No more than is of use: a packet that waits is not lost, and what only feeds files has time. */
static enum plan_latency latency_of(const struct source_knowledge *known)
{
    if (known->config->latency == LATENCY_NORMAL || !feeds_sets(known->config))
        return LATENCY_NORMAL;
    return known->packets_wait ? LATENCY_HELD : LATENCY_LOW;
}

static void sniffer_monitor(void *self, const struct source_knowledge *known, bool wanted)
{
    const struct config *config = known->config;
    size_t size = config->interface_count * sizeof(config->interfaces[0]);
    struct sniffer *sniffer = self;

    (void)wanted; /* always */
    sniffer->latency = latency_of(known);
    /* What was told of interfaces holds as long as they are the same. */
    if (sniffer->interface_count != config->interface_count ||
        memcmp(sniffer->interfaces, config->interfaces, size) != 0) {
        memset(sniffer->told, 0, sizeof(sniffer->told));
        memset(sniffer->quiet, 0, sizeof(sniffer->quiet));
    }
    sniffer->interface_count = config->interface_count;
    memcpy(sniffer->interfaces, config->interfaces, size);
    link_monitor_watch(sniffer->links, sniffer->interfaces, sniffer->interface_count);
}

/* The names that are known to follow from what the configuration says are in the plan, too. */
static int seal_plan(struct sniffer *sniffer, const struct source_knowledge *known,
                     struct derived_name derived[static DERIVED_MAX], int *memfd)
{
    const struct config *config = known->config;
    const struct mirror_choice mirrors = {
        .named = config->mirrors,
        .count = config->mirror_count,
        .detect = config->mirrors_auto,
    };
    struct moment now = clock_now();
    struct whitelist_pattern *patterns;
    struct plan plan, completed;
    int result = config_plan(config, &plan, &patterns);

    if (result)
        return result;
    plan.latency = latency_of(known);
    plan.resolvers = known->trusted->resolvers;
    plan.resolver_count = known->trusted->count;
    plan.derived = derived;
    plan.derived_count =
        setsync_derived(known->sync, config->whitelists, config->whitelist_count, &now, derived);
    completed = surroundings_complete(&sniffer->surroundings, &plan, &mirrors);
    result = *memfd = plan_seal(&completed);
    free(patterns);
    return result < 0 ? result : 0;
}

static int sniffer_plan(void *self, const struct source_knowledge *known, int *memfd)
{
    struct derived_name *derived = calloc(DERIVED_MAX, sizeof(*derived));
    int result = derived ? seal_plan(self, known, derived, memfd) : -ENOMEM;

    free(derived);
    return result;
}

static int sniffer_open(struct supervisor *supervisor, const struct sources_options *options,
                        void **self)
{
    struct sniffer *sniffer = *self = calloc(1, sizeof(*sniffer));

    (void)options;
    if (!sniffer)
        return -ENOMEM;

    const struct link_monitor_hooks hooks = {
        .up = on_link_up,
        .changed = on_links_changed,
        .context = sniffer,
    };

    sniffer->supervisor = supervisor;
    sniffer->debounce = loop_timer(supervisor->loop, on_debounce, sniffer);
    sniffer->settling = loop_timer(supervisor->loop, sniffer_on_settled, sniffer);
    if (!sniffer->debounce || !sniffer->settling)
        return -ENOMEM;
    return link_monitor_open(supervisor->loop, &hooks, &sniffer->links);
}

static void sniffer_close(void *self)
{
    struct sniffer *sniffer = self;

    link_monitor_close(sniffer->links);
    loop_unwatch(sniffer->debounce);
    loop_unwatch(sniffer->settling);
    surroundings_close(&sniffer->surroundings);
    free(sniffer);
}

static void sniffer_status(const void *self, const struct supervisor *supervisor,
                           struct source_status *out)
{
    const struct process *process = supervisor_shown(supervisor);
    const struct sniffer *sniffer = self;

    out->counters = &supervisor->total;
    out->quiet = sniffer->quiet;
    out->ports = sniffer->surroundings.ports;
    out->port_count = sniffer->surroundings.port_count;
    if (!process)
        return;
    out->interfaces = process->interfaces;
    out->interface_count = process->interface_count;
}

const struct source_row sniffer_row = {
    .source = SOURCE_SNIFFER,
    .net_raw = true,
    .overlaps = true,
    .open = sniffer_open,
    .close = sniffer_close,
    .plan = sniffer_plan,
    .monitor = sniffer_monitor,
    .lend = sniffer_lend,
    .take_back = sniffer_take_back,
    .interface_changed = sniffer_interface_changed,
    .status = sniffer_status,
};
