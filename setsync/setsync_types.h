/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the face of setsync and its inside both speak of: options, the state of a set, statistics.
 */
#ifndef WILDSET_SETSYNC_SETSYNC_TYPES_H
#define WILDSET_SETSYNC_SETSYNC_TYPES_H

#include "setsync/policy/event.h"
#include "setsync/policy/whitelist.h"
#include "source/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct setsync;
struct nftset_ops;

typedef void setsync_event(void *context, const struct event *event);

struct setsync_options {
    const struct whitelist *whitelists; /* borrowed until setsync_reload or setsync_free */
    size_t whitelist_count;
    const struct nftset_ops *kernel; /* nftset_kernel(); NULL: replay, leases only */
    setsync_event *event;
    void *context;
    const char *state; /* a file of setsync_save's whose leases are taken over; NULL: none */
};

enum set_state {
    SET_READY,
    SET_MISSING, /* and create = false, or making it failed: see problem */
    SET_WRONG,   /* type or flags: see problem */
    SET_STATE_COUNT,
};
const char *set_state_name(enum set_state state);

enum { SET_PROBLEM_MAX = 256, LATENCY_BUCKETS = 16 };

struct setsync_statistics {
    uint64_t sightings; /* ANSWER sightings judged */
    uint64_t granted, extended, expired, evicted, forgotten;
    uint64_t refused[REASON_COUNT];
    uint64_t transactions, transactions_failed;
    uint64_t elements_written;
    uint64_t sets_made;    /* in wildset's own table, where they were missing; or anew, by others */
    bool updates_in_place; /* the kernel refreshes with one message (6.12 and later) */
    bool updates_probed;
    /* Packet's time stamp to the kernel's ack, microseconds: bucket N counts below 10 * 2^N us, the
     * last one the rest; only sightings whose time is plausible (0..60 s ago). */
    uint64_t latency_us[LATENCY_BUCKETS];
    uint64_t latency_count;
    uint64_t latency_sum_us;
};

#endif
