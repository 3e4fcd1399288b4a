/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A few files of /sys/class/net, kept open.
 */
#include "sniffer/live/drivercounters.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const names[DRIVERCOUNTERS][DRIVERCOUNTER_FILES] = {
    [DRIVERCOUNTER_DROPPED] = {"rx_missed_errors", "rx_fifo_errors"},
    [DRIVERCOUNTER_FRAMES] = {"rx_packets", "tx_packets"},
};

void drivercounters_init(struct drivercounters *counters)
{
    for (unsigned i = 0; i < DRIVERCOUNTERS; i++) {
        counters->before[i] = 0;
        for (unsigned k = 0; k < DRIVERCOUNTER_FILES; k++)
            counters->files[i][k] = -1;
    }
}

void drivercounters_open(struct drivercounters *counters, const char *interface)
{
    char path[128];

    for (unsigned i = 0; i < DRIVERCOUNTERS; i++) {
        for (unsigned k = 0; k < DRIVERCOUNTER_FILES; k++) {
            snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", interface, names[i][k]);
            counters->files[i][k] = open(path, O_RDONLY | O_CLOEXEC);
        }
        counters->before[i] = drivercounters_read(counters, i);
    }
}

void drivercounters_close(struct drivercounters *counters)
{
    for (unsigned i = 0; i < DRIVERCOUNTERS; i++) {
        for (unsigned k = 0; k < DRIVERCOUNTER_FILES; k++) {
            if (counters->files[i][k] >= 0)
                close(counters->files[i][k]);
        }
    }
    drivercounters_init(counters);
}

uint64_t drivercounters_read(const struct drivercounters *counters, enum drivercounter which)
{
    uint64_t sum = 0;

    for (unsigned k = 0; k < DRIVERCOUNTER_FILES; k++) {
        int file = counters->files[which][k];
        char text[32] = "";

        if (file >= 0 && pread(file, text, sizeof(text) - 1, 0) > 0)
            sum += strtoull(text, NULL, 10);
    }
    return sum - counters->before[which];
}
