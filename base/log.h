/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line a fact, on stderr: "<priority>text" under systemd (sd-daemon(3) prefixes, when
 * JOURNAL_STREAM names stderr), "program: text" by hand.  Names go through dname_to_text before.
 */
#ifndef WILDSET_BASE_LOG_H
#define WILDSET_BASE_LOG_H

#include <stdbool.h>

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
};

/* `program` is kept, not copied.  Lines above `most` are not written. */
void log_open(const char *program, enum log_level most);
void log_set_level(enum log_level most);
bool log_wants(enum log_level level);
/* Whether stderr is systemd's journal. */
bool log_is_journal(void);
/* The digit of syslog(3): '3' for an error, '7' for debug. */
char log_priority(enum log_level level);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
