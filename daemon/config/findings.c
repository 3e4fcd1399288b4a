/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is found in a configuration while it is read: errors, which are one text, and warnings and
 * notes, which the configuration keeps.
 */
#include "daemon/config/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_TEXT_MAX = 512,
    UNTOLD_ROOM = 48, /* whole lines only: kept to say how many were left out */
};

/* The file that a line is in, and which one it is there. */
static const struct config_file *file_of(const struct config_reader *reader, unsigned *line)
{
    size_t at = 0;

    while (at + 1 < reader->file_count && reader->files[at + 1].first_line > 0 &&
           reader->files[at + 1].first_line <= *line)
        at++;
    if (*line > 0)
        *line -= reader->files[at].first_line - 1;
    return &reader->files[at];
}

const char *config_where(const struct config_reader *reader, unsigned line,
                         char out[static CONFIG_PLACE_MAX])
{
    const struct config_file *file = file_of(reader, &line);
    int used = snprintf(out, CONFIG_PLACE_MAX, "%.*s", CONFIG_PATH_SHOWN_MAX, file->path);

    if (line > 0)
        snprintf(out + used, CONFIG_PLACE_MAX - (size_t)used, ":%u", line);
    return out;
}

const char *config_place(const struct config_reader *reader, unsigned place, unsigned line,
                         char out[static CONFIG_PLACE_MAX])
{
    unsigned inside = place;

    if (file_of(reader, &inside) != file_of(reader, &line))
        return config_where(reader, place, out);
    snprintf(out, CONFIG_PLACE_MAX, "line %u", inside);
    return out;
}

static __attribute__((format(printf, 4, 0))) void finding_write(char out[static LINE_TEXT_MAX],
                                                                const struct config_reader *reader,
                                                                unsigned line, const char *format,
                                                                va_list arguments)
{
    char where[CONFIG_PLACE_MAX];
    int used = snprintf(out, LINE_TEXT_MAX, "%s: ", config_where(reader, line, where));

    vsnprintf(out + used, LINE_TEXT_MAX - (size_t)used, format, arguments);
}

void config_finding(struct config_reader *reader, unsigned line, const char *format, ...)
{
    char text[LINE_TEXT_MAX];
    size_t length;
    va_list arguments;

    va_start(arguments, format);
    finding_write(text, reader, line, format, arguments);
    va_end(arguments);
    length = strlen(text);
    if (reader->untold > 0 || reader->error_used + length + 1 + UNTOLD_ROOM > CONFIG_ERROR_MAX) {
        reader->untold++;
        return;
    }
    if (reader->error_used > 0)
        reader->error[reader->error_used++] = '\n';
    memcpy(reader->error + reader->error_used, text, length + 1);
    reader->error_used += length;
}

static __attribute__((format(printf, 4, 0))) void finding_keep(struct config_reader *reader,
                                                               struct config_lines *lines,
                                                               unsigned number, const char *format,
                                                               va_list arguments)
{
    char text[LINE_TEXT_MAX];
    char **line = reallocarray(lines->line, lines->count + 1, sizeof(*line));

    if (!line) {
        reader->no_memory = true;
        return;
    }
    lines->line = line;
    finding_write(text, reader, number, format, arguments);
    line[lines->count] = strdup(text);
    if (line[lines->count])
        lines->count++;
    else
        reader->no_memory = true;
}

void config_warn(struct config_reader *reader, unsigned line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    finding_keep(reader, &reader->config->warnings, line, format, arguments);
    va_end(arguments);
}

void config_note(struct config_reader *reader, unsigned line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    finding_keep(reader, &reader->config->notes, line, format, arguments);
    va_end(arguments);
}

int config_findings_end(struct config_reader *reader)
{
    if (reader->no_memory) {
        snprintf(reader->error, CONFIG_ERROR_MAX, "%.*s: out of memory", CONFIG_PATH_SHOWN_MAX,
                 reader->files[0].path);
        return -ENOMEM;
    }
    if (reader->error_used == 0)
        return 0;
    if (reader->untold > 0)
        snprintf(reader->error + reader->error_used, UNTOLD_ROOM, "\n... and %u more",
                 reader->untold);
    return -EINVAL;
}
