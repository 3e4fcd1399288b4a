/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How an answer that is about to come is awaited without a deep sleep: the kernel keeps the CPUs
 * out of it while /dev/cpu_dma_latency says so (Documentation/admin-guide/pm in the kernel's tree);
 * where that is not to be had and there is another CPU to spare, by looking at the ring without
 * blocking.
 */
#ifndef WILDSET_SNIFFER_AWAKE_H
#define WILDSET_SNIFFER_AWAKE_H

#include <stdbool.h>

enum awake_means {
    AWAKE_NONE,
    AWAKE_DEVICE,
    AWAKE_LOOKING,
};

struct awake {
    enum awake_means means;
    int fd;
    bool held;
};

/* `fd` may be closed.  Before the sandbox. */
struct awake awake_open(int fd);
/* Begins or ends it; only a change does anything.  A device that fails is not used again. */
void awake_set(struct awake *awake, bool held);
/* The loop must not sleep now. */
bool awake_looks(const struct awake *awake);

#endif
