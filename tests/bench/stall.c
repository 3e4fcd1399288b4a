/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stalls are kept as intervals in one ring per CPU, each written by one thread and read by another.
 */
#include "stall.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { CPUS_MAX = 64, STALLS_KEPT = 256 };
#define PERIOD_NS 500000u
#define STALL_NS 1000000u

struct stall {
    uint64_t from_ns, to_ns;
};

static struct watcher {
    int cpu;
    _Atomic uint64_t seen_ns; /* when it last ran */
    _Atomic unsigned count;
    struct stall stalls[STALLS_KEPT];
} watchers[CPUS_MAX];
static int watcher_count;
static atomic_bool realtime;

uint64_t monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void sleep_until_ns(uint64_t when)
{
    const struct timespec then = {.tv_sec = (time_t)(when / 1000000000u),
                                  .tv_nsec = (long)(when % 1000000000u)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL) != 0)
        ;
}

void stay_on_cpu(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void *watch(void *context)
{
    const struct sched_param parameters = {.sched_priority = 50};
    struct watcher *watcher = context;

    stay_on_cpu(watcher->cpu);
    prctl(PR_SET_TIMERSLACK, 1ul);
    if (sched_setscheduler(0, SCHED_FIFO, &parameters) == 0)
        realtime = true;
    for (;;) {
        uint64_t before = monotonic_ns(), after;
        unsigned count = watcher->count;

        watcher->seen_ns = before;
        sleep_until_ns(before + PERIOD_NS);
        after = monotonic_ns();
        if (after - before < PERIOD_NS + STALL_NS)
            continue;
        watcher->stalls[count % STALLS_KEPT] = (struct stall){before + PERIOD_NS, after};
        watcher->count = count + 1;
    }
    return NULL;
}

bool stall_watch_start(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    for (int cpu = 0; cpu < cpus && cpu < CPUS_MAX; cpu++) {
        pthread_t thread;

        watchers[cpu].cpu = cpu;
        if (pthread_create(&thread, NULL, watch, &watchers[cpu]) != 0)
            return false;
        watcher_count = cpu + 1;
    }
    return true;
}

bool stall_watch_is_realtime(void)
{
    return realtime;
}

static bool watcher_stalled(const struct watcher *watcher, uint64_t from_ns, uint64_t to_ns)
{
    unsigned count = watcher->count;
    unsigned kept = count < STALLS_KEPT ? count : STALLS_KEPT;

    for (unsigned i = 0; i < kept; i++) {
        const struct stall *stall = &watcher->stalls[i];

        if (stall->from_ns < to_ns && stall->to_ns > from_ns)
            return true;
    }
    /* Still in it: the thread has not come back to write it down. */
    return monotonic_ns() - watcher->seen_ns > PERIOD_NS + STALL_NS &&
           watcher->seen_ns + PERIOD_NS < to_ns;
}

bool stalled_between(uint64_t from_ns, uint64_t to_ns)
{
    for (int i = 0; i < watcher_count; i++) {
        if (watcher_stalled(&watchers[i], from_ns, to_ns))
            return true;
    }
    return false;
}
