/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between fork and exec: descriptors on their fixed numbers, all others closed, signals as at the
 * beginning, one capability or none.  What fails in the child is told through a pipe that exec
 * closes.
 */
#include "daemon/sources/spawn.h"

#include "base/sandbox.h"
#include "source/channel.h"
#include "source/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FIRST_FREE_FD = 128, /* above every fixed number */
    FIXED_PLACES = 4,
    ENVIRONMENT_MAX = 16,
    BEGIN_MOST_US = 1000000, /* without sleep until its main; a sanitizer's start takes 100 ms */
};

_Static_assert(FIRST_FREE_FD > SOURCE_LENT_FD + SOURCE_LENT_MAX, "the pipe's number is lower");

enum stage {
    STAGE_DESCRIPTORS,
    STAGE_PRIORITY,
    STAGE_PARENT,
    STAGE_PRIVILEGES,
    STAGE_EXEC,
    STAGE_COUNT,
};

static const char *const stage_texts[STAGE_COUNT] = {
    [STAGE_DESCRIPTORS] = "placing its descriptors",
    [STAGE_PRIORITY] = "setting its priority",
    [STAGE_PARENT] = "tying it to the daemon",
    [STAGE_PRIVILEGES] = "setting its privileges",
    [STAGE_EXEC] = "executing it",
};

struct failure {
    int stage;
    int error;
};

/* What the child has of ours, by number. */
struct placement {
    int from, to;
};

static bool is_one_of(const char *entry, const char *const *names)
{
    for (; *names; names++)
        if (strncmp(entry, *names, strlen(*names)) == 0)
            return true;
    return false;
}

/* The service manager's variables are the daemon's alone; the log's format is all processes'. */
static char **child_environment(bool proxy, char *out[static ENVIRONMENT_MAX + 1])
{
    static const char *const kept[] = {
        "JOURNAL_STREAM=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=", NULL};
    static const char *const of_proxy[] = {
        "https_proxy=", "HTTPS_PROXY=", "all_proxy=", "ALL_PROXY=", "no_proxy=", "NO_PROXY=", NULL};
    size_t used = 0;

    for (char **entry = environ; *entry && used < ENVIRONMENT_MAX; entry++)
        if (is_one_of(*entry, kept) || (proxy && is_one_of(*entry, of_proxy)))
            out[used++] = *entry;
    out[used] = NULL;
    return out;
}

/* First above all fixed numbers, then down: no order of ours can overwrite one that is still
 * needed. */
static int place_descriptors(struct placement *places, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (places[i].from < 0)
            continue;
        places[i].from = fcntl(places[i].from, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
        if (places[i].from < 0)
            return -errno;
    }
    for (size_t i = 0; i < count; i++) {
        if (places[i].from < 0)
            close(places[i].to);
        else if (dup2(places[i].from, places[i].to) < 0)
            return -errno;
    }
    return 0;
}

/*
 * A source for low latency begins with the daemon's real-time priority, since it may not be able to
 * take it by itself; the signal that ends it (runtime/priority.h) would end the program until that
 * catches it, so there is more time to begin with.  Any other source is an ordinary process.
 */
static int set_priority(bool realtime)
{
    const struct sched_param none = {.sched_priority = 0};
    const int policy = sched_getscheduler(0);
    struct rlimit time;

    if (!realtime && (policy == SCHED_FIFO || policy == SCHED_RR))
        return sched_setscheduler(0, SCHED_OTHER, &none) < 0 ? -errno : 0;
    if (!realtime)
        return 0; /* a daemon below the ordinary (SCHED_IDLE) may not raise its children above it */
    if (getrlimit(RLIMIT_RTTIME, &time) < 0)
        return -errno;
    time.rlim_cur = BEGIN_MOST_US < time.rlim_max ? BEGIN_MOST_US : time.rlim_max;
    return setrlimit(RLIMIT_RTTIME, &time) < 0 ? -errno : 0;
}

static void reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        sigaction(number, &action, NULL); /* fails for the two that cannot be changed */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A session of its own: an interrupt at the terminal is the daemon's, which ends its sources in
 * order. */
