/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A timer that never ends is cancelled when the wall clock jumps (timerfd_create(2),
 * TFD_TIMER_CANCEL_ON_SET), and a resume sets it; how long the machine has slept is by how much the
 * boot-time clock has gone ahead of the monotonic one.
 */
#include "daemon/clockwatch.h"

#include "base/clock.h"
#include "base/loop.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* The two clocks are not read at the same moment. */
#define NOT_A_SLEEP_NS (10 * NS_PER_MS)

struct clockwatch {
    int fd;
    struct loop_watch *watch;
    clockwatch_changed *changed;
    void *context;
    uint64_t slept_ns; /* since boot */
};

static uint64_t slept_since_boot(void)
{
    struct timespec awake, passed;

    clock_gettime(CLOCK_MONOTONIC, &awake);
    clock_gettime(CLOCK_BOOTTIME, &passed);

    int64_t slept_ns =
        (passed.tv_sec - awake.tv_sec) * (int64_t)NS_PER_SECOND + (passed.tv_nsec - awake.tv_nsec);
    return slept_ns > 0 ? (uint64_t)slept_ns : 0;
}

static int wait_for_jump(const struct clockwatch *watch)
{
    const struct itimerspec never = {.it_value.tv_sec = INT64_C(1) << 33}; /* the year 2242 */
    if (timerfd_settime(watch->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0)
        return -errno;
    return 0;
}

static void on_jump(void *context)
{
    struct clockwatch *watch = context;
    uint64_t expirations;
    if (read(watch->fd, &expirations, sizeof(expirations)) < 0 && errno == EAGAIN)
        return;
    (void)wait_for_jump(watch);
    uint64_t slept_ns = slept_since_boot();
    uint64_t new_ns = slept_ns > watch->slept_ns ? slept_ns - watch->slept_ns : 0;
    if (new_ns < NOT_A_SLEEP_NS)
        new_ns = 0;
    else
        watch->slept_ns = slept_ns;
    watch->changed(watch->context, new_ns);
}

int clockwatch_new(struct loop *loop, clockwatch_changed *changed, void *context,
                   struct clockwatch **out)
{
    struct clockwatch *watch = calloc(1, sizeof(*watch));
    if (!watch)
        return -ENOMEM;
    *watch = (struct clockwatch){
        .fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC),
        .changed = changed,
        .context = context,
        .slept_ns = slept_since_boot(),
    };
    int result = watch->fd < 0 ? -errno : wait_for_jump(watch);
    if (result == 0) {
        watch->watch = loop_readable(loop, watch->fd, LOOP_NORMAL, on_jump, watch);
        result = watch->watch ? 0 : -ENOMEM;
    }
    if (result < 0) {
        clockwatch_free(watch);
        return result;
    }
    *out = watch;
    return 0;
}

void clockwatch_free(struct clockwatch *watch)
{
    if (!watch)
        return;
    loop_unwatch(watch->watch);
    if (watch->fd >= 0)
        close(watch->fd);
    free(watch);
}
