/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens what the plan names; an interface that is not there is reported and left out.
 */
#include "sniffer/live/live_state.h"

#include "base/log.h"
#include "source/fds.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static void note_polled(struct live *live, int fd, uint16_t interface, unsigned ring)
{
    live->polled[live->polled_count] = (struct pollfd){.fd = fd, .events = POLLIN};
    live->polled_ring[live->polled_count] = (uint8_t)ring;
    live->polled_interface[live->polled_count++] = interface;
}

/* Not there, or not up: that is reported and waited for.  Anything else deserves a word. */
static int open_failed(struct live *live, uint16_t index, int result, const char *error)
{
    struct state_report *state = &live->states[index];

    *state = (struct state_report){.state = result == -ENODEV ? STATE_WAITING : STATE_DOWN,
                                   .link_type = -1};
    memcpy(state->interface, live->plan->interfaces[index].name, IFNAMSIZ);
    if (result == -ENODEV || result == -ENETDOWN)
        return 0;
    log_error("capturing on %s: %s", live->plan->interfaces[index].name, error);
    return result == -EPERM || result == -ENOMEM ? result : 0;
}

_Static_assert((int)SNIFFER_ENCRYPTED_FDS >= (int)PLAN_INTERFACES_MAX, "one for each interface");

static int open_interface(struct live *live, uint16_t index)
{
    const char *name = live->plan->interfaces[index].name;
    char error[CAPTURE_ERROR_MAX];
    int fds[CAPTURE_RINGS_MAX];
    struct kernelfilter_outcome filter;
    int result = capture_open(name, index, (unsigned)live->plan->interface_count, live->filter,
                              &live->captures[index], error);

    if (result < 0)
        return open_failed(live, index, result, error);
    /* What the plan asks for is in `wildset status`; what the kernel does not give is said. */
    filter = capture_filter_outcome(live->captures[index]);
    if (filter.error)
        log_warning("capturing on %s: the kernel refused a filter (%s) and passes more packets "
                    "than needed, which costs CPU time; see net.core.optmem_max",
                    name, strerror(-filter.error));
    if (filter.reason == FILTER_REASON_LINK_TYPE)
        log_notice("capturing on %s: no kernel filter for its link type: every packet is inspected "
                   "in user space, which costs CPU time",
                   name);
    if (capture_merges(live->captures[index]))
        pipeline_expect_merged(live->pipeline);
    for (unsigned i = 0; i < capture_descriptors(live->captures[index], fds); i++)
        note_polled(live, fds[i], index, i);
    result = encrypted_open(name, &live->encrypted[index]);
    if (result < 0) /* nothing that is learned depends on it */
        log_notice("capturing on %s: encrypted DNS connections are not counted: %s", name,
                   strerror(-result));
    return 0;
}

static int open_pipeline(struct live *live, int cpu_latency)
{
    struct pipeline_hooks hooks;
    cpu_set_t cpus;

    if (live->plan->latency == LATENCY_LOW) {
        live->anticipation = anticipation_new();
        if (!live->anticipation)
            return -ENOMEM;
        live->cpu_latency = cpu_latency_open(cpu_latency);
        /* On a single CPU whoever looks without sleeping keeps the resolver from answering. */
        live->may_look = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) > 1;
    }
    hooks = live_hooks(live);
    live->outbox = outbox_new(live->channel);
    live->pipeline = pipeline_new(live->plan, &hooks);
    live->filter = kernelfilter_new(live->plan);
    if (!live->outbox || !live->pipeline || !live->filter)
        return -ENOMEM;
    live->scope = scope_start(live->plan->follow_whitelists != 0);
    for (size_t i = 0; i < live->plan->derived_count; i++)
        scope_inherit(&live->scope, &live->plan->derived[i]);
    kernelfilter_widen(live->filter, live->scope.wide);
    return 0;
}

static void live_close(struct live *live)
{
    for (size_t i = 0; i < PLAN_INTERFACES_MAX; i++) {
        capture_close(live->captures[i]);
        encrypted_close(&live->encrypted[i]);
    }
    kernelfilter_free(live->filter);
    pipeline_free(live->pipeline);
    outbox_free(live->outbox);
    anticipation_free(live->anticipation);
    free(live);
}

int live_open(const struct plan *plan, int channel, int catch_up, int cpu_latency,
              struct live **out)
{
    struct live *live = calloc(1, sizeof(*live));
    int result;

    if (!live)
        return -ENOMEM;
    live->plan = plan;
    live->channel = channel;
    for (size_t i = 0; i < PLAN_INTERFACES_MAX; i++)
        live->encrypted[i].fd = -1;
    note_polled(live, channel, 0, 0);
    note_polled(live, catch_up, 0, 0);
    result = open_pipeline(live, cpu_latency);
    for (size_t i = 0; i < plan->interface_count && result == 0; i++)
        result = open_interface(live, (uint16_t)i);
    if (result < 0) {
        live_close(live);
        return result;
    }
    *out = live;
    return 0;
}
