/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the pipeline says: answers leave at once, questions make ready, names move the filter.
 */
#include "sniffer/live/live_state.h"

#include "base/log.h"

#include <string.h>

void watch_tell(struct watch *watch, const struct message *message)
{
    switch (outbox_put(watch->outbox, message, watch->now.boot_ns)) {
    case OUTBOX_TAKEN:
        return;
    case OUTBOX_SUPPRESSED:
        watch->own.value[COUNTER_REPORTS_SUPPRESSED]++;
        return;
    case OUTBOX_LOST:
        /* States and counters come again the next second. */
        if (message->kind == MESSAGE_ANSWER)
            watch->own.value[COUNTER_ANSWERS_LOST]++;
        return;
    }
}

static void on_report(void *context, const struct message *message)
{
    watch_tell(context, message);
}

/* The daemon gets ready as well. */
static void tell_asked(struct watch *watch, const struct dname *question)
{
    struct message message = {.kind = MESSAGE_ASKED};

    message.asked.question = *question;
    outbox_hint(watch->outbox, &message);
}

static void on_asked(void *context, const struct address *client, const struct dname *question)
{
    struct watch *watch = context;

    switch (anticipation_asked(watch->anticipation, client, watch->now.boot_ns)) {
    case ANTICIPATION_HOLDS:
        cpu_latency_set(&watch->cpu_latency, true);
        tell_asked(watch, question);
        watch->expected = *question;
        watch->own.value[COUNTER_ANTICIPATIONS]++;
        return;
    case ANTICIPATION_REFUSED:
        watch->own.value[COUNTER_ANTICIPATIONS_REFUSED]++;
        return;
    case ANTICIPATION_PAUSED:
        return;
    }
}

static void on_answered(void *context)
{
    struct watch *watch = context;

    watch->expected.length = 0;
    anticipation_answered(watch->anticipation, watch->now.boot_ns);
}

/* ---- what the kernel lets through ---- */

static void refilter(struct watch *watch)
{
    struct dname names[SCOPE_NAMES_MAX];

    kernelfilter_set_extra(watch->filter, names, scope_names(&watch->scope, names));
    kernelfilter_widen(watch->filter, watch->scope.wide);
    for (size_t i = 0; i < PLAN_INTERFACES_MAX; i++) {
        int result = watch->captures[i] ? capture_filter(watch->captures[i], watch->filter) : 0;

        if (result < 0)
            log_error("capturing on %s: keeping the previous filter: %s",
                      watch->plan->interfaces[i].name, strerror(-result));
    }
}

static void on_ended(void *context)
{
    struct watch *watch = context;

    scope_ended(&watch->scope);
}

static void on_derived(void *context, const struct derived_name *name)
{
    struct watch *watch = context;

    if (scope_derived(&watch->scope, name, watch->now.boot_ns))
        refilter(watch);
}

uint64_t watch_frames_of_second(const struct watch *watch)
{
    return pipeline_counters(watch->pipeline)->value[COUNTER_FRAMES] - watch->frames_before;
}

void watch_follow_on(struct watch *watch)
{
    uint64_t frames = watch_frames_of_second(watch);

    if (scope_second(&watch->scope, frames, watch->now.boot_ns))
        refilter(watch);
    watch->frames_before += frames;
}

struct pipeline_hooks watch_hooks(struct watch *watch)
{
    struct pipeline_hooks hooks = {
        .report = on_report, .ended = on_ended, .derived = on_derived, .context = watch};

    if (watch->anticipation) {
        hooks.asked = on_asked;
        hooks.answered = on_answered;
    }
    return hooks;
}
