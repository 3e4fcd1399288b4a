/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the pipeline says: answers leave at once, questions make ready, names move the filter.
 */
#include "sniffer/live/live_state.h"

#include "base/log.h"

#include <string.h>

void live_tell(struct live *live, const struct message *message)
{
    switch (outbox_put(live->outbox, message, live->now.boot_ns)) {
    case OUTBOX_TAKEN:
        return;
    case OUTBOX_SUPPRESSED:
        live->own.value[COUNTER_REPORTS_SUPPRESSED]++;
        return;
    case OUTBOX_LOST:
        /* States and counters come again the next second. */
        if (message->kind == MESSAGE_ANSWER)
            live->own.value[COUNTER_ANSWERS_LOST]++;
        return;
    }
}

static void on_pipeline_report(void *context, const struct message *message)
{
    live_tell(context, message);
}

static void on_pipeline_asked(void *context, const struct address *client,
                              const struct dname *question)
{
    struct live *live = context;
    struct message message = {.kind = MESSAGE_ASKED};

    switch (anticipation_asked(live->anticipation, client, live->now.boot_ns)) {
    case ANTICIPATION_HOLDS:
        cpu_latency_set(&live->cpu_latency, true);
        message.asked.question = *question; /* the daemon gets ready as well */
        outbox_hint(live->outbox, &message);
        live->expected = *question;
        live->own.value[COUNTER_ANTICIPATIONS]++;
        return;
    case ANTICIPATION_REFUSED:
        live->own.value[COUNTER_ANTICIPATIONS_REFUSED]++;
        return;
    case ANTICIPATION_PAUSED:
        return;
    }
}

static void on_pipeline_answered(void *context)
{
    struct live *live = context;

    live->expected.length = 0;
    anticipation_answered(live->anticipation, live->now.boot_ns);
}

/* ---- what the kernel lets through ---- */

static void refilter(struct live *live)
{
    struct dname names[SCOPE_NAMES_MAX];

    kernelfilter_set_extra(live->filter, names, scope_names(&live->scope, names));
    kernelfilter_widen(live->filter, live->scope.wide);
    for (size_t i = 0; i < PLAN_INTERFACES_MAX; i++) {
        int result = live->captures[i] ? capture_filter(live->captures[i], live->filter) : 0;

        if (result < 0)
            log_error("capturing on %s: keeping the previous filter: %s",
                      live->plan->interfaces[i].name, strerror(-result));
    }
}

static void on_pipeline_ended(void *context)
{
    struct live *live = context;

    scope_ended(&live->scope);
}

static void on_derived(void *context, const struct derived_name *name)
{
    struct live *live = context;

    if (scope_derived(&live->scope, name, live->now.boot_ns))
        refilter(live);
}

uint64_t live_frames_of_second(const struct live *live)
{
    return pipeline_counters(live->pipeline)->value[COUNTER_FRAMES] - live->frames_before;
}

void live_follow_on(struct live *live)
{
    uint64_t frames = live_frames_of_second(live);

    if (scope_second(&live->scope, frames, live->now.boot_ns))
        refilter(live);
    live->frames_before += frames;
}

struct pipeline_hooks live_hooks(struct live *live)
{
    struct pipeline_hooks hooks = {.report = on_pipeline_report,
                                   .ended = on_pipeline_ended,
                                   .derived = on_derived,
                                   .context = live};

    if (live->anticipation) {
        hooks.asked = on_pipeline_asked;
        hooks.answered = on_pipeline_answered;
    }
    return hooks;
}
