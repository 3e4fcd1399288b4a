/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPU a process runs on.  A message to a process on the same CPU is there at once; to one on
 * another CPU that sleeps it takes longer than all that is done with it, most in a virtual machine.
 * The kernel keeps processes with a real-time priority apart (sched(7), find_lowest_rq in
 * kernel/sched/rt.c), so for the moments that count they have to say that they want to be together.
 */
#ifndef WILDSET_RUNTIME_PROCESSOR_H
#define WILDSET_RUNTIME_PROCESSOR_H

#include <stdint.h>

enum { PROCESSOR_MAX = 1024 }; /* as many as a cpu_set_t holds */

/* The CPU of the caller; below PROCESSOR_MAX. */
uint32_t processor_here(void);
/*
 * The caller runs there and nowhere else until processor_roam(), if it may at all and has a
 * real-time priority: without one it could wait there for others.  For milliseconds only.
 */
void processor_stay_on(uint32_t cpu);
/* It may run where it might before; a child of somebody who stays has to say so as well. */
void processor_roam(void);

#endif
