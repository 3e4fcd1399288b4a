/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One timer: until the next may begin, or until its sources have had time enough to follow.
 */
#include "daemon/control/reloads.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    APART_MS = 1000,   /* each starts a sniffer, which drains when the next one comes */
    FOLLOW_MS = 12000, /* longer than a source may take to become ready */
};

struct reloads {
    struct reloads_hooks hooks;
    struct loop_watch *timer;
    bool wanted, under_way;
    uint64_t begun, ended;           /* numbers of the newest */
    uint64_t begun_ns;               /* CLOCK_BOOTTIME; 0: never */
    char problem[RELOADS_ERROR_MAX]; /* of the newest that has ended */
    char refusal[RELOADS_ERROR_MAX];
};

static void schedule(struct reloads *reloads)
{
    uint64_t now_ns = clock_now().boot_ns, due_ns = reloads->begun_ns + APART_MS * NS_PER_MS;
    bool at_once = reloads->begun_ns == 0 || due_ns <= now_ns;

    loop_timer_set(reloads->timer, at_once ? 0 : (due_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS);
}

static void end(struct reloads *reloads, const char *problem)
{
    snprintf(reloads->problem, sizeof(reloads->problem), "%s", problem);
    loop_timer_stop(reloads->timer);
    reloads->under_way = false;
    reloads->ended = reloads->begun;
    if (reloads->wanted)
        schedule(reloads);
    reloads->hooks.ended(reloads->hooks.context);
}

static void begin(struct reloads *reloads)
{
    char error[RELOADS_ERROR_MAX] = "";
    bool good;

    reloads->wanted = false;
    reloads->under_way = true;
    reloads->begun++;
    reloads->begun_ns = clock_now().boot_ns;
    good = reloads->hooks.begin(reloads->hooks.context, error);
    snprintf(reloads->refusal, sizeof(reloads->refusal), "%s", good ? "" : error);
    if (!good) {
        end(reloads, error);
        return;
    }
    loop_timer_set(reloads->timer, FOLLOW_MS);
    reloads_look(reloads);
}

static void on_timer(void *context)
{
    struct reloads *reloads = context;

    if (reloads->under_way)
        end(reloads, "the configuration is in force, but a source is not ready yet: "
                     "see `wildset status`");
    else if (reloads->wanted)
        begin(reloads);
}

int reloads_new(struct loop *loop, const struct reloads_hooks *hooks, struct reloads **out)
{
    struct reloads *reloads = calloc(1, sizeof(*reloads));

    if (!reloads)
        return -ENOMEM;
    reloads->hooks = *hooks;
    reloads->timer = loop_timer(loop, on_timer, reloads);
    if (!reloads->timer) {
        free(reloads);
        return -ENOMEM;
    }
    *out = reloads;
    return 0;
}

void reloads_free(struct reloads *reloads)
{
    if (!reloads)
        return;
    loop_unwatch(reloads->timer);
    free(reloads);
}

uint64_t reloads_ask(struct reloads *reloads)
{
    bool first = !reloads->wanted;

    reloads->wanted = true;
    if (first && !reloads->under_way)
        schedule(reloads);
    return reloads->begun + 1;
}

void reloads_look(struct reloads *reloads)
{
    if (reloads->under_way && reloads->hooks.follows(reloads->hooks.context))
        end(reloads, "");
}

bool reloads_are_under_way(const struct reloads *reloads)
{
    return reloads->under_way;
}

bool reloads_have_ended(const struct reloads *reloads, uint64_t number, const char **problem)
{
    *problem = reloads->problem;
    return reloads->ended >= number;
}

const char *reloads_refusal(const struct reloads *reloads)
{
    return reloads->refusal;
}
