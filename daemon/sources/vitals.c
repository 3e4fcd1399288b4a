/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/stat.  The second field is the program's name in parentheses and may hold anything, so
 * the fields are counted from the last closing one.
 */
#include "daemon/sources/vitals.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    STAT_MAX = 1024,
    SPINNING_TICKS = 20, /* of 100 a second: what has had so much had its chance */
};

struct vitals vitals_from_text(const char *text)
{
    const char *behind = strrchr(text, ')');
    unsigned long long user, system;
    char state;

    /* state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime stime */
    if (!behind || sscanf(behind + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                          &state, &user, &system) != 3)
        return (struct vitals){.state = 0};
    return (struct vitals){.state = state, .cpu_ticks = user + system};
}

struct vitals vitals_read(pid_t pid)
{
    char path[64], text[STAT_MAX];
    ssize_t size;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return (struct vitals){.state = 0};
    size = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[size > 0 ? size : 0] = '\0';
    return vitals_from_text(text);
}

enum vitals_verdict vitals_judge(const struct vitals *before, const struct vitals *now)
{
    switch (now->state) {
    case 'T':
    case 't':
        return VITALS_STOPPED;
    case 'D':
        return VITALS_WAITS;
    case 'R':
        return now->cpu_ticks - before->cpu_ticks < SPINNING_TICKS ? VITALS_WAITS : VITALS_HANGS;
    default:
        return VITALS_HANGS;
    }
}
