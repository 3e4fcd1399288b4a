/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the configuration: files of bounded size as one text, the lexical rules, libconfuse with
 * the table of keys, the checks over the whole.  Whatever is found wrong is told, and then there is
 * nothing.
 */
#include "daemon/config/config.h"

#include "daemon/config/reader.h"
#include "daemon/config/text.h"
#include "dnsparse/names/pattern_index.h"

#include <stdbool.h>
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

/* The lexical rules hold for each file alone: no brace or comment reaches into the next one. */
static bool clean_file(struct config_reader *reader, struct config_file *file, char *text)
{
    struct config_fault fault;
    size_t error_used = reader->error_used;
    unsigned untold = reader->untold;

    reader->line_offset = file->first_line - 1;
    if (config_text_clean(text, file->size, &fault, config_check_use, reader))
        return true;
    reader->error_used = error_used; /* what it took for keys may be none */
    reader->untold = untold;
    config_finding(reader, reader->line_offset + fault.line, "%s", fault.what);
    return false;
}

/* One after the other into `all`; false when one of them breaks the lexical rules. */
static bool clean_files(struct config_reader *reader, char *all, size_t *used)
{
    unsigned line = 1;
    bool clean = true;

    for (size_t i = 0; i < reader->file_count; i++) {
        struct config_file *file = &reader->files[i];
        char *text = all + *used;

        file->first_line = line;
        if (file->size > 0)
            memcpy(text, file->text, file->size);
        clean &= clean_file(reader, file, text);
        line += count_lines(file->text, file->size);
        *used += file->size;
        if (i + 1 < reader->file_count && (file->size == 0 || file->text[file->size - 1] != '\n'))
            all[(*used)++] = '\n';
    }
    return clean;
}

static void read_files(struct config_reader *reader)
{
    size_t room = 1, used = 0;
    for (size_t i = 0; i < reader->file_count; i++)
        room += reader->files[i].size + 1;
    char *all = malloc(room);
    if (!all) {
        reader->no_memory = true;
        return;
    }
    if (clean_files(reader, all, &used))
        config_parse_cleaned(reader, all, used);
    free(all);
    if (reader->error_used == 0 && !reader->no_memory)
        config_check(reader, count_lines(reader->files[0].text, reader->files[0].size));
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

int config_from_files(struct config_file *files, size_t count, struct config **out,
                      char error[static CONFIG_ERROR_MAX])
{
    struct config_reader reader = {
        .files = files, .file_count = count, .config = config_new(), .error = error};
    int result;

    error[0] = '\0';
    if (reader.config)
        read_files(&reader);
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

int config_from_text(const char *path, const char *text, size_t size, struct config **out,
                     char error[static CONFIG_ERROR_MAX])
{
    struct config_file file = {.path = path, .text = text, .size = size};

    return config_from_files(&file, 1, out, error);
}
