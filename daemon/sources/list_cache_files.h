/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of the last good lists, registry-NAME beside the state file: opened here for the
 * registry process, which can open nothing.
 */
#ifndef WILDSET_DAEMON_SOURCES_LIST_CACHE_FILES_H
#define WILDSET_DAEMON_SOURCES_LIST_CACHE_FILES_H

#include "setsync/policy/whitelist.h"

#include <limits.h>

struct list_cache_files {
    char folder[PATH_MAX];                          /* "" for none */
    char names[WHITELISTS_MAX][WHITELIST_NAME_MAX]; /* "": this whitelist has no list */
    int fds[WHITELISTS_MAX];                        /* -1 where there is none */
    size_t count;
    bool told;
};

/* `state` is the path of the state file, or NULL.  0 or -ENAMETOOLONG. */
int list_cache_files_init(struct list_cache_files *kept, const char *state);
void list_cache_files_use(struct list_cache_files *kept, const struct whitelist *whitelists,
                          size_t count);
/* What cannot be opened is told once, and is -1. */
void list_cache_files_open(struct list_cache_files *kept);
void list_cache_files_close(struct list_cache_files *kept);

#endif
