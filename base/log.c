/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line a fact, written with one write so that processes do not mix their lines.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2048 };

static struct {
    const char *program;
    enum log_level most;
    bool journal;
} state = {.program = "wildset", .most = LOG_LEVEL_INFO};

/* sd-daemon(3): the priorities of syslog(3). */
static const char priorities[] = {
    [LOG_LEVEL_ERROR] = '3', [LOG_LEVEL_WARNING] = '4', [LOG_LEVEL_NOTICE] = '5',
    [LOG_LEVEL_INFO] = '6',  [LOG_LEVEL_DEBUG] = '7',
};

void log_open(const char *program, enum log_level most)
{
    const char *stream = getenv("JOURNAL_STREAM");
    uintmax_t device, inode;
    struct stat status;

    state.program = program;
    state.most = most;
    /* systemd.exec(5): JOURNAL_STREAM holds the device and inode of the journal's end of stderr. */
    state.journal = stream && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
                    fstat(STDERR_FILENO, &status) == 0 && device == (uintmax_t)status.st_dev &&
                    inode == (uintmax_t)status.st_ino;
}

void log_set_level(enum log_level most)
{
    state.most = most;
}

bool log_wants(enum log_level level)
{
    return level <= state.most;
}

bool log_is_journal(void)
{
    return state.journal;
}

char log_priority(enum log_level level)
{
    return priorities[level];
}

static __attribute__((format(printf, 2, 0))) void write_line(enum log_level level,
                                                             const char *format, va_list arguments)
{
    char line[LINE_MAX_BYTES];
    int head, body;
    size_t length;

    if (!log_wants(level))
        return;
    head = state.journal ? snprintf(line, sizeof(line), "<%c>", priorities[level])
                         : snprintf(line, sizeof(line), "%s: ", state.program);
    if (head < 0 || (size_t)head >= sizeof(line))
        return;
    body = vsnprintf(line + head, sizeof(line) - (size_t)head, format, arguments);
    if (body < 0)
        return;
    length = (size_t)head + (size_t)body;
    if (length > sizeof(line) - 1)
        length = sizeof(line) - 1;
    line[length++] = '\n';
    /* Nothing can be done about a log that cannot be written. */
    if (write(STDERR_FILENO, line, length) < 0)
        return;
}

#define DEFINE_LOG(name, level)                                                                    \
    void name(const char *format, ...)                                                             \
    {                                                                                              \
        va_list arguments;                                                                         \
                                                                                                   \
        va_start(arguments, format);                                                               \
        write_line(level, format, arguments);                                                      \
        va_end(arguments);                                                                         \
    }

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_notice, LOG_LEVEL_NOTICE)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
