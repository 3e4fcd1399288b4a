/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saving the leases, in a child: fork gives it a still picture of them, and it has no descriptor of
 * its own but the file's.
 */
#include "daemon/outputs/lease_saver.h"

#include "base/background_write.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/outputs/views.h"
#include "setsync/setsync.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { INTERVAL_MS = 10000, SOON_MS = 200 };

struct saver {
    const struct daemon_views *views;
    const char *path;
    struct loop_watch *timer;
    struct background_write write;
    uint64_t writing; /* what the child writes, as `changes` counts */
    uint64_t saved;
    bool again;      /* something was taken back while the child was writing */
    bool is_failing; /* and that was said */
};

/* Grows with each change of the leases. */
static uint64_t saver_changes(const struct saver *saver)
{
    const struct setsync_statistics *statistics = setsync_statistics(saver->views->sync);
    return statistics->granted + statistics->extended + statistics->expired + statistics->evicted +
           statistics->forgotten;
}

static void saver_note(struct saver *saver, int error)
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
                    strerror(-error));
    saver->is_failing = true;
}

static int leases_save(void *context)
{
    const struct saver *saver = context;
    struct moment now = clock_now();
    return setsync_save(saver->views->sync, saver->path, &now);
}

static void on_saver_timer(void *context)
{
    struct saver *saver = context;
    if (saver->write.child == 0 && saver_changes(saver) != saver->saved) {
        saver->writing = saver_changes(saver);
        int result = background_write_start(&saver->write, leases_save, saver);
        if (result < 0)
            saver_note(saver, result);
    }
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
    saver->timer = loop_timer(setting->loop, on_saver_timer, saver);
    if (!saver->timer) {
        free(saver);
        return -ENOMEM;
    }
    loop_timer_set(saver->timer, INTERVAL_MS);
    *self = saver;
    return 0;
}

/* Saves a last time, and waits for it: if it came to leases at all. */
static void saver_close(void *self)
{
    struct saver *saver = self;
    if (!saver)
        return;
    /* A child that still waits for the disk has an older picture than the last one. */
    background_write_cancel(&saver->write);
    if (saver->views->sync && saver_changes(saver) != saver->saved) {
        saver->writing = saver_changes(saver);
        saver_note(saver, leases_save(saver));
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
    saver->again = saver->write.child != 0;
    if (!saver->again)
        loop_timer_set(saver->timer, SOON_MS);
}

static void saver_configure(void *self, const struct config *config, const struct moment *now)
{
    const struct saver *saver = self;

    (void)config, (void)now;
    if (saver->saved !=
        UINT64_MAX) /* at the start there is no hurry: what it read is in the file */
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
    int result;
    if (!background_write_ended(&saver->write, &result))
        return;
    saver_note(saver, result);
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
