/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The child is an ordinary process, whatever priority its parent has, and hears no signal.
 */
#include "base/background_write.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

/* Signals stay blocked in the child: libevent's handler would tell them to us. */
int background_write_start(struct background_write *write, background_writer *writer, void *context)
{
    const struct sched_param ordinary = {.sched_priority = 0};
    sigset_t all, before;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        (void)sched_setscheduler(0, SCHED_OTHER, &ordinary);
        /* Where the parent is killed meanwhile, its sockets are not to go on in here. */
        (void)close_range(STDERR_FILENO + 1, ~0U, 0);
        _exit(-writer(context));
    }
    int result = pid < 0 ? -errno : 0;
    sigprocmask(SIG_SETMASK, &before, NULL);
    write->child = pid < 0 ? 0 : pid;
    return result;
}

static bool child_reap(struct background_write *write, int options, int *result)
{
    int status;
    pid_t pid;

    if (write->child == 0)
        return false;
    do
        pid = waitpid(write->child, &status, options);
    while (pid < 0 && errno == EINTR);
    if (pid == 0)
        return false;
    write->child = 0;
    *result = pid > 0 && WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
    return true;
}

bool background_write_ended(struct background_write *write, int *result)
{
    return child_reap(write, WNOHANG, result);
}

bool background_write_wait(struct background_write *write, int *result)
{
    return child_reap(write, 0, result);
}

void background_write_cancel(struct background_write *write)
{
    int result;

    if (write->child != 0)
        kill(write->child, SIGKILL);
    (void)child_reap(write, 0, &result);
}
