/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One direction of a TCP connection to port 53: where its next message starts, what waits behind
 * that, and what stood in front of it.  Its owner is the table of streams, which counts the bytes.
 */
#ifndef WILDSET_SNIFFER_REASSEMBLY_STREAM_H
#define WILDSET_SNIFFER_REASSEMBLY_STREAM_H

#include "sniffer/reassembly/assembly.h"
#include "sniffer/reassembly/seen_bytes.h"
#include "sniffer/reassembly/streams.h"

enum { STREAM_CLAIMS_MAX = 4 };

enum stream_state {
    STREAM_NEW,
    STREAM_SYNCED,  /* `base` is the start of a message */
    STREAM_JOINING, /* looking for one */
    STREAM_GUESSED, /* `base` may be the start of one: the bytes from there on are too few to tell
                     */
    STREAM_ENDED,   /* closed in order: remembered so that a mirrored copy is no new one */
};

/*
 * Another SYN says that the stream starts here.  Of two only the hosts know which one is forged:
 * the segments that follow tell.
 */
struct stream_claim {
    uint32_t next; /* the sequence number of a segment that would take it up */
    bool late;     /* made when the stream was under way: that has to be silent for a while first */
};

/* All zero is a new one. */
struct stream {
    enum stream_state state;
    bool begun;     /* `first` is known */
    uint16_t tries; /* segments in a row that begin no message */
    uint32_t claims_made;
    uint32_t first; /* what followed the SYN */
    uint32_t base;
    uint64_t moved_ns; /* when bytes came that were next; 0: none did */
    uint64_t hole_ns;  /* since when bytes wait behind a hole; 0: none do */
    struct stream_claim claims[STREAM_CLAIMS_MAX]; /* the last ones made, round and round */
    struct seen_bytes seen;                        /* what stood in front of `base` */
    struct assembly bytes;                         /* offset 0 is `base` */
};

/* The bytes allocated for it. */
static inline uint32_t stream_holds(const struct stream *stream)
{
    return stream->bytes.capacity + stream->seen.capacity;
}

/*
 * Of one in step, whether the other host may acknowledge this: who does not see the stream can only
 * guess a number (RFC 5961 section 5).  A claim that is acknowledged is taken up.
 */
bool stream_accepts(struct stream *stream, uint32_t acknowledgment, uint64_t now_ns);
/* A SYN.  What the segment carries besides is stream_read's, with a sequence number one higher. */
void stream_start(struct stream *stream, const struct stream_segment *segment);
/*
 * A segment with bytes; messages that it completes are delivered before it returns.  `agreed`: the
 * other direction says nothing else of where both are, so that the stream may be joined here.
 */
enum streams_outcome stream_read(struct stream *stream, const struct stream_segment *segment,
                                 bool agreed, uint64_t now_ns, const struct streams_hooks *hooks);
/* Whether its FIN or RST is the peer's: it stands where the next byte is expected. */
bool stream_is_ended_by(const struct stream *stream, const struct stream_segment *segment);
void stream_end(struct stream *stream);
/* Gives up its bytes, and its place when some were waiting: it has to be found again. */
void stream_make_room(struct stream *stream);
void stream_clear(struct stream *stream);

#endif
