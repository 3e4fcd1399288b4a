/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCHED_FIFO with a way back: the kernel sends SIGXCPU when the time without sleep is used up.
 */
#include "base/priority.h"

#include "base/clock.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

enum {
    RUN_MOST_US = 50000,
};

static volatile sig_atomic_t lost;
static volatile uint64_t lost_ns; /* written by the signal, read only when `lost` is set */
static enum priority taken;

static int set_policy(int policy, int priority)
{
    struct sched_param parameters = {.sched_priority = priority};

    return sched_setscheduler(0, policy, &parameters) < 0 ? -errno : 0;
}

static void on_time_used_up(int number)
{
    int before = errno;

    (void)number;
    set_policy(SCHED_OTHER, 0);
    lost_ns = clock_now().boot_ns; /* clock_gettime(2) may be called here: signal-safety(7) */
    lost = 1;
    errno = before;
}

int priority_allow(void)
{
    struct rlimit limit = {.rlim_cur = PRIORITY_DAEMON, .rlim_max = PRIORITY_DAEMON};

    return setrlimit(RLIMIT_RTPRIO, &limit) < 0 ? -errno : 0;
}

int priority_take(enum priority priority)
{
    struct sigaction action = {.sa_handler = on_time_used_up, .sa_flags = SA_RESTART};
    struct rlimit time;

    if (sigaction(SIGXCPU, &action, NULL) < 0 || getrlimit(RLIMIT_RTTIME, &time) < 0)
        return -errno;
    time.rlim_cur = RUN_MOST_US < time.rlim_max ? RUN_MOST_US : time.rlim_max;
    if (setrlimit(RLIMIT_RTTIME, &time) < 0)
        return -errno;
    int result = set_policy(SCHED_FIFO, (int)priority);
    if (result == 0)
        taken = priority;
    return result;
}

void priority_regain(void)
{
    if (!lost || clock_now().boot_ns - lost_ns < NS_PER_SECOND)
        return;
    lost = 0;
    set_policy(SCHED_FIFO, (int)taken);
}
