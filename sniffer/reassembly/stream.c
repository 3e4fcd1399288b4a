/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From segments to messages.  Everything that cannot be delivered yet lies in an assembly.
 */
#include "sniffer/reassembly/stream.h"

#include "base/bytes.h"
#include "dnsparse/answers/wire.h"
#include "dnsparse/names/dname.h"
#include "dnsparse/names/dns.h"

#include <string.h>

enum {
    PREFIX_SIZE = 2,
    MESSAGE_LEAST = WIRE_HEADER_SIZE,
    QUESTION_LEAST = 5, /* the root's name, type and class */
    BEGINNING_MAX = PREFIX_SIZE + WIRE_HEADER_SIZE + DNAME_MAX + 4,
    CLASS_ANY = 255,
};

/* ---- what begins a message ---- */

enum likeness {
    LIKE_NOTHING,
    LIKE_BEGINNING, /* so far as it goes */
    LIKE_MESSAGE,
};

/* The header's bits of a question (from the client) or an answer that anybody asks for over TCP. */
static bool header_is_likely(const uint8_t *header, size_t size,
                             const struct stream_segment *segment)
{
    uint16_t port = stream_server_port(segment);
    bool from_server = segment->source_port == port;
    bool both = from_server && segment->destination_port == port;

    if (size > 2 && (header[2] & 0x78) != 0) /* opcode */
        return false;
    if (size > 2 && !both && (header[2] >> 7 == 1) != from_server)
        return false;
    if (size > 3 && (header[3] & 0x40) != 0) /* reserved */
        return false;
    return (size <= 4 || header[4] == 0) && (size <= 5 || header[5] == 1); /* one question */
}

/* Whether a message with its length in front may start here; the bytes came with this segment. */
static enum likeness likeness(const uint8_t *bytes, size_t size,
                              const struct stream_segment *segment)
{
    struct wire_message message;
    size_t whole, left;

    if (size < PREFIX_SIZE)
        return LIKE_BEGINNING;
    whole = big_endian_16(bytes);
    left = size - PREFIX_SIZE < whole ? size - PREFIX_SIZE : whole;
    if (whole < MESSAGE_LEAST + QUESTION_LEAST ||
        !header_is_likely(bytes + PREFIX_SIZE, left, segment))
        return LIKE_NOTHING;
    if (wire_read(bytes + PREFIX_SIZE, left, &message))
        return message.question_class == CLASS_IN || message.question_class == CLASS_ANY
                   ? LIKE_MESSAGE
                   : LIKE_NOTHING;
    return left < whole && size < BEGINNING_MAX ? LIKE_BEGINNING : LIKE_NOTHING;
}

void stream_clear(struct stream *stream)
{
    assembly_clear(&stream->bytes);
    seen_bytes_clear(&stream->seen);
    stream->hole_ns = 0;
}

static void look_for_the_next(struct stream *stream)
{
    stream_clear(stream);
    stream->state = STREAM_JOINING;
    stream->tries = 0;
}

static void move_on(struct stream *stream, const uint8_t *bytes, uint32_t size)
{
    seen_bytes_append(&stream->seen, stream->base, bytes, size);
    stream->base += size;
    stream->hole_ns = 0;
}

/* ---- messages ---- */

/* Delivers all whole messages at the front.  False when what stands there is no message. */
static bool deliver_ready(struct stream *stream, const struct streams_hooks *hooks)
{
    uint32_t ready = assembly_ready(&stream->bytes), done = 0;
    const uint8_t *bytes = ready ? assembly_bytes(&stream->bytes) : NULL;

    while (ready - done >= PREFIX_SIZE) {
        const uint8_t *at = bytes + done;
        uint32_t size = big_endian_16(at);

        if (size < MESSAGE_LEAST)
            return false;
        if (ready - done < PREFIX_SIZE + size)
            break;
        hooks->message(hooks->context, at + PREFIX_SIZE, size);
        done += PREFIX_SIZE + size;
    }
    if (done) {
        move_on(stream, bytes, done);
        assembly_consume(&stream->bytes, done);
    }
    return true;
}

/* The usual case without a copy: a segment that starts at `base` and holds whole messages only. */
static bool deliver_whole(struct stream *stream, const struct stream_segment *segment,
                          const struct streams_hooks *hooks)
{
    const uint8_t *at = segment->payload, *end = at + segment->payload_size;

    if (segment->sequence != stream->base || stream->bytes.range_count)
        return false;
    while (end - at >= PREFIX_SIZE && big_endian_16(at) >= MESSAGE_LEAST &&
           end - at >= PREFIX_SIZE + big_endian_16(at))
        at += PREFIX_SIZE + big_endian_16(at);
    if (at != end)
        return false;
    for (at = segment->payload; at != end; at += PREFIX_SIZE + big_endian_16(at))
        hooks->message(hooks->context, at + PREFIX_SIZE, big_endian_16(at));
    move_on(stream, segment->payload, (uint32_t)segment->payload_size);
    return true;
}

