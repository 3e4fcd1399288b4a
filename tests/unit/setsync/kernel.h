/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One whitelist and setsync against the kernel that runs here, driven as the daemon does it.
 */
#ifndef WILDSET_TESTS_SETSYNC_KERNEL_H
#define WILDSET_TESTS_SETSYNC_KERNEL_H

#include "tests/unit/setsync/fixture.h"

#include <poll.h>
#include <time.h>

static const char *const patterns_lookback[] = {"dormammu.lookback.io", "*.dormammu.lookback.io",
                                                NULL};

struct state {
    struct pattern patterns[8];
    struct whitelist whitelist;
    struct record record;
    const struct nftset_ops *kernel;
    struct setsync *sync;
};

static inline void pass_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static inline void start(struct state *state)
{
    struct moment now = clock_now();
    state->sync = setsync_of(&state->whitelist, 1, state->kernel, &state->record, &now);
}

static inline int set_up(void **context)
{
    struct state *state = calloc(1, sizeof(*state));
    *context = state;
    state->kernel = nftset_kernel();
    state->whitelist = whitelist_of("lookback", state->patterns, patterns_lookback);
    nft("flush ruleset");
    return 0;
}

static inline int tear_down(void **context)
{
    struct state *state = *context;
    setsync_free(state->sync);
    free(state);
    return 0;
}

static inline void learn(struct state *state, const struct sighting *sighting)
{
    struct moment now = clock_now();
    setsync_learn(state->sync, SOURCE_SNIFFER, sighting, 1, &now);
}

static inline void learn_one(struct state *state, const char *name, const char *address,
                             uint32_t ttl)
{
    struct sighting sighting = sighting_of(name);
    see(&sighting, address, ttl);
    learn(state, &sighting);
}

static inline void run(struct state *state)
{
    struct moment now = clock_now();
    setsync_run(state->sync, &now);
}

/* As the daemon's loop does it, for a while. */
static inline void serve_ms(struct state *state, uint64_t ms)
{
    const uint64_t end_ns = clock_now().boot_ns + ms * NS_PER_MS;
    for (;;) {
        struct moment now = clock_now();
        if (now.boot_ns >= end_ns)
            return;
        uint64_t due_ns = setsync_due(state->sync);
        if (due_ns > end_ns)
            due_ns = end_ns;
        uint64_t wait_ns = due_ns > now.boot_ns ? due_ns - now.boot_ns : 0;
        struct pollfd poll_fd = {.fd = setsync_event_fd(state->sync), .events = POLLIN};
        poll(&poll_fd, 1, (int)((wait_ns + NS_PER_MS - 1) / NS_PER_MS));
        now = clock_now();
        if ((poll_fd.revents & (POLLIN | POLLERR)) != 0)
            setsync_notified(state->sync, &now);
        if (setsync_due(state->sync) <= now.boot_ns)
            setsync_run(state->sync, &now);
    }
}

static inline void stop(struct state *state)
{
    setsync_free(state->sync);
    state->sync = NULL;
}

/* The first set, as an administrator would write it. */
static inline void use_set4(struct state *state, const char *name)
{
    if (!set_name_from_text(name, &state->whitelist.set4))
        fail_msg("no set: %s", name);
}

#endif
