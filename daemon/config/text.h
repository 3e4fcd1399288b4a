/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lexical rules of the configuration file, checked before libconfuse sees it.  libconfuse alone
 * would count lines wrongly behind comments, swallow characters that it does not know (`*` outside
 * quotes), accept a section that is never closed, and put environment variables into the text.
 * Pure.
 */
#ifndef WILDSET_DAEMON_CONFIG_TEXT_H
#define WILDSET_DAEMON_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct config_fault {
    unsigned line; /* from 1 */
    const char *what;
};

/* A key where it is given a value, or a block where it begins, in the block "SECTION TITLE {" or
 * outside of all (empty, as the title that it has not).  None of them ends with a NUL. */
struct config_word {
    const char *text;
    int size;
};
struct config_use {
    unsigned line;
    struct config_word section, title, name;
};

/*
 * Blanks comments (and a byte order mark) in place; lines stay where they are.  On the first thing
 * that the file may not hold returns false and fills *fault.
 *
 * Strings end on their line; in double quotes `\"` and `\\` are the only escapes, in single quotes
 * everything stands for itself.
 *
 * `use` is called with each key and block, in their order; or NULL.
 */
bool config_text_clean(char *text, size_t size, struct config_fault *fault,
                       void (*use)(void *context, const struct config_use *use), void *context);

#endif
