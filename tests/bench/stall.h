/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control: one thread on each CPU that sleeps half a millisecond again and again and notes when
 * it was kept from running for over 1 ms.  What is lost then is the machine's doing.  In real time
 * where that is allowed, so that only the machine can stall it and not the programs under test.
 */
#ifndef WILDSET_BENCH_STALL_H
#define WILDSET_BENCH_STALL_H

#include <stdbool.h>
#include <stdint.h>

uint64_t monotonic_ns(void);
/* Sleeps until then; returns at once when it has passed. */
void sleep_until_ns(uint64_t when);
/* This thread stays on that CPU from now on; nothing when there is no such CPU. */
void stay_on_cpu(int cpu);

/* False when a thread cannot be started. */
bool stall_watch_start(void);
/* Whether the threads run in real time. */
bool stall_watch_is_realtime(void);
/* Whether any CPU stalled at some moment between the two. */
bool stalled_between(uint64_t from_ns, uint64_t to_ns);

#endif