/* Where the next byte is expected: a reset anywhere else is not the peer's (RFC 5961 section 3). */
static uint32_t next_sequence(const struct stream *stream)
{
    return stream->base + assembly_ready(&stream->bytes);
}

static enum streams_outcome add_bytes(struct stream *stream, const struct stream_segment *segment,
                                      uint32_t skip, uint64_t now_ns,
                                      const struct streams_hooks *hooks)
{
    enum assembly_outcome outcome =
        assembly_add(&stream->bytes, segment->sequence + skip - stream->base,
                     segment->payload + skip, segment->payload_size - skip, STREAM_WINDOW_MAX);

    if (outcome == ASSEMBLY_FULL) {
        if (stream->hole_ns == 0)
            stream->hole_ns = now_ns;
        return STREAMS_LOST;
    }
    if (!deliver_ready(stream, hooks)) {
        look_for_the_next(stream);
        stream->tries = STREAM_TRIES_MAX; /* what is no message says so until one is found */
        return STREAMS_GIVEN_UP;
    }
    if (stream->hole_ns == 0 &&
        stream->bytes.range_count > (assembly_ready(&stream->bytes) ? 1 : 0))
        stream->hole_ns = now_ns;
    if (outcome == ASSEMBLY_DIFFERS)
        return STREAMS_CONFLICT;
    return outcome == ASSEMBLY_KNOWN ? STREAMS_DUPLICATE : STREAMS_OK;
}

static enum streams_outcome compare_delivered(const struct stream *stream,
                                              const struct stream_segment *segment)
{
    return seen_bytes_agrees(&stream->seen, stream->base, segment->sequence, segment->payload,
                             segment->payload_size)
               ? STREAMS_DUPLICATE
               : STREAMS_CONFLICT;
}

static enum streams_outcome add_payload(struct stream *stream, const struct stream_segment *segment,
                                        uint64_t now_ns, const struct streams_hooks *hooks)
{
    uint32_t behind = stream->base - segment->sequence, skip = 0, next = next_sequence(stream);
    enum streams_outcome outcome = STREAMS_OK;

    /* A keep-alive may carry one octet of garbage at the place of the last one sent (RFC 9293
     * section 3.8.4): it is no other copy of that. */
    if (segment->payload_size == 1 && segment->sequence == next - 1)
        return STREAMS_DUPLICATE;
    enum streams_outcome past = compare_delivered(stream, segment);
    if ((int32_t)behind > 0) { /* it starts before `base`, modulo 2^32 (RFC 9293 section 3.4) */
        if (behind >= segment->payload_size)
            return past;
        skip = behind;
    }
    if (!deliver_whole(stream, segment, hooks))
        outcome = add_bytes(stream, segment, skip, now_ns, hooks);
    if (next_sequence(stream) != next)
        stream->moved_ns = now_ns;
    return past == STREAMS_CONFLICT && outcome != STREAMS_GIVEN_UP ? past : outcome;
}

/* ---- joined on the way ---- */

/* What `base` is by this; LIKE_BEGINNING keeps the segment. */
static void guess(struct stream *stream, const struct stream_segment *segment, enum likeness what)
{
    switch (what) {
    case LIKE_MESSAGE:
        stream->state = STREAM_SYNCED;
        stream->tries = 0;
        return;
    case LIKE_BEGINNING:
        stream->state = STREAM_GUESSED;
        if (assembly_add(&stream->bytes, segment->sequence - stream->base, segment->payload,
                         segment->payload_size, BEGINNING_MAX) != ASSEMBLY_FULL)
            return;
        break; /* out of memory */
    case LIKE_NOTHING:
        break;
    }
    stream_clear(stream);
    stream->state = STREAM_JOINING;
    if (stream->tries < STREAM_TRIES_MAX)
        stream->tries++;
}

/*
 * A length and its message may be segments of their own, and the message's first bytes too: what
 * may be a beginning waits for the segment behind it.
 */
static void join(struct stream *stream, const struct stream_segment *segment)
{
    enum likeness what = LIKE_NOTHING;
    uint8_t bytes[BEGINNING_MAX];

    if (stream->state == STREAM_GUESSED && segment->sequence == next_sequence(stream)) {
        /* With the bytes that were kept in front of it. */
        size_t kept = assembly_ready(&stream->bytes), more = sizeof(bytes) - kept;

        if (more > segment->payload_size)
            more = segment->payload_size;
        memcpy(bytes, assembly_bytes(&stream->bytes), kept);
        memcpy(bytes + kept, segment->payload, more);
        what = likeness(bytes, kept + more, segment);
    }
    if (what == LIKE_NOTHING) {
        stream_clear(stream);
        stream->base = segment->sequence;
        what = likeness(segment->payload, segment->payload_size, segment);
    }
    guess(stream, segment, what);
}

