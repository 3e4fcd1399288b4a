/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens what the plan names; an interface that is not there is reported and left out.
 */
#include "sniffer/live/live_state.h"

#include "base/log.h"
#include "source/descriptors.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static void note_polled(struct watch *watch, int fd, uint16_t interface, unsigned ring)
{
    watch->polled[watch->polled_count] = (struct pollfd){.fd = fd, .events = POLLIN};
    watch->polled_ring[watch->polled_count] = (uint8_t)ring;
    watch->polled_interface[watch->polled_count++] = interface;
}

/* Not there, or not up: that is reported and waited for.  Anything else deserves a word. */
static int open_failed(struct watch *watch, uint16_t index, int result, const char *error)
{
    struct state_report *state = &watch->states[index];

    *state = (struct state_report){.state = STATE_WAITING, .link_type = -1};
    memcpy(state->interface, watch->plan->interfaces[index].name, IFNAMSIZ);
    if (result == -ENODEV || result == -ENETDOWN)
        return 0;
    log_error("capturing on %s: %s", watch->plan->interfaces[index].name, error);
    if (result == -EPERM || result == -ENOMEM)
        return result;
    state->state = STATE_DOWN;
    return 0;
}

/* What the configuration asks for is in `wildset status`; what the kernel does not give is said. */
static void say_filter(const char *interface, const struct capture *capture)
{
    struct kernelfilter_outcome outcome = capture_filter_outcome(capture);

    if (outcome.error)
        log_warning("capturing on %s: the kernel refused a filter (%s) and passes more packets "
                    "than needed, which costs CPU time; see net.core.optmem_max",
                    interface, strerror(-outcome.error));
    if (outcome.reason == FILTER_REASON_LINK_TYPE)
        log_notice("capturing on %s: no kernel filter for its link type: every packet is inspected "
                   "in user space, which costs CPU time",
                   interface);
}

_Static_assert((int)SNIFFER_ENCRYPTED_FDS >= (int)PLAN_INTERFACES_MAX, "one for each interface");

/* Nothing that is learned depends on it. */
static void open_encrypted(struct watch *watch, uint16_t index)
{
    const char *name = watch->plan->interfaces[index].name;
    int result = encrypted_open(name, &watch->encrypted[index]);

    if (result < 0)
        log_notice("capturing on %s: encrypted DNS connections are not counted: %s", name,
                   strerror(-result));
}

static int open_interface(struct watch *watch, uint16_t index)
{
    const char *name = watch->plan->interfaces[index].name;
    char error[CAPTURE_ERROR_MAX];
    int fds[CAPTURE_RINGS_MAX];
    int result = capture_open(name, index, (unsigned)watch->plan->interface_count, watch->filter,
                              &watch->captures[index], error);

    if (result < 0)
        return open_failed(watch, index, result, error);
    say_filter(name, watch->captures[index]);
    for (unsigned i = 0; i < capture_descriptors(watch->captures[index], fds); i++)
        note_polled(watch, fds[i], index, i);
    open_encrypted(watch, index);
    return 0;
}

static int open_interfaces(struct watch *watch)
{
    for (size_t i = 0; i < watch->plan->interface_count; i++) {
        int result = open_interface(watch, (uint16_t)i);

        if (result < 0)
            return result;
    }
    return 0;
}

/* On a single CPU whoever looks without sleeping keeps the resolver from answering. */
static bool several_cpus(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1;
}

static int open_pipeline(struct watch *watch, int cpu_latency)
{
    struct pipeline_hooks hooks;

    if (watch->plan->latency == LATENCY_LOW) {
        watch->anticipation = anticipation_new();
        if (!watch->anticipation)
            return -ENOMEM;
        watch->cpu_latency = cpu_latency_open(cpu_latency);
        watch->may_look = several_cpus();
    }
    hooks = watch_hooks(watch);
    watch->outbox = outbox_new(watch->channel);
    watch->pipeline = pipeline_new(watch->plan, &hooks);
    watch->filter = kernelfilter_new(watch->plan);
    if (!watch->outbox || !watch->pipeline || !watch->filter)
        return -ENOMEM;
    watch->scope = scope_start(watch->plan->follow_whitelists != 0);
    for (size_t i = 0; i < watch->plan->derived_count; i++)
        scope_inherit(&watch->scope, &watch->plan->derived[i]);
    kernelfilter_widen(watch->filter, watch->scope.wide);
    return 0;
}

void watch_close(struct watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < PLAN_INTERFACES_MAX; i++) {
        capture_close(watch->captures[i]);
        encrypted_close(&watch->encrypted[i]);
    }
    kernelfilter_free(watch->filter);
    pipeline_free(watch->pipeline);
    outbox_free(watch->outbox);
    anticipation_free(watch->anticipation);
    free(watch);
}

int watch_open(const struct plan *plan, int channel, int cpu_latency, struct watch **out)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    int result;

    if (!watch)
        return -ENOMEM;
    watch->plan = plan;
    watch->channel = channel;
    for (size_t i = 0; i < PLAN_INTERFACES_MAX; i++)
        watch->encrypted[i].fd = -1;
    note_polled(watch, channel, 0, 0);
    result = open_pipeline(watch, cpu_latency);
    if (result == 0)
        result = open_interfaces(watch);
    if (result < 0) {
        watch_close(watch);
        return result;
    }
    *out = watch;
    return 0;
}
