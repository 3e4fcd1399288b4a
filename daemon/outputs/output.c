/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All outputs at once.
 */
#include "daemon/outputs/output.h"

#include <errno.h>
#include <stdlib.h>

struct outputs {
    size_t count;
    struct opened {
        const struct output *row;
        void *self; /* NULL: it has nothing to do here */
    } opened[];
};

int outputs_open(const struct output *const *rows, const struct output_setting *setting,
                 struct outputs **out, const char **what)
{
    size_t count = 0;

    while (rows[count])
        count++;
    struct outputs *outputs = calloc(1, sizeof(*outputs) + count * sizeof(outputs->opened[0]));
    *what = "memory";
    if (!outputs)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct opened *next = &outputs->opened[i];

        next->row = rows[i];
        *what = next->row->name;
        int result = next->row->open(setting, &next->self, what);
        if (result) {
            outputs_close(outputs);
            return result;
        }
        outputs->count++;
    }
    *out = outputs;
    return 0;
}

void outputs_close(struct outputs *outputs)
{
    while (outputs && outputs->count > 0) {
        const struct opened *last = &outputs->opened[--outputs->count];
        last->row->close(last->self);
    }
    free(outputs);
}

/* For each output that is at work and has this function: `one` is its place in the list. */
#define FOR_EACH(outputs, one, function)                                                           \
    for (const struct opened *one = (outputs) ? (outputs)->opened : NULL;                          \
         (outputs) && one < (outputs)->opened + (outputs)->count; one++)                           \
        if (one->self && one->row->function)

void outputs_configure(struct outputs *outputs, const struct config *config,
                       const struct moment *now)
{
    FOR_EACH(outputs, one, configure)
    one->row->configure(one->self, config, now);
}

void outputs_event(struct outputs *outputs, const struct event *event, uint64_t boot_ns)
{
    FOR_EACH(outputs, one, event)
    one->row->event(one->self, event, boot_ns);
}

void outputs_pulse(struct outputs *outputs)
{
    FOR_EACH(outputs, one, pulse)
    one->row->pulse(one->self);
}

void outputs_clock_changed(struct outputs *outputs)
{
    FOR_EACH(outputs, one, clock_changed)
    one->row->clock_changed(one->self);
}

void outputs_child_ended(struct outputs *outputs)
{
    FOR_EACH(outputs, one, child_ended)
    one->row->child_ended(one->self);
}

void outputs_reload_ended(struct outputs *outputs)
{
    FOR_EACH(outputs, one, reload_ended)
    one->row->reload_ended(one->self);
}

void outputs_status(const struct outputs *outputs, json_t *status)
{
    FOR_EACH(outputs, one, status)
    one->row->status(one->self, status);
}
