/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether another process could run if it wanted to: what tells one that hangs from one that a busy
 * machine keeps waiting.
 */
#ifndef WILDSET_DAEMON_SOURCES_VITALS_H
#define WILDSET_DAEMON_SOURCES_VITALS_H

#include <stdint.h>
#include <sys/types.h>

struct vitals {
    char state;         /* as in proc_pid_stat(5): R, S, D, T...; 0: not known */
    uint64_t cpu_ticks; /* used so far */
};

enum vitals_verdict {
    VITALS_HANGS,   /* it sleeps, or turns without end */
    VITALS_STOPPED, /* by a signal or a debugger */
    VITALS_WAITS,   /* for the CPU, or for a disk: it would go on if it were let */
};

/* All zero when the process cannot be looked at. */
struct vitals vitals_read(pid_t pid);
/* `text` is what /proc/PID/stat holds, with its end. */
struct vitals vitals_from_text(const char *text);
/* From one second to the next. */
enum vitals_verdict vitals_judge(const struct vitals *before, const struct vitals *now);

#endif
