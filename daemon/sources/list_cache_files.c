/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening them just before the registry process starts, and closing our own copies again.
 */
#include "daemon/sources/list_cache_files.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = PATH_MAX + WHITELIST_NAME_MAX + 16 };

int list_cache_files_init(struct list_cache_files *kept, const char *state)
{
    const char *slash = state ? strrchr(state, '/') : NULL;
    size_t length = slash ? (size_t)(slash - state) + 1 : 0;

    *kept = (struct list_cache_files){.count = 0};
    if (!state)
        return 0;
    if (length >= sizeof(kept->folder))
        return -ENAMETOOLONG;
    snprintf(kept->folder, sizeof(kept->folder), "%.*s", (int)length, slash ? state : "");
    if (!slash)
        strcpy(kept->folder, "./");
    return 0;
}

void list_cache_files_use(struct list_cache_files *kept, const struct whitelist *whitelists,
                          size_t count)
{
    kept->count = count;
    for (size_t i = 0; i < count; i++) {
        const char *list = whitelists[i].registry;
        bool wanted = list && list[0] != '\0';

        snprintf(kept->names[i], sizeof(kept->names[i]), "%s", wanted ? whitelists[i].name : "");
    }
}

void list_cache_files_open(struct list_cache_files *kept)
{
    for (size_t i = 0; i < kept->count; i++) {
        char path[PATH_ROOM];

        kept->fds[i] = -1;
        if (kept->folder[0] == '\0' || kept->names[i][0] == '\0')
            continue;
        snprintf(path, sizeof(path), "%sregistry-%s", kept->folder, kept->names[i]);
        kept->fds[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (kept->fds[i] >= 0 || kept->told)
            continue;
        log_warning("%s: %s: the last good list will be lost on restart", path, strerror(errno));
        kept->told = true;
    }
}

void list_cache_files_close(struct list_cache_files *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        if (kept->fds[i] >= 0)
            close(kept->fds[i]);
}