static int tie_to_daemon(pid_t daemon)
{
    setsid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return -errno;
    return getppid() == daemon ? 0 : -ESRCH;
}

static _Noreturn void give_up(int pipe, enum stage stage, int result)
{
    struct failure failure = {.stage = stage, .error = -result};
    ssize_t written = write(pipe, &failure, sizeof(failure));
    (void)written; /* nobody else to tell */
    _exit(127);
}

static _Noreturn void become(const struct source_start *start, int writer, int pipe, pid_t daemon)
{
    char *environment[ENVIRONMENT_MAX + 1];
    char name[64];
    char *arguments[] = {name, NULL};
    const int last = SOURCE_LENT_FD + (int)start->lent_count; /* the pipe, which exec closes */
    struct placement places[FIXED_PLACES + SOURCE_LENT_MAX] = {
        {.from = open("/dev/null", O_RDONLY | O_CLOEXEC), .to = STDIN_FILENO},
        {.from = writer, .to = SOURCE_CHANNEL_FD},
        {.from = start->plan, .to = SOURCE_PLAN_FD},
        {.from = pipe, .to = last},
    };
    int result;

    for (size_t i = 0; i < start->lent_count; i++)
        places[FIXED_PLACES + i] =
            (struct placement){.from = start->lent[i], .to = SOURCE_LENT_FD + (int)i};
    result = place_descriptors(places, FIXED_PLACES + start->lent_count);
    if (result)
        give_up(pipe, STAGE_DESCRIPTORS, result);
    pipe = last;
    if (fcntl(pipe, F_SETFD, FD_CLOEXEC) < 0 || close_range((unsigned)last + 1, ~0U, 0) < 0)
        give_up(pipe, STAGE_DESCRIPTORS, -errno);
    result = set_priority(start->realtime);
    if (result)
        give_up(pipe, STAGE_PRIORITY, result);
    reset_signals();
    result = tie_to_daemon(daemon);
    if (result)
        give_up(pipe, STAGE_PARENT, result);
    result = start->net_raw ? sandbox_pass_net_raw() : sandbox_pass_nothing();
    if (result)
        give_up(pipe, STAGE_PRIVILEGES, result);
    snprintf(name, sizeof(name), "wildset-%s", strrchr(start->path, '/') + 1);
    execve(start->path, arguments, child_environment(start->proxy, environment));
    give_up(pipe, STAGE_EXEC, -errno);
}

/* 0 when exec closed the pipe; otherwise what the child said before it ended. */
static int wait_for_exec(int pipe, pid_t pid, const char **stage)
{
    struct failure failure = {0};
    ssize_t got;

    do
        got = read(pipe, &failure, sizeof(failure));
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return 0;
    /* It has ended, or is about to; but where the pipe could not be read, it may well run. */
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    *stage = "starting it";
    if (got != (ssize_t)sizeof(failure) || (unsigned)failure.stage >= STAGE_COUNT ||
        failure.error <= 0)
        return -EIO;
    *stage = stage_texts[failure.stage];
    return -failure.error;
}

static int fork_source(const struct source_start *start, int writer, pid_t *pid, const char **stage)
{
    pid_t daemon = getpid();
    int ends[2], result;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    *pid = fork();
    if (*pid == 0)
        become(start, writer, ends[1], daemon);
    result = *pid < 0 ? -errno : 0;
    close(ends[1]);
    if (result == 0)
        result = wait_for_exec(ends[0], *pid, stage);
    close(ends[0]);
    return result;
}

int source_start(const struct source_start *start, pid_t *pid, int *reader, const char **stage)
{
    int own, writer, result;
    pid_t child = 0;

    *stage = "making its channel";
    result = channel_pair(start->requests ? CHANNEL_BOTH_WAYS : CHANNEL_ONE_WAY, &own, &writer);
    if (result)
        return result;
    *stage = "forking";
    result = fork_source(start, writer, &child, stage);
    close(writer);
    if (result) {
        close(own);
        return result;
    }
    *pid = child;
    *reader = own;
    return 0;
}
