/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two files of /sys/class/net, kept open.
 */
#include "sniffer/drivercounters.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void drivercounters_init(struct drivercounters *counters)
{
    counters->before = 0;
    for (unsigned i = 0; i < DRIVERCOUNTERS_FILES; i++)
        counters->files[i] = -1;
}

static uint64_t read_all(const struct drivercounters *counters)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < DRIVERCOUNTERS_FILES; i++) {
        char text[32] = "";

        if (counters->files[i] < 0)
            continue;
        if (pread(counters->files[i], text, sizeof(text) - 1, 0) > 0)
            sum += strtoull(text, NULL, 10);
    }
    return sum;
}

void drivercounters_open(struct drivercounters *counters, const char *interface)
{
    static const char *const names[DRIVERCOUNTERS_FILES] = {"rx_missed_errors", "rx_fifo_errors"};
    char path[128];

    for (unsigned i = 0; i < DRIVERCOUNTERS_FILES; i++) {
        snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", interface, names[i]);
        counters->files[i] = open(path, O_RDONLY | O_CLOEXEC);
    }
    counters->before = read_all(counters);
}

void drivercounters_close(struct drivercounters *counters)
{
    for (unsigned i = 0; i < DRIVERCOUNTERS_FILES; i++) {
        if (counters->files[i] >= 0)
            close(counters->files[i]);
    }
    drivercounters_init(counters);
}

uint64_t drivercounters_dropped(const struct drivercounters *counters)
{
    return read_all(counters) - counters->before;
}
