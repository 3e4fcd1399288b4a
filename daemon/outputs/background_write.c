/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The child is an ordinary process, whatever priority the daemon has, and hears no signal.
 */
#include "daemon/outputs/background_write.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Signals stay blocked in the child: libevent's handler would tell them to us. */
pid_t snapshot_fork(void)
{
    const struct sched_param ordinary = {.sched_priority = 0};
    sigset_t all, before;
    pid_t pid;
    int error;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0) {
        (void)sched_setscheduler(0, SCHED_OTHER, &ordinary);
        return 0;
    }
    error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return pid;
}

int snapshot_result(int wait_status)
{
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : EINTR;
}
