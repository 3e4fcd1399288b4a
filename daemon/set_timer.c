/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When setsync runs: at what it says is due, when somebody changed the ruleset, when clocks jump.
 */
#include "daemon/daemon_state.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * A set of ours was missing, or any was made anew: no rule can have referred to it, so rules that
 * use it may not be there either.  Or they are to be others now (hold).  A file beside the control
 * socket is closed after writing for whoever loads them (wildset-rules.path); that nobody does is
 * usual.
 */
static void tell_made(struct daemon *daemon)
{
    uint64_t made = setsync_statistics(daemon->sync)->sets_made;
    const char *control = daemon->options.control_path, *end = strrchr(control, '/');
    char path[PATH_MAX];

    if (made == daemon->sets_made || !end)
        return;
    daemon->sets_made = made;
    if (snprintf(path, sizeof(path), "%.*s/sets-made", (int)(end - control), control) >= PATH_MAX)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        log_warning("%s: %s: rules will not be loaded again", path, strerror(errno));
    else
        close(fd);
}

void daemon_arm(struct daemon *daemon)
{
    uint64_t due_ns = setsync_due(daemon->sync);
    uint64_t now_ns;

    tell_made(daemon);
    if (due_ns >= daemon->due_ns)
        return;
    daemon->due_ns = due_ns;
    now_ns = clock_now().boot_ns;
    loop_timer_set(daemon->due,
                   due_ns > now_ns ? (due_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0);
}

static void timer_on_due(void *context)
{
    struct daemon *daemon = context;
    struct moment now = clock_now();

    daemon->due_ns = UINT64_MAX;
    setsync_run(daemon->sync, &now);
    daemon_arm(daemon);
}

/* Somebody changed the ruleset. */
static void timer_on_kernel(void *context)
{
    struct daemon *daemon = context;
    struct moment now = clock_now();

    setsync_notified(daemon->sync, &now);
    daemon_arm(daemon);
}

/* Timers stand still in a suspend: what has become due meanwhile is done at once. */
static void timer_on_clock(void *context, uint64_t slept_ns)
{
    struct daemon *daemon = context;
    struct moment now = clock_now();

    if (slept_ns > 0) {
        log_notice("resumed after %" PRIu64 " s; expiring overdue leases",
                   slept_ns / NS_PER_SECOND);
        setsync_resumed(daemon->sync, slept_ns, &now);
    }
    outputs_clock_changed(daemon->outputs);
    daemon->due_ns = UINT64_MAX;
    daemon_arm(daemon);
}

int daemon_open_timer(struct daemon *daemon)
{
    daemon->due_ns = UINT64_MAX;
    daemon->due = loop_timer(daemon->loop, timer_on_due, daemon);
    return daemon->due ? 0 : -ENOMEM;
}

int daemon_open_clocks(struct daemon *daemon)
{
    return clockwatch_new(daemon->loop, timer_on_clock, daemon, &daemon->clocks);
}

int daemon_follow_kernel(struct daemon *daemon)
{
    int fd = setsync_event_fd(daemon->sync);

    if (fd < 0) /* it looks each second then */
        return 0;
    daemon->kernel = loop_readable(daemon->loop, fd, LOOP_NORMAL, timer_on_kernel, daemon);
    return daemon->kernel ? 0 : -ENOMEM;
}
