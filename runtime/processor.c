/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the caller may use is read each time: an administrator can change it while it runs.
 */
#include "runtime/processor.h"

#include "runtime/priority.h"

#include <sched.h>

_Static_assert((int)PROCESSOR_MAX == CPU_SETSIZE, "a processor fits into a set");

enum { NOWHERE = -1 };

static int stays_on = NOWHERE;
static cpu_set_t allowed;

uint32_t processor_here(void)
{
    int cpu = sched_getcpu();

    return cpu >= 0 && cpu < PROCESSOR_MAX ? (uint32_t)cpu : 0;
}

void processor_stay_on(uint32_t cpu)
{
    cpu_set_t there;

    if (cpu >= PROCESSOR_MAX || stays_on == (int)cpu || !priority_is_held())
        return;
    processor_roam();
    if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0 || !CPU_ISSET(cpu, &allowed))
        return;
    CPU_ZERO(&there);
    CPU_SET(cpu, &there);
    if (sched_setaffinity(0, sizeof(there), &there) == 0)
        stays_on = (int)cpu;
}

void processor_roam(void)
{
    if (stays_on == NOWHERE)
        return;
    stays_on = NOWHERE;
    (void)sched_setaffinity(0, sizeof(allowed), &allowed);
}
