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

static __attribute__((format(printf, 4, 0))) void finding_write(char out[static LINE_TEXT_MAX],
                                                                const char *path, unsigned line,
                                                                const char *format,
                                                                va_list arguments)
{
    int used = line ? snprintf(out, LINE_TEXT_MAX, "%.*s:%u: ", CONFIG_PATH_SHOWN_MAX, path, line)
                    : snprintf(out, LINE_TEXT_MAX, "%.*s: ", CONFIG_PATH_SHOWN_MAX, path);
    vsnprintf(out + used, LINE_TEXT_MAX - (size_t)used, format, arguments);
}

void config_finding(struct config_reader *reader, unsigned line, const char *format, ...)
{
    char text[LINE_TEXT_MAX];
    size_t length;
    va_list arguments;

    va_start(arguments, format);
    finding_write(text, reader->path, line, format, arguments);
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
    finding_write(text, reader->path, number, format, arguments);
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
                 reader->path);
        return -ENOMEM;
    }
    if (reader->error_used == 0)
        return 0;
    if (reader->untold > 0)
        snprintf(reader->error + reader->error_used, UNTOLD_ROOM, "\n... and %u more",
                 reader->untold);
    return -EINVAL;
}
