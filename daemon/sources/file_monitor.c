/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stat(2) and comparing.  These files are replaced by renaming and through symbolic links, which is
 * more than one inotify watch each can follow.
 */
#include "daemon/sources/file_monitor.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_MS = 5000 };

struct watched_file {
    char path[PATH_MAX];
    bool there;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct file_monitor {
    struct loop_watch *timer;
    void (*changed)(void *context, const char *path);
    void *context;
    size_t count;
    struct watched_file files[FILE_MONITOR_MAX];
};

static void file_look(struct watched_file *file)
{
    struct stat status;

    file->there = stat(file->path, &status) == 0;
    file->device = file->there ? status.st_dev : 0;
    file->inode = file->there ? status.st_ino : 0;
    file->size = file->there ? status.st_size : 0;
    file->changed = file->there ? status.st_mtim : (struct timespec){0};
}

static bool same(const struct watched_file *a, const struct watched_file *b)
{
    return a->there == b->there && a->device == b->device && a->inode == b->inode &&
           a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

/* All are looked at, so that several changes at once make one restart. */
static void monitor_on_timer(void *context)
{
    struct file_monitor *watched = context;
    const char *changed = NULL;

    for (size_t i = 0; i < watched->count; i++) {
        struct watched_file before = watched->files[i];

        file_look(&watched->files[i]);
        if (!changed && !same(&before, &watched->files[i]))
            changed = watched->files[i].path;
    }
    loop_timer_set(watched->timer, LOOK_MS);
    if (changed)
        watched->changed(watched->context, changed);
}

int file_monitor_new(struct loop *loop, void (*changed)(void *context, const char *path),
                     void *context, struct file_monitor **out)
{
    struct file_monitor *watched = calloc(1, sizeof(*watched));

    if (!watched)
        return -ENOMEM;
    watched->changed = changed;
    watched->context = context;
    watched->timer = loop_timer(loop, monitor_on_timer, watched);
    if (!watched->timer) {
        free(watched);
        return -ENOMEM;
    }
    *out = watched;
    return 0;
}

void file_monitor_free(struct file_monitor *watched)
{
    if (!watched)
        return;
    loop_unwatch(watched->timer);
    free(watched);
}

void file_monitor_set(struct file_monitor *watched, const char *const *paths, size_t count)
{
    watched->count = 0;
    loop_timer_stop(watched->timer);
    for (size_t i = 0; i < count && watched->count < FILE_MONITOR_MAX; i++) {
        if (!paths[i])
            continue;
        struct watched_file *file = &watched->files[watched->count++];
        snprintf(file->path, sizeof(file->path), "%s", paths[i]);
        file_look(file);
    }
    if (watched->count > 0)
        loop_timer_set(watched->timer, LOOK_MS);
}
