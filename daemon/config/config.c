/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the configuration: bytes from a bounded reader, the lexical rules, libconfuse with the
 * table of keys, the checks over the whole.  Whatever is found wrong is told, and then there is
 * nothing.
 */
#include "daemon/config/config.h"

#include "base/file.h"
#include "daemon/config/reader.h"
#include "daemon/config/text.h"
#include "dnsparse/names/pattern_index.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATTERNS_WALKED = 16 }; /* so few are compared as quickly as they are looked up */

static unsigned count_lines(const char *text, size_t size)
{
    unsigned lines = 1;
    for (size_t i = 0; i + 1 < size; i++)
        if (text[i] == '\n')
            lines++;
    return lines;
}

static void read_text(struct config_reader *reader, const char *text, size_t size)
{
    struct config_fault fault;
    char *copy = malloc(size + 1);
    if (!copy) {
        reader->no_memory = true;
        return;
    }
    memcpy(copy, text, size);
    if (!config_text_clean(copy, size, &fault, config_check_use, reader)) {
        reader->error_used = 0; /* what it took for keys may be none */
        reader->untold = 0;
        config_finding(reader, fault.line, "%s", fault.what);
    } else {
        config_parse_cleaned(reader, copy, size);
    }
    free(copy);
    if (reader->error_used == 0 && !reader->no_memory)
        config_check(reader, count_lines(text, size));
}

/* Last of all: it points into the lists. */
static void index_patterns(struct config_reader *reader)
{
    for (size_t i = 0; i < reader->config->whitelist_count; i++) {
        struct whitelist *whitelist = &reader->config->whitelists[i];

        if (whitelist->pattern_count <= PATTERNS_WALKED)
            continue;
        whitelist->index = patternindex_new(whitelist->patterns, whitelist->pattern_count);
        reader->no_memory |= whitelist->index == NULL;
    }
}

int config_from_text(const char *path, const char *text, size_t size, struct config **out,
                     char error[static CONFIG_ERROR_MAX])
{
    struct config_reader reader = {.path = path, .config = config_new(), .error = error};
    int result;

    error[0] = '\0';
    if (reader.config)
        read_text(&reader, text, size);
    else
        reader.no_memory = true;
    if (reader.error_used == 0 && !reader.no_memory)
        index_patterns(&reader);
    config_free_whitelist(&reader.spare);
    result = config_findings_end(&reader);
    if (result == 0)
        *out = reader.config;
    else
        config_free(reader.config);
    return result;
}

static const char *why(int result)
{
    switch (-result) {
    case ENOENT:
        return "there is no such file; --config names another";
    case EISDIR:
        return "is a directory, expected a file";
    case ENODEV:
        return "is not a regular file";
    case EFBIG:
        return "is larger than 1 MiB";
    default:
        return strerror(-result);
    }
}

int config_read(const char *path, struct config **out, char error[static CONFIG_ERROR_MAX])
{
    struct file_text text;
    int result = file_read(path, CONFIG_SIZE_MAX, 0, &text);

    if (result) {
        snprintf(error, CONFIG_ERROR_MAX, "%.*s: %s", CONFIG_PATH_SHOWN_MAX, path, why(result));
        return result;
    }
    result = config_from_text(path, text.bytes, text.size, out, error);
    file_text_free(&text);
    return result;
}
