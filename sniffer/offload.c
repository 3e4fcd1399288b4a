/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether bare checksums are usual, from counts that fade: halved at 64, so that the last hundred
 * messages decide.
 */
#include "sniffer/offload.h"

enum {
    OFFLOAD_SEEN_MAX = 64,
    OFFLOAD_SHARE = 4, /* one in so many makes it usual: a bridge shows frames of both kinds */
};

bool offload_is_usual(struct offload *offload, bool bare)
{
    offload->seen++;
    offload->bare += bare;
    bool usual = offload->bare * OFFLOAD_SHARE >= offload->seen;
    if (offload->seen >= OFFLOAD_SEEN_MAX) {
        offload->seen /= 2;
        offload->bare /= 2;
    }
    return usual;
}
