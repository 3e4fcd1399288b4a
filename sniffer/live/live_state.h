/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of live.h share: the loop (live.c), opening (live_open.c), what the pipeline
 * says (live_hooks.c) and what is reported each second (live_report.c).
 */
#ifndef WILDSET_SNIFFER_LIVE_LIVE_STATE_H
#define WILDSET_SNIFFER_LIVE_LIVE_STATE_H

#include "base/clock.h"
#include "sniffer/filter/scope.h"
#include "sniffer/live/anticipation.h"
#include "sniffer/live/capture.h"
#include "sniffer/live/cpu_latency.h"
#include "sniffer/live/encrypted.h"
#include "sniffer/live/live.h"
#include "sniffer/pipeline/pipeline.h"
#include "source/outbox.h"

#include <poll.h>

enum {
    POLLED_CHANNEL,
    POLLED_CATCH_UP,
    POLLED_RINGS, /* the first of them */
    POLLED_MAX = POLLED_RINGS + PLAN_INTERFACES_MAX * CAPTURE_RINGS_MAX
};

struct live {
    const struct plan *plan;
    int channel;
    struct kernelfilter *filter;
    struct scope scope;
    struct pipeline *pipeline;
    struct outbox *outbox;
    struct anticipation *anticipation; /* NULL: latency = "normal" */
    bool may_look; /* for an answer without sleeping: there is another CPU for all others */
    struct cpu_latency cpu_latency;
    struct dname expected; /* the answer to this question warms up next; empty: none is */
    struct capture *captures[PLAN_INTERFACES_MAX]; /* NULL: not there, or gone */
    struct encrypted encrypted[PLAN_INTERFACES_MAX];
    struct state_report states[PLAN_INTERFACES_MAX];
    struct pollfd polled[POLLED_MAX];
    uint16_t polled_interface[POLLED_MAX];
    uint8_t polled_ring[POLLED_MAX];
    unsigned polled_count;
    struct moment now;   /* of this turn */
    struct counters own; /* what the pipeline does not count */
    uint64_t learned;    /* as it was told last */
    uint64_t lost_said;
    uint64_t frames_before; /* a second ago */
    uint64_t next_tick_ns;
    uint64_t drained_ns; /* when draining ends; 0: not draining */
    bool one_direction;  /* as last said */
    bool caught_up;      /* and has yet to say so */
};

/* Sends, keeps or counts the message. */
void live_tell(struct live *live, const struct message *message);
/* What the pipeline calls; with anticipation where the plan wants low latency. */
struct pipeline_hooks live_hooks(struct live *live);
/* Frames since the last live_follow_on(). */
uint64_t live_frames_of_second(const struct live *live);
/* Narrows or widens what the kernel lets through by what the last second brought. */
void live_follow_on(struct live *live);

void live_say_state(struct live *live, const struct state_report *state);
/* A state of the sniffer itself, of no interface. */
void live_say_own_state(struct live *live, enum interface_state state);
void live_say_counters(struct live *live);
/* The interfaces, the counters, and troubles when they begin. */
void live_report(struct live *live);

#endif
