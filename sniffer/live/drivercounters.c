/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A few files of /sys/class/net, kept open.
 */
#include "sniffer/live/drivercounters.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void counter_init(struct drivercounter *counter)
{
    counter->before = 0;
    for (unsigned i = 0; i < DRIVERCOUNTERS_FILES; i++)
        counter->files[i] = -1;
}

static uint64_t counter_read(const struct drivercounter *counter)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < DRIVERCOUNTERS_FILES; i++) {
        char text[32] = "";

        if (counter->files[i] < 0)
            continue;
        if (pread(counter->files[i], text, sizeof(text) - 1, 0) > 0)
            sum += strtoull(text, NULL, 10);
    }
    return sum;
}

static void counter_open(struct drivercounter *counter, const char *interface,
                         const char *const names[static DRIVERCOUNTERS_FILES])
{
    char path[128];

    for (unsigned i = 0; i < DRIVERCOUNTERS_FILES; i++) {
        snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", interface, names[i]);
        counter->files[i] = open(path, O_RDONLY | O_CLOEXEC);
    }
    counter->before = counter_read(counter);
}

static void counter_close(struct drivercounter *counter)
{
    for (unsigned i = 0; i < DRIVERCOUNTERS_FILES; i++) {
        if (counter->files[i] >= 0)
            close(counter->files[i]);
    }
    counter_init(counter);
}

void drivercounters_init(struct drivercounters *counters)
{
    counter_init(&counters->dropped);
    counter_init(&counters->frames);
}

void drivercounters_open(struct drivercounters *counters, const char *interface)
{
    static const char *const dropped[] = {"rx_missed_errors", "rx_fifo_errors"};
    static const char *const frames[] = {"rx_packets", "tx_packets"};

    counter_open(&counters->dropped, interface, dropped);
    counter_open(&counters->frames, interface, frames);
}

void drivercounters_close(struct drivercounters *counters)
{
    counter_close(&counters->dropped);
    counter_close(&counters->frames);
}

uint64_t drivercounters_dropped(const struct drivercounters *counters)
{
    return counter_read(&counters->dropped) - counters->dropped.before;
}

uint64_t drivercounters_frames(const struct drivercounters *counters)
{
    return counter_read(&counters->frames) - counters->frames.before;
}