/* ---- where it starts ---- */

static void stream_begin_at(struct stream *stream, uint32_t first)
{
    stream_clear(stream);
    stream->state = STREAM_SYNCED;
    stream->begun = true;
    stream->first = stream->base = first;
    stream->moved_ns = 0;
}

static unsigned claim_count(const struct stream *stream)
{
    return stream->claims_made < STREAM_CLAIMS_MAX ? stream->claims_made : STREAM_CLAIMS_MAX;
}

/*
 * A SYN starts anew, unless it is a copy of the one that started this stream, or comes in the midst
 * of it: a host answers such a one with a challenge (RFC 5961 section 4), and forgets nothing.
 */
void stream_start(struct stream *stream, const struct stream_segment *segment)
{
    uint32_t first = segment->sequence + 1;

    if (stream->begun && stream->first == first)
        return;
    if (stream->state == STREAM_NEW || stream->state == STREAM_ENDED) {
        stream_begin_at(stream, first);
        stream->claims_made = 0;
        return;
    }
    for (unsigned i = 0; i < claim_count(stream); i++) {
        if (stream->claims[i].next == first)
            return;
    }
    stream->claims[stream->claims_made++ % STREAM_CLAIMS_MAX] =
        (struct stream_claim){.next = first, .late = stream->moved_ns != 0};
}

/*
 * The claim that stands for this number.  Claims as old as the stream's own start are as good as
 * that; where the stream was becomes the claim.  False when there is none.
 */
static bool take_up_claim(struct stream *stream, uint32_t number, uint64_t now_ns)
{
    bool silent = stream->moved_ns + STREAM_ALIVE_NS <= now_ns;
    uint32_t base = stream->base;

    for (unsigned i = 0; i < claim_count(stream); i++) {
        struct stream_claim *claimed = &stream->claims[i];

        if (claimed->next != number || (claimed->late && !silent))
            continue;
        stream_begin_at(stream, claimed->next);
        claimed->next = base;
        return true;
    }
    return false;
}

bool stream_accepts(struct stream *stream, uint32_t acknowledgment, uint64_t now_ns)
{
    uint32_t ahead = acknowledgment - next_sequence(stream) + STREAM_WINDOW_MAX;

    return ahead <= 2 * STREAM_WINDOW_MAX || take_up_claim(stream, acknowledgment, now_ns);
}

enum streams_outcome stream_read(struct stream *stream, const struct stream_segment *segment,
                                 bool agreed, uint64_t now_ns, const struct streams_hooks *hooks)
{
    bool lost = stream->hole_ns && stream->hole_ns + STREAM_HOLE_NS < now_ns;
    enum streams_outcome outcome;

    if (segment->sequence != next_sequence(stream))
        take_up_claim(stream, segment->sequence, now_ns);
    /* Of the stream that ended, and not of one after it whose SYN was not seen. */
    if (stream->state == STREAM_ENDED &&
        segment->sequence - stream->base + STREAM_WINDOW_MAX < 2u * STREAM_WINDOW_MAX)
        return compare_delivered(stream, segment);
    if (stream->state == STREAM_ENDED || lost)
        look_for_the_next(stream);
    if (stream->state != STREAM_SYNCED && !agreed)
        return STREAMS_LOST;
    if (stream->state != STREAM_SYNCED)
        join(stream, segment);
    if (stream->state == STREAM_GUESSED)
        return STREAMS_OK;
    if (stream->state != STREAM_SYNCED)
        return stream->tries < STREAM_TRIES_MAX ? STREAMS_LOST : STREAMS_GIVEN_UP;
    outcome = add_payload(stream, segment, now_ns, hooks);
    return lost && outcome == STREAMS_OK ? STREAMS_LOST : outcome;
}

/* ---- where it ends ---- */

bool stream_is_ended_by(const struct stream *stream, const struct stream_segment *segment)
{
    uint32_t at = segment->sequence + (uint32_t)segment->payload_size;

    return stream->state == STREAM_SYNCED && at == next_sequence(stream);
}

/* What it delivered stays, for copies to be held against. */
void stream_end(struct stream *stream)
{
    assembly_clear(&stream->bytes);
    stream->hole_ns = 0;
    stream->state = STREAM_ENDED;
}

void stream_make_room(struct stream *stream)
{
    if (stream->bytes.capacity)
        look_for_the_next(stream);
    else
        stream_clear(stream);
}
