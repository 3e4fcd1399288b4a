/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of watch.h share: the loop (watch.c), opening (watch_open.c), what the pipeline
 * says (watch_hooks.c) and what is reported each second (watch_report.c).
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

enum { POLLED_MAX = 1 + PLAN_INTERFACES_MAX * CAPTURE_RINGS_MAX };

struct watch {
    const struct plan *plan;
    int channel;
    struct kernelfilter *filter;
    struct scope scope;
    struct pipeline *pipeline;
    struct outbox *outbox;
    struct anticipation *anticipation; /* NULL: latency = "normal" */
    bool may_look; /* for an answer without sleeping: there is another CPU for all others */
    struct cpu_latency cpu_latency;
    struct dname expected; /* the answer to this question is rehearsed next; empty: none is */
    struct capture *captures[PLAN_INTERFACES_MAX]; /* NULL: not there, or gone */
    struct encrypted encrypted[PLAN_INTERFACES_MAX];
    struct state_report states[PLAN_INTERFACES_MAX];
    struct pollfd polled[POLLED_MAX]; /* the channel, then the rings */
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
};

/* Sends, keeps or counts the message. */
void watch_tell(struct watch *watch, const struct message *message);
/* What the pipeline calls; with anticipation where the plan wants low latency. */
struct pipeline_hooks watch_hooks(struct watch *watch);
/* Frames since the last watch_follow_on(). */
uint64_t watch_frames_of_second(const struct watch *watch);
/* Narrows or widens what the kernel lets through by what the last second brought. */
void watch_follow_on(struct watch *watch);

void watch_say_state(struct watch *watch, const struct state_report *state);
/* A state of the sniffer itself, of no interface. */
void watch_say_own_state(struct watch *watch, enum interface_state state);
void watch_say_counters(struct watch *watch);
/* The interfaces, the counters, and troubles when they begin. */
void watch_report(struct watch *watch);

#endif
