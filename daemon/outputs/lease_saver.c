/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saving the leases, in a child: fork gives it a still picture of them, and it has no descriptor of
 * its own but the file's.
 */
#include "daemon/outputs/lease_saver.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/outputs/background_write.h"
#include "setsync/setsync.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INTERVAL_MS = 10000, SOON_MS = 200 };

struct saver {
    const struct setsync *sync;
    const char *path;
    struct loop_watch *timer;
    pid_t child;      /* 0: none */
    uint64_t writing; /* what the child writes, as `changes` counts */
    uint64_t saved;
    bool again;      /* something was taken back while the child was writing */
    bool is_failing; /* and that was said */
};

/* Grows with each change of the leases. */
static uint64_t changes(const struct setsync *sync)
{
    const struct setsync_statistics *statistics = setsync_statistics(sync);
    return statistics->granted + statistics->extended + statistics->expired + statistics->evicted +
           statistics->forgotten;
}

static void note_result(struct saver *saver, int error)
{
    if (error == 0) {
        if (saver->is_failing)
            log_notice("%s: leases are saved again", saver->path);
        saver->is_failing = false;
        saver->saved = saver->writing;
        return;
    }
    if (!saver->is_failing)
        log_warning("%s: cannot save leases: %s; they would be lost on reboot", saver->path,
                    strerror(error));
    saver->is_failing = true;
}

static int save(const struct saver *saver)
{
    struct moment now = clock_now();
    return -setsync_save(saver->sync, saver->path, &now);
}

static void start_child(struct saver *saver)
{
    saver->writing = changes(saver->sync);
    pid_t pid = snapshot_fork();
    if (pid == 0)
        _exit(save(saver));
    if (pid < 0)
        note_result(saver, errno);
    else
        saver->child = pid;
}

static void on_timer(void *context)
{
    struct saver *saver = context;
    if (saver->child == 0 && changes(saver->sync) != saver->saved)
        start_child(saver);
    loop_timer_set(saver->timer, INTERVAL_MS);
}

int saver_new(struct loop *loop, const struct setsync *sync, const char *path, struct saver **out)
{
    struct saver *saver = calloc(1, sizeof(*saver));
    if (saver == NULL)
        return -ENOMEM;
    *saver = (struct saver){.sync = sync, .path = path, .saved = UINT64_MAX};
    saver->timer = loop_timer(loop, on_timer, saver);
    if (saver->timer == NULL) {
        free(saver);
        return -ENOMEM;
    }
    loop_timer_set(saver->timer, INTERVAL_MS);
    *out = saver;
    return 0;
}

/* A child that still waits for the disk has an older picture than the last one. */
static void end_child(struct saver *saver)
{
    if (saver->child == 0)
        return;
    kill(saver->child, SIGKILL);
    while (waitpid(saver->child, NULL, 0) < 0 && errno == EINTR)
        ;
    saver->child = 0;
}

void saver_free(struct saver *saver)
{
    if (saver == NULL)
        return;
    end_child(saver);
    if (changes(saver->sync) != saver->saved) {
        saver->writing = changes(saver->sync);
        note_result(saver, save(saver));
    }
    loop_unwatch(saver->timer);
    free(saver);
}

void saver_soon(struct saver *saver)
{
    if (saver == NULL)
        return;
    saver->saved = UINT64_MAX;
    saver->again = saver->child != 0;
    if (!saver->again)
        loop_timer_set(saver->timer, SOON_MS);
}

void saver_reap(struct saver *saver)
{
    int status;
    if (saver == NULL || saver->child == 0 || waitpid(saver->child, &status, WNOHANG) <= 0)
        return;
    saver->child = 0;
    note_result(saver, snapshot_result(status));
    if (saver->again)
        saver_soon(saver);
}
