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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_TEXT_MAX = 512,
    PATH_SHOWN_MAX = 200,
    PATTERNS_WALKED = 16, /* so few are compared as quickly as they are looked up */
};

/* Whole lines only: room is kept to say how many were left out. */
enum { UNTOLD_ROOM = 48 };

static __attribute__((format(printf, 4, 0))) void write_line(char out[static LINE_TEXT_MAX],
                                                             const char *path, unsigned line,
                                                             const char *format, va_list arguments)
{
    int used = line ? snprintf(out, LINE_TEXT_MAX, "%.*s:%u: ", PATH_SHOWN_MAX, path, line)
                    : snprintf(out, LINE_TEXT_MAX, "%.*s: ", PATH_SHOWN_MAX, path);
    vsnprintf(out + used, LINE_TEXT_MAX - (size_t)used, format, arguments);
}

void config_finding(struct config_reader *reader, unsigned line, const char *format, ...)
{
    char text[LINE_TEXT_MAX];
    size_t length;
    va_list arguments;

    va_start(arguments, format);
    write_line(text, reader->path, line, format, arguments);
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

static __attribute__((format(printf, 4, 0))) void keep_line(struct config_reader *reader,
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
    write_line(text, reader->path, number, format, arguments);
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
    keep_line(reader, &reader->config->warnings, line, format, arguments);
    va_end(arguments);
}

void config_note(struct config_reader *reader, unsigned line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    keep_line(reader, &reader->config->notes, line, format, arguments);
    va_end(arguments);
}

static struct config *config_new(void)
{
    struct config *config = calloc(1, sizeof(*config));
    if (!config)
        return NULL;
    *config = (struct config){
        .require_query = true,
        .checksums = CHECKSUMS_AUTO,
        .latency = LATENCY_LOW,
        .hold_queue = CONFIG_HOLD_QUEUE,
        .log = CONFIG_LOG_GRANTS,
        .whitelists = calloc(WHITELISTS_MAX, sizeof(*config->whitelists)),
    };
    if (config->whitelists)
        return config;
    free(config);
    return NULL;
}

void config_free_whitelist(struct whitelist *whitelist)
{
    patternindex_free(whitelist->index);
    free(whitelist->patterns);
    free(whitelist->services);
    free(whitelist->refuse);
    free(whitelist->dns64);
    free(whitelist->registry);
    free(whitelist->registry_ca);
}

static void lines_free(struct config_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->line[i]);
    free(lines->line);
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->whitelist_count; i++)
        config_free_whitelist(&config->whitelists[i]);
    lines_free(&config->warnings);
    lines_free(&config->notes);
    free(config->tunnels);
    free(config->open_tunnel);
    free(config->whitelists);
    free(config->vlans);
    free(config->resolvers);
    free(config->registry_resolvers);
    free(config->mirrors);
    free(config->interfaces);
    free(config);
}

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
    if (!config_text_clean(copy, size, &fault))
        config_finding(reader, fault.line, "%s", fault.what);
    else
        config_parse_cleaned(reader, copy, size);
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

/* 0, or what is wrong with `error` complete. */
static int judge(struct config_reader *reader)
{
    if (reader->no_memory) {
        snprintf(reader->error, CONFIG_ERROR_MAX, "%.*s: out of memory", PATH_SHOWN_MAX,
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
    result = judge(&reader);
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
        snprintf(error, CONFIG_ERROR_MAX, "%.*s: %s", PATH_SHOWN_MAX, path, why(result));
        return result;
    }
    result = config_from_text(path, text.bytes, text.size, out, error);
    file_text_free(&text);
    return result;
}

void config_warnings(const struct config *config, void (*warn)(void *context, const char *line),
                     void *context)
{
    for (size_t i = 0; i < config->warnings.count; i++)
        warn(context, config->warnings.line[i]);
}

void config_notes(const struct config *config, void (*note)(void *context, const char *line),
                  void *context)
{
    for (size_t i = 0; i < config->notes.count; i++)
        note(context, config->notes.line[i]);
}

bool config_resolver_is_default(const struct plan_resolver *resolver)
{
    return resolver->prefix.address.family == ADDRESS_NONE;
}

bool config_believes_default(const struct config *config)
{
    for (size_t i = 0; i < config->resolver_count; i++) {
        if (config_resolver_is_default(&config->resolvers[i]))
            return true;
    }
    return config->resolver_count == 0;
}

const struct whitelist *config_whitelist(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->whitelist_count; i++)
        if (strcmp(config->whitelists[i].name, name) == 0)
            return &config->whitelists[i];
    return NULL;
}
