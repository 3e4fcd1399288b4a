/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one source has said, message by message: each is checked before anything in it is trusted,
 * and the parts of a long answer are put together.  Pure.
 */
#ifndef WILDSET_SOURCE_INBOX_H
#define WILDSET_SOURCE_INBOX_H

#include "source/message.h"

#include <stddef.h>

enum { INBOX_PARTS_MAX = 256 }; /* 4096 addresses: more A records than a 64 KiB message can hold */

struct inbox {
    enum source source;
    struct sighting *parts; /* of an answer that goes on */
    size_t count, room;
};

enum inbox_outcome {
    INBOX_PART,   /* kept: the answer goes on */
    INBOX_ANSWER, /* whole: `parts` and `count` of the delivery */
    INBOX_REFUSAL,
    INBOX_ALARM,
    INBOX_COUNTERS,
    INBOX_STATE,
    INBOX_ASKED,
    INBOX_REGISTRY,
    INBOX_CAUGHT_UP,
    INBOX_VIOLATION, /* `why`: the sender has to end */
};

struct inbox_delivery {
    const struct sighting *parts; /* borrowed until the next message */
    size_t count;
    const char *why;
};

void inbox_init(struct inbox *inbox, enum source source);
void inbox_free(struct inbox *inbox);
enum inbox_outcome inbox_take(struct inbox *inbox, const struct message *message,
                              struct inbox_delivery *out);

#endif
