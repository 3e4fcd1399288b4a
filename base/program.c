/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * posix_spawn with two pipes.  The program's stderr is kept short: its first lines say what is
 * wrong.
 */
#include "base/program.h"

#include "base/deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct running {
    pid_t pid;
    int output, errors; /* pipes' reading ends; -1 at their end */
    char *bytes;
    size_t used, room, most;
    char *said;
    size_t said_used;
};

static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

static int spawn(const char *path, const char *const *argv, int output, int errors, pid_t *pid)
{
    char path_only[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", language[] = "LC_ALL=C";
    char *environment[] = {path_only, language, NULL};
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);

    if (error)
        return -error;
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    if (!error) /* the arguments are not written to: execve(2) wants them so for old programs' sake
                 */
        error =
            posix_spawn(pid, path, &actions, NULL, (char *const *)(const void *)argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    return -error;
}

static int program_start(const char *path, const char *const *argv, struct running *out)
{
    int output[2], errors[2];

    if (pipe2(output, O_CLOEXEC) < 0)
        return -errno;
    if (pipe2(errors, O_CLOEXEC) < 0) {
        int error = -errno;
        close(output[0]);
        close(output[1]);
        return error;
    }
    out->output = output[0];
    out->errors = errors[0];
    int error = spawn(path, argv, output[1], errors[1], &out->pid);
    close(output[1]);
    close(errors[1]);
    return error;
}

static void pipe_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int output_take(struct running *running)
{
    if (running->used == running->room) {
        size_t room = running->room ? 2 * running->room : 65536;
        if (running->used >= running->most)
            return -EFBIG;
        char *bytes = realloc(running->bytes, room);
        if (!bytes)
            return -ENOMEM;
        running->bytes = bytes;
        running->room = room;
    }
    ssize_t size =
        read(running->output, running->bytes + running->used, running->room - running->used);
    if (size > 0)
        running->used += (size_t)size;
    else if (size == 0 || errno != EINTR)
        pipe_end(&running->output);
    return 0;
}

/* What does not fit is read and forgotten. */
static void errors_take(struct running *running)
{
    char bytes[512];
    ssize_t size = read(running->errors, bytes, sizeof(bytes));
    size_t room = PROGRAM_SAID_MAX - 1 - running->said_used;

    if (size <= 0) {
        if (size == 0 || errno != EINTR)
            pipe_end(&running->errors);
        return;
    }
    size_t taken = (size_t)size < room ? (size_t)size : room;
    memcpy(running->said + running->said_used, bytes, taken);
    running->said_used += taken;
    running->said[running->said_used] = '\0';
}

static int program_hear(struct running *running, uint64_t deadline_ns)
{
    int error = 0;

    while (error == 0 && (running->output >= 0 || running->errors >= 0)) {
        struct pollfd polls[] = {{.fd = running->output, .events = POLLIN},
                                 {.fd = running->errors, .events = POLLIN}};

        if (poll(polls, 2, deadline_left_ms(deadline_ns)) < 0 && errno != EINTR)
            return -errno;
        if (deadline_left_ms(deadline_ns) == 0)
            return -ETIMEDOUT;
        if (polls[0].revents)
            error = output_take(running);
        if (polls[1].revents)
            errors_take(running);
    }
    return error;
}

/* 0 when it ended well. */
static int program_end(struct running *running, bool kill_it)
{
    int status = 0;

    pipe_end(&running->output);
    pipe_end(&running->errors);
    if (kill_it)
        kill(running->pid, SIGKILL);
    while (waitpid(running->pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

int program_read(const char *const *argv, size_t most, unsigned timeout_ms, char **out,
                 size_t *size, char said[static PROGRAM_SAID_MAX])
{
    struct running running = {.output = -1, .errors = -1, .most = most, .said = said};
    size_t folder = 0;
    char path[64];

    said[0] = '\0';
    do {
        if (folder == sizeof(folders) / sizeof(folders[0]))
            return -ENOENT;
        snprintf(path, sizeof(path), "%s/%s", folders[folder++], argv[0]);
    } while (access(path, X_OK) != 0);
    int error = program_start(path, argv, &running);
    if (error < 0) {
        pipe_end(&running.output);
        pipe_end(&running.errors);
        return error;
    }
    error = program_hear(&running, deadline_in_ms(timeout_ms));
    int ended = program_end(&running, error < 0);
    said[strcspn(said, "\n")] = '\0';
    if (error == 0)
        error = ended;
    if (error < 0) {
        free(running.bytes);
        return error;
    }
    *out = running.bytes;
    *size = running.used;
    return 0;
}
