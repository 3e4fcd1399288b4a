/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stream of one resolver as frames (Frame Streams): the handshake of either kind, then data,
 * then an orderly end.  Bytes go in as they come, frames come out one by one.  No I/O.
 */
#ifndef WILDSET_DNSTAP_FRAMING_H
#define WILDSET_DNSTAP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAMING_DATA_MAX = 2 * 65535 + 2048, /* two DNS messages and what is told of them */
    FRAMING_CONTROL_MAX = 512,           /* what the format allows */
    FRAMING_LENGTH_SIZE = 4,
    FRAMING_ROOM = FRAMING_LENGTH_SIZE + FRAMING_DATA_MAX,
};

enum framing_stage {
    FRAMING_NEW,     /* READY or START */
    FRAMING_READY,   /* ACCEPT was sent: START */
    FRAMING_STARTED, /* data, until STOP */
    FRAMING_OVER,
};

struct framing {
    enum framing_stage stage;
    bool answers;      /* it said READY, and waits for what we say */
    size_t used, next; /* bytes that are there; of these dealt with */
    uint8_t bytes[FRAMING_ROOM];
};

enum framing_event {
    FRAMING_WAITS,   /* for more bytes */
    FRAMING_DATA,    /* a frame, lent until the next call */
    FRAMING_REPLY,   /* bytes to be sent, lent likewise */
    FRAMING_GOODBYE, /* the same, and then nothing more comes */
    FRAMING_ENDED,   /* in order, without a word */
    FRAMING_BROKEN,  /* it is no Frame Stream of dnstap */
};

struct framing_piece {
    const uint8_t *bytes;
    size_t size;
};

void framing_init(struct framing *framing);
/* Where the next bytes go, and how many; framing_next is called until it waits before that. */
uint8_t *framing_room(struct framing *framing, size_t *room);
void framing_filled(struct framing *framing, size_t size);
enum framing_event framing_next(struct framing *framing, struct framing_piece *out);
/* In the midst of a frame, or of the handshake: what must not last. */
bool framing_is_halfway(const struct framing *framing);

#endif
