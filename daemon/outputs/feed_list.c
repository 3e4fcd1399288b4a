/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One path a line, at most one for each whitelist and as many that are still to be emptied.  What
 * is read is checked like the configuration: whoever could write the list may not name other files.
 */
#include "daemon/outputs/feed_list.h"

#include "base/file.h"
#include "base/log.h"
#include "daemon/config/values.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 2 * WHITELISTS_MAX * WHITELIST_FEED_MAX };

struct feedlist {
    char path[PATH_MAX]; /* "": nothing is kept */
    bool is_failing;     /* and that was said */
    size_t size, written_size;
    char text[TEXT_MAX], written[TEXT_MAX];
};

struct feedlist *feedlist_open(const char *state)
{
    struct feedlist *list = calloc(1, sizeof(*list));
    const char *slash = state ? strrchr(state, '/') : NULL;
    int length = slash ? (int)(slash - state) + 1 : 0;

    if (!list)
        return NULL;
    if (state && snprintf(list->path, PATH_MAX, "%.*sfeed-files", length, state) >= PATH_MAX)
        list->path[0] = '\0';
    return list;
}

void feedlist_free(struct feedlist *list)
{
    free(list);
}

void feedlist_parse(const char *text, size_t size, feedlist_path *each, void *context)
{
    char path[WHITELIST_FEED_MAX], line[WHITELIST_FEED_MAX];
    const char *end;

    for (; size > 0 && (end = memchr(text, '\n', size)); text = end + 1) {
        size_t length = (size_t)(end - text);

        size -= length + 1;
        if (length == 0 || length >= sizeof(line) || memchr(text, '\0', length))
            continue;
        memcpy(line, text, length);
        line[length] = '\0';
        if (value_feed(line, path))
            each(context, path);
    }
}

void feedlist_each(struct feedlist *list, feedlist_path *each, void *context)
{
    struct file_text text;

    if (list->path[0] == '\0' || file_read(list->path, TEXT_MAX, O_NOFOLLOW, &text) < 0)
        return;
    memcpy(list->written, text.bytes, text.size);
    list->written_size = text.size;
    file_text_free(&text);
    feedlist_parse(list->written, list->written_size, each, context);
}

void feedlist_begin(struct feedlist *list)
{
    list->size = 0;
}

void feedlist_add(struct feedlist *list, const char *path)
{
    size_t length = strlen(path);

    if (list->size + length + 1 > TEXT_MAX)
        return;
    memcpy(list->text + list->size, path, length);
    list->text[list->size + length] = '\n';
    list->size += length + 1;
}

static int text_print(void *context, FILE *stream)
{
    const struct feedlist *list = context;

    fwrite(list->text, 1, list->size, stream);
    return 0;
}

void feedlist_end(struct feedlist *list)
{
    bool same =
        list->size == list->written_size && memcmp(list->text, list->written, list->size) == 0;
    int result =
        list->path[0] == '\0' || same ? 0 : file_replace(list->path, 0600, true, text_print, list);

    if (result == 0) {
        memcpy(list->written, list->text, list->size);
        list->written_size = list->size;
    } else if (!list->is_failing) {
        log_warning("%s: %s: a feed removed from the configuration while wildsetd is stopped will "
                    "not be emptied",
                    list->path, strerror(-result));
    }
    list->is_failing = result != 0;
}
