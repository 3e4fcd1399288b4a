/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages on their way to the daemon: sent at once, kept in order when the channel is full.
 * Answers go first when room is short: refusals and alarms are told a hundred times a second
 * each at most, and an answer in several messages is taken whole or not at all.
 */
#ifndef WILDSET_SOURCE_OUTBOX_H
#define WILDSET_SOURCE_OUTBOX_H

#include "source/message.h"

#include <stdbool.h>
#include <stdint.h>

struct outbox;

/* Writes to this descriptor, which stays the caller's.  NULL when out of memory. */
struct outbox *outbox_new(int channel);
void outbox_free(struct outbox *outbox);

enum outbox_result {
    OUTBOX_TAKEN,
    OUTBOX_SUPPRESSED, /* a refusal or alarm too many this second, or no room for one */
    OUTBOX_LOST,       /* no room for (all of) an answer, counters or a state */
};
enum outbox_result outbox_put(struct outbox *outbox, const struct message *message,
                              uint64_t now_ns);
/* Sends it now or never: what says that something is about to come is of no use later. */
void outbox_hint(struct outbox *outbox, const struct message *message);
/* Sends what waits as far as the channel takes it.  0, or -EPIPE when the daemon is gone. */
int outbox_flush(struct outbox *outbox);
/* Something waits for the channel to become writable. */
bool outbox_waits(const struct outbox *outbox);

#endif
