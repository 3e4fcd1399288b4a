/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened to addresses, as log lines: one a fact, after the kernel has it.  All of it can be
 * caused by strangers on the wire, so each kind has a bucket of lines, and what does not fit is
 * counted and told as a number.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_JOURNAL_H
#define WILDSET_DAEMON_OUTPUTS_JOURNAL_H

#include "daemon/outputs/output.h"
#include "setsync/policy/event.h"

#include <stdint.h>

struct journal_limit {
    uint64_t full_ns; /* when the bucket is full again */
    uint64_t untold;
};

struct journal {
    struct journal_limit limits[EVENT_COUNT];
    int fd;        /* to systemd's journal; -1: plain lines on stderr */
    uint64_t lost; /* entries that it did not take, not told yet */
};

void journal_close(struct journal *journal);
/* Levels are those of runtime/log.h: grants and ends are info, extensions and refusals debug. */
/* `self` is a struct journal, as the row passes it. */
void journal_event(void *self, const struct event *event, uint64_t boot_ns);
/* Each second: how many were left out since the last time. */
void journal_pulse(void *self);

extern const struct output journal_output;

enum { JOURNAL_LINE_MAX = 3072 };
/* The line alone, for the tests.  Returns `out`. */
const char *journal_line(const struct event *event, char out[static JOURNAL_LINE_MAX]);

#endif
