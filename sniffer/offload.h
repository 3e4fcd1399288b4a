/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether bare checksums are usual: an interface that offloads shows frames of this machine's own
 * making before their sums are filled in, in one direction and all the time.  One bare sum among
 * whole ones is something else, and a host would drop it.
 */
#ifndef WILDSET_SNIFFER_OFFLOAD_H
#define WILDSET_SNIFFER_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

/* Matching messages of one direction on one interface; zero to begin with. */
struct offload {
    uint8_t seen, bare;
};

/* Counts a message, and tells whether a bare sum is usual with it included. */
bool offload_is_usual(struct offload *offload, bool bare);

#endif
