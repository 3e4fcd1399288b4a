/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of feed files, as another process may have left it: whatever is taken of it would be
 * valid in the configuration, and its like is taken again.
 */
#include "daemon/config/values.h"
#include "daemon/outputs/feed_list.h"
#include "tests/fuzz/require.h"

#include <stdlib.h>
#include <string.h>

struct taken {
    size_t count, room;
    char *text;
    size_t size;
};

static void path_take(void *context, const char *path)
{
    struct taken *taken = context;
    char same[WHITELIST_FEED_MAX];
    size_t length = strlen(path);

    REQUIRE(path[0] == '/' && length < WHITELIST_FEED_MAX);
    REQUIRE(value_feed(path, same) && strcmp(path, same) == 0);
    REQUIRE(taken->size + length + 1 <= taken->room);
    memcpy(taken->text + taken->size, path, length);
    taken->text[taken->size + length] = '\n';
    taken->size += length + 1;
    taken->count++;
}

/* No path is longer than its line. */
static struct taken text_take(const char *text, size_t size)
{
    struct taken taken = {.room = size, .text = malloc(size + 1)};

    REQUIRE(taken.text != NULL);
    feedlist_parse(text, size, path_take, &taken);
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct taken first = text_take((const char *)data, size);
    struct taken again = text_take(first.text, first.size);

    REQUIRE(again.count == first.count && again.size == first.size);
    REQUIRE(memcmp(again.text, first.text, first.size) == 0);
    free(first.text);
    free(again.text);
    return 0;
}
