/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeping the CPUs out of deep sleep while an answer is about to come: /dev/cpu_dma_latency, a wish
 * that belongs to the open descriptor (Documentation/admin-guide/pm in the kernel's tree).
 */
#ifndef WILDSET_SNIFFER_LIVE_CPU_LATENCY_H
#define WILDSET_SNIFFER_LIVE_CPU_LATENCY_H

#include <stdbool.h>

struct cpu_latency {
    int fd; /* -1: not to be had, and the latency is as without */
    bool held;
};

/*
 * Borrows the descriptor, which may be closed, -1 or something else.  Not used either where the
 * kernel has no deep sleep to keep out of.  Before the sandbox.
 */
struct cpu_latency cpu_latency_open(int fd);
/* Begins or ends it; only a change does anything.  A device that fails is not used again. */
void cpu_latency_set(struct cpu_latency *cpu_latency, bool held);

#endif
