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
#include "daemon/outputs/views.h"
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
    const struct daemon_views *views;
    const char *path;
    struct loop_watch *timer;
    pid_t child;      /* 0: none */
    uint64_t writing; /* what the child writes, as `changes` counts */
    uint64_t saved;
    bool again;      /* something was taken back while the child was writing */
    bool is_failing; /* and that was said */
};

/* Grows with each change of the leases. */
static uint64_t changes(const struct saver *saver)
{
    const struct setsync_statistics *statistics = setsync_statistics(saver->views->sync);
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
    return -setsync_save(saver->views->sync, saver->path, &now);
}

static void start_child(struct saver *saver)
{
    saver->writing = changes(saver);
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
    if (saver->child == 0 && changes(saver) != saver->saved)
        start_child(saver);
    loop_timer_set(saver->timer, INTERVAL_MS);
}

static int saver_open(const struct output_setting *setting, void **self, const char **what)
{
    if (!setting->state)
        return 0;
    *what = setting->state;
    struct saver *saver = calloc(1, sizeof(*saver));
    if (!saver)
        return -ENOMEM;
    *saver = (struct saver){.views = setting->views, .path = setting->state, .saved = UINT64_MAX};
    saver->timer = loop_timer(setting->loop, on_timer, saver);
    if (!saver->timer) {
        free(saver);
        return -ENOMEM;
    }
    loop_timer_set(saver->timer, INTERVAL_MS);
    *self = saver;
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

/* Saves a last time, and waits for it: if it came to leases at all. */
static void saver_close(void *self)
{
    struct saver *saver = self;
    if (!saver)
        return;
    end_child(saver);
    if (saver->views->sync && changes(saver) != saver->saved) {
        saver->writing = changes(saver);
        note_result(saver, save(saver));
    }
    loop_unwatch(saver->timer);
    free(saver);
}

/* What the file says is not true any more: something was taken away that must not come back with
 * the next start, or the wall clock was set. */
static void saver_soon(void *self)
{
    struct saver *saver = self;
    saver->saved = UINT64_MAX;
    saver->again = saver->child != 0;
    if (!saver->again)
        loop_timer_set(saver->timer, SOON_MS);
}

static void saver_configure(void *self, const struct config *config, const struct moment *now)
{
    (void)config, (void)now;
    saver_soon(self);
}

static void saver_event(void *self, const struct event *event, uint64_t boot_ns)
{
    (void)boot_ns;
    if (event->kind == EVENT_FORGOTTEN)
        saver_soon(self);
}

static void saver_reap(void *self)
{
    struct saver *saver = self;
    int status;
    if (saver->child == 0 || waitpid(saver->child, &status, WNOHANG) <= 0)
        return;
    saver->child = 0;
    note_result(saver, snapshot_result(status));
    if (saver->again)
        saver_soon(saver);
}

const struct output lease_saver_output = {
    .name = "the state file",
    .open = saver_open,
    .close = saver_close,
    .configure = saver_configure,
    .event = saver_event,
    .clock_changed = saver_soon,
    .child_ended = saver_reap,
};
