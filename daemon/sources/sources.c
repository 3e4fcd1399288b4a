/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All sources alike, by the rows of table.c; none is named here.
 */
#include "daemon/sources/sources.h"

#include "daemon/sources/row.h"
#include "daemon/sources/supervisor.h"
#include "daemon/sources/topology.h"
#include "source/kind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sources {
    struct sources_hooks hooks;
    struct supervisor supervisors[SOURCES_MAX]; /* in the order of the rows */
    size_t count;
};

int sources_new(struct loop *loop, const struct sources_options *options,
                const struct sources_hooks *hooks, struct sources **out)
{
    struct sources *sources = calloc(1, sizeof(*sources));
    const struct source_row *row;
    int result = 0;

    if (!sources)
        return -ENOMEM;
    sources->hooks = *hooks;
    while (result == 0 && (row = source_row(sources->count)))
        result = supervisor_open(&sources->supervisors[sources->count++], row, loop, options,
                                 &sources->hooks);
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
    for (size_t i = 0; i < sources->count; i++)
        supervisor_close(&sources->supervisors[i]);
    free(sources);
}

static bool overhears(const struct supervisor *supervisor)
{
    return !source_kind(supervisor->row->source)->vouches;
}

/* All plans are made before one is used. */
static int make_plans(struct sources *sources, const struct source_knowledge *known,
                      enum sources_which which, int plans[static SOURCES_MAX])
{
    for (size_t i = 0; i < sources->count; i++) {
        struct supervisor *supervisor = &sources->supervisors[i];
        int result = 0;

        if (which == SOURCES_ALL || overhears(supervisor))
            result = supervisor->row->plan(supervisor->self, known, &plans[i]);
        if (result == 0)
            continue;
        while (i-- > 0)
            if (plans[i] >= 0)
                close(plans[i]);
        return result;
    }
    return 0;
}

int sources_use(struct sources *sources, const struct source_knowledge *known,
                enum sources_which which)
{
    int plans[SOURCES_MAX];
    int result;

    for (size_t i = 0; i < SOURCES_MAX; i++)
        plans[i] = -1;
    result = make_plans(sources, known, which, plans);
    for (size_t i = 0; result == 0 && i < sources->count; i++)
        if (which == SOURCES_ALL || overhears(&sources->supervisors[i]))
            supervisor_use(&sources->supervisors[i], known, plans[i]);
    return result;
}

int sources_renew_plan(struct sources *sources, enum source source,
                       const struct source_knowledge *known)
{
    for (size_t i = 0; i < sources->count; i++) {
        struct supervisor *supervisor = &sources->supervisors[i];
        int plan, result;

        if (supervisor->row->source != source)
            continue;
        result = supervisor->row->plan(supervisor->self, known, &plan);
        if (result)
            return result;
        supervisor_replan(supervisor, plan);
    }
    return 0;
}

void sources_pulse(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        supervisor_pulse(&sources->supervisors[i]);
}

bool sources_follow(const struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        if (!supervisor_follows(&sources->supervisors[i]))
            return false;
    return true;
}

const char *sources_awaited(const struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        const struct supervisor *supervisor = &sources->supervisors[i];

        if (supervisor->plan >= 0 && overhears(supervisor) && !supervisor_is_ready(supervisor))
            return source_name(supervisor->row->source);
    }
    return NULL;
}

bool sources_are_hopeless(const struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        if (supervisor_is_hopeless(&sources->supervisors[i]))
            return true;
    return false;
}

pid_t sources_catch_up(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        struct process *process = sources->supervisors[i].current;

        if (!process || process->catch_up < 0 || process->state != PROCESS_RUNNING)
            continue;
        return process_catch_up(process) ? process->pid : -EBUSY;
    }
    return 0;
}

bool sources_is_catching_up(const struct sources *sources, pid_t pid)
{
    for (size_t i = 0; i < sources->count; i++) {
        const struct supervisor *supervisor = &sources->supervisors[i];

        for (size_t j = 0; j < supervisor->process_count; j++) {
            const struct process *process = supervisor->processes[j];

            if (process->pid == pid)
                return process->catching_up && process->state != PROCESS_DOOMED;
        }
    }
    return false;
}

bool sources_is_mirror(const struct sources *sources, const char interface[static IFNAMSIZ])
{
    struct source_status status;

    for (size_t i = 0; sources_status(sources, i, &status); i++)
        for (size_t j = 0; j < status.port_count; j++)
            if (strncmp(status.ports[j].name, interface, IFNAMSIZ) == 0)
                return mirror_is_taken((enum mirror_verdict)status.ports[j].verdict);
    return false;
}

void sources_reap(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        supervisor_reap(&sources->supervisors[i]);
}

bool sources_status(const struct sources *sources, size_t index, struct source_status *out)
{
    for (size_t i = 0; i < sources->count; i++) {
        if (sources->supervisors[i].plan < 0 || index-- > 0)
            continue;
        supervisor_status(&sources->supervisors[i], out);
        return true;
    }
    return false;
}
