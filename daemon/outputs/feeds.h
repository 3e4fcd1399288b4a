/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed of each whitelist that has one, and its file.  A change is written at most once a
 * second, by a child, so that no answer waits for a disk.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_FEEDS_H
#define WILDSET_DAEMON_OUTPUTS_FEEDS_H

#include <stddef.h>
#include <stdint.h>

struct config;
struct event;
struct feeds;
struct loop;
struct moment;
struct setsync;

/* All but feeds_new do nothing for NULL.  0 or -ENOMEM; `sync` is borrowed, `state` (or NULL) is
 * the one file that no feed may replace. */
int feeds_new(struct loop *loop, const struct setsync *sync, const char *state, struct feeds **out);
/* Writes what was not written yet, and waits for it. */
void feeds_free(struct feeds *feeds);
/*
 * At start and after a reload: the feeds of this configuration, with the leases as they are.  A
 * file that no whitelist names any more is emptied: whoever goes on fetching it must not allow for
 * ever what was in it last.
 */
void feeds_configure(struct feeds *feeds, const struct config *config, const struct moment *now);
void feeds_event(struct feeds *feeds, const struct event *event, uint64_t boot_ns);
/* A child has ended; perhaps one of ours. */
void feeds_reap(struct feeds *feeds);

struct feed_status {
    const char *whitelist, *path;
    size_t addresses;
    uint64_t written_real_ns; /* when the file was found to be right last; 0: not yet */
    int error;                /* of the last attempt: 0 or -errno */
};
size_t feeds_count(const struct feeds *feeds);
struct feed_status feeds_status(const struct feeds *feeds, size_t index);

#endif
