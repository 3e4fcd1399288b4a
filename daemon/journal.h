/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened to addresses, as log lines: one a fact, after the kernel has it.  What strangers on
 * the wire can cause at will (refusals, alarms) is rate-limited, and what was left out is counted.
 */
#ifndef WILDSET_DAEMON_JOURNAL_H
#define WILDSET_DAEMON_JOURNAL_H

#include "setsync/event.h"

#include <stdint.h>

enum { JOURNAL_PER_SECOND = 10 };

struct journal_limit {
    uint64_t second;
    unsigned told;
    uint64_t untold;
};

struct journal {
    struct journal_limit refusals, alarms;
    int fd;        /* to systemd's journal; -1: plain lines on stderr */
    uint64_t lost; /* entries that it did not take, not told yet */
};

/* When stderr is systemd's journal, events go there with fields of their own (journal_fields.h). */
void journal_open(struct journal *journal);
void journal_close(struct journal *journal);
/* Levels are those of runtime/log.h: grants and ends are info, extensions and refusals debug. */
void journal_event(struct journal *journal, const struct event *event, uint64_t boot_ns);

enum { JOURNAL_LINE_MAX = 3072 };
/* The line alone, for the tests.  Returns `out`. */
const char *journal_line(const struct event *event, char out[static JOURNAL_LINE_MAX]);

#endif
