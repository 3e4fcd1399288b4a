/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table of streams with an order of last use.  A stream knows the sequence number at which
 * its next message starts; everything behind it that cannot be delivered yet lies in an assembly.
 */
#include "sniffer/streams.h"

#include "runtime/siphash.h"
#include "sniffer/assembly.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    PREFIX_SIZE = 2,
    MESSAGE_LEAST = 12, /* a DNS header */
    BUCKETS = 8192,     /* a power of two */
    DELIVERED_KEPT = 4, /* segments already delivered that a retransmission is compared with */
    NONE = UINT16_MAX,
};

enum stream_state {
    STREAM_SYNCED,  /* `base` is the start of a message */
    STREAM_JOINING, /* looking for one */
    STREAM_DEAD,    /* given up: remembered so that nothing more is tried */
    STREAM_ENDED,   /* closed in order: remembered so that a mirrored copy is no new one */
};

struct delivered {
    uint32_t sequence, size;
    uint64_t digest;
};

struct stream {
    uint64_t key[2];
    uint64_t seen_ns;
    uint64_t hole_ns; /* since when bytes wait behind a hole; 0: none do */
    enum stream_state state;
    uint32_t base;
    uint32_t first; /* what followed the SYN */
    bool begun;     /* `first` is known */
    uint16_t tries;
    uint16_t next_in_bucket, newer, older;
    uint16_t next_delivered;
    struct delivered delivered[DELIVERED_KEPT];
    struct assembly bytes; /* offset 0 is `base` */
};

struct streams {
    struct siphash_key hash_key;
    size_t bytes;
    unsigned open;
    uint16_t newest, oldest, free;
    uint16_t buckets[BUCKETS];
    struct stream entries[STREAMS_MAX];
};

struct streams *streams_new(void)
{
    struct streams *streams = calloc(1, sizeof(*streams));

    if (!streams || siphash_key_random(&streams->hash_key) < 0) {
        free(streams);
        return NULL;
    }
    memset(streams->buckets, 0xff, sizeof(streams->buckets));
    streams->newest = streams->oldest = NONE;
    return streams;
}

void streams_free(struct streams *streams)
{
    if (!streams)
        return;
    for (uint16_t i = streams->oldest; i != NONE; i = streams->entries[i].newer)
        assembly_clear(&streams->entries[i].bytes);
    free(streams);
}

unsigned streams_open(const struct streams *streams)
{
    return streams->open;
}

size_t streams_bytes(const struct streams *streams)
{
    return streams->bytes;
}

static uint16_t index_of(const struct streams *streams, const struct stream *stream)
{
    return (uint16_t)(stream - streams->entries);
}

static void unlink_order(struct streams *streams, struct stream *stream)
{
    if (stream->newer != NONE)
        streams->entries[stream->newer].older = stream->older;
    else
        streams->newest = stream->older;
    if (stream->older != NONE)
        streams->entries[stream->older].newer = stream->newer;
    else
        streams->oldest = stream->newer;
}

static void link_newest(struct streams *streams, struct stream *stream)
{
    stream->newer = NONE;
    stream->older = streams->newest;
    if (streams->newest != NONE)
        streams->entries[streams->newest].newer = index_of(streams, stream);
    else
        streams->oldest = index_of(streams, stream);
    streams->newest = index_of(streams, stream);
}

static void drop_bytes(struct streams *streams, struct stream *stream)
{
    streams->bytes -= stream->bytes.capacity;
    assembly_clear(&stream->bytes);
    stream->hole_ns = 0;
}

static void close_stream(struct streams *streams, struct stream *stream)
{
    uint16_t *link = &streams->buckets[stream->key[0] % BUCKETS];

    while (*link != index_of(streams, stream))
        link = &streams->entries[*link].next_in_bucket;
    *link = stream->next_in_bucket;
    unlink_order(streams, stream);
    drop_bytes(streams, stream);
    streams->open--;
    /* Entries are handed out in order first, so untouched ones cost no memory; then reused. */
    stream->next_in_bucket = streams->free;
    streams->free = (uint16_t)(index_of(streams, stream) + 1);
}

static void close_idle(struct streams *streams, uint64_t now_ns)
{
    while (streams->oldest != NONE &&
           streams->entries[streams->oldest].seen_ns + STREAM_IDLE_NS < now_ns)
        close_stream(streams, &streams->entries[streams->oldest]);
}

static struct stream *find(struct streams *streams, const uint64_t key[static 2])
{
    for (uint16_t i = streams->buckets[key[0] % BUCKETS]; i != NONE;
         i = streams->entries[i].next_in_bucket)
        if (memcmp(streams->entries[i].key, key, sizeof(streams->entries[i].key)) == 0)
            return &streams->entries[i];
    return NULL;
}

static struct stream *take_entry(struct streams *streams)
{
    struct stream *stream;

    if (streams->free == 0 && streams->open == STREAMS_MAX)
        close_stream(streams, &streams->entries[streams->oldest]);
    if (streams->free == 0)
        return &streams->entries[streams->open];
    stream = &streams->entries[streams->free - 1];
    streams->free = stream->next_in_bucket;
    return stream;
}

static struct stream *open_stream(struct streams *streams, const uint64_t key[static 2])
{
    struct stream *stream = take_entry(streams);
    uint16_t *bucket = &streams->buckets[key[0] % BUCKETS];

    *stream = (struct stream){.key = {key[0], key[1]}, .state = STREAM_JOINING};
    stream->next_in_bucket = *bucket;
    *bucket = index_of(streams, stream);
    link_newest(streams, stream);
    streams->open++;
    return stream;
}

static void make_key(const struct streams *streams, const struct stream_segment *segment,
                     uint64_t key[static 2])
{
    struct {
        struct address source, destination;
        uint8_t ports[4];
    } fields = {.source = segment->source, .destination = segment->destination};

    memcpy(fields.ports, &segment->source_port, 2);
    memcpy(fields.ports + 2, &segment->destination_port, 2);
    siphash128(&streams->hash_key, &fields, sizeof(fields), key);
}

static uint32_t message_size(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* What a message at the start of a segment looks like: one question, an ordinary opcode, room. */
static bool looks_like_a_message(const uint8_t *bytes, size_t size)
{
    return size >= PREFIX_SIZE + MESSAGE_LEAST && message_size(bytes) >= MESSAGE_LEAST &&
           (bytes[PREFIX_SIZE + 2] & 0x78) == 0 && bytes[PREFIX_SIZE + 4] == 0 &&
           bytes[PREFIX_SIZE + 5] == 1;
}

static void remember_delivered(struct streams *streams, struct stream *stream,
                               const struct stream_segment *segment)
{
    stream->delivered[stream->next_delivered] = (struct delivered){
        .sequence = segment->sequence,
        .size = (uint32_t)segment->payload_size,
        .digest = siphash(&streams->hash_key, segment->payload, segment->payload_size),
    };
    stream->next_delivered = (stream->next_delivered + 1) % DELIVERED_KEPT;
}

/* A segment behind `base`: all that is left of those bytes is the digest of whole segments. */
static enum streams_outcome compare_delivered(const struct streams *streams,
                                              const struct stream *stream,
                                              const struct stream_segment *segment)
{
    for (unsigned i = 0; i < DELIVERED_KEPT; i++) {
        const struct delivered *old = &stream->delivered[i];

        if (old->sequence != segment->sequence || old->size != segment->payload_size)
            continue;
        return old->digest == siphash(&streams->hash_key, segment->payload, segment->payload_size)
                   ? STREAMS_DUPLICATE
                   : STREAMS_CONFLICT;
    }
    return STREAMS_DUPLICATE;
}

static enum streams_outcome give_up(struct streams *streams, struct stream *stream)
{
    drop_bytes(streams, stream);
    stream->state = STREAM_DEAD;
    return STREAMS_GIVEN_UP;
}

static void look_for_the_next(struct streams *streams, struct stream *stream)
{
    drop_bytes(streams, stream);
    stream->state = STREAM_JOINING;
    stream->tries = 0;
}

static void consume(struct streams *streams, struct stream *stream, uint32_t size)
{
    streams->bytes -= stream->bytes.capacity;
    assembly_consume(&stream->bytes, size);
    streams->bytes += stream->bytes.capacity;
    stream->base += size;
    if (size)
        stream->hole_ns = 0;
}

/* Delivers all whole messages at the front.  False when what stands there is no message. */
static bool deliver_ready(struct streams *streams, struct stream *stream,
                          const struct streams_hooks *hooks)
{
    uint32_t ready = assembly_ready(&stream->bytes), done = 0, size = 0;

    while (ready - done >= PREFIX_SIZE) {
        const uint8_t *at = stream->bytes.bytes + done;

        size = message_size(at);
        if (size < MESSAGE_LEAST)
            return false;
        if (ready - done < PREFIX_SIZE + size)
            break;
        hooks->message(hooks->context, at + PREFIX_SIZE, size);
        done += PREFIX_SIZE + size;
    }
    consume(streams, stream, done);
    return true;
}

/* The usual case without a copy: a segment that starts at `base` and holds whole messages only. */
static bool deliver_whole(struct stream *stream, const struct stream_segment *segment,
                          const struct streams_hooks *hooks)
{
    const uint8_t *at = segment->payload, *end = at + segment->payload_size;

    if (segment->sequence != stream->base || stream->bytes.range_count)
        return false;
    while (end - at >= PREFIX_SIZE && message_size(at) >= MESSAGE_LEAST &&
           (size_t)(end - at) >= PREFIX_SIZE + message_size(at))
        at += PREFIX_SIZE + message_size(at);
    if (at != end)
        return false;
    for (at = segment->payload; at != end; at += PREFIX_SIZE + message_size(at))
        hooks->message(hooks->context, at + PREFIX_SIZE, message_size(at));
    stream->base += (uint32_t)segment->payload_size;
    stream->hole_ns = 0;
    return true;
}

static void keep_budget(struct streams *streams, const struct stream *spared)
{
    uint16_t i = streams->oldest;

    while (streams->bytes > STREAMS_BYTES_MAX && i != NONE) {
        struct stream *stream = &streams->entries[i];

        i = stream->newer;
        if (stream != spared && stream->bytes.capacity)
            look_for_the_next(streams, stream);
    }
}

static enum streams_outcome add_bytes(struct streams *streams, struct stream *stream,
                                      const struct stream_segment *segment, uint32_t skip,
                                      uint64_t now_ns, const struct streams_hooks *hooks)
{
    enum assembly_outcome outcome;

    streams->bytes -= stream->bytes.capacity;
    outcome =
        assembly_add(&stream->bytes, segment->sequence + skip - stream->base,
                     segment->payload + skip, segment->payload_size - skip, STREAM_WINDOW_MAX);
    streams->bytes += stream->bytes.capacity;
    if (outcome == ASSEMBLY_FULL) {
        if (stream->hole_ns == 0)
            stream->hole_ns = now_ns;
        return STREAMS_LOST;
    }
    if (!deliver_ready(streams, stream, hooks))
        return give_up(streams, stream);
    if (stream->hole_ns == 0 &&
        stream->bytes.range_count > (assembly_ready(&stream->bytes) ? 1 : 0))
        stream->hole_ns = now_ns;
    keep_budget(streams, stream);
    if (outcome == ASSEMBLY_DIFFERS)
        return STREAMS_CONFLICT;
    return outcome == ASSEMBLY_KNOWN ? STREAMS_DUPLICATE : STREAMS_OK;
}

static enum streams_outcome add_payload(struct streams *streams, struct stream *stream,
                                        const struct stream_segment *segment, uint64_t now_ns,
                                        const struct streams_hooks *hooks)
{
    uint32_t behind = stream->base - segment->sequence, skip = 0;
    enum streams_outcome outcome;

    if ((int32_t)behind > 0) { /* it starts before `base`, modulo 2^32 (RFC 9293 section 3.4) */
        if (behind >= segment->payload_size)
            return compare_delivered(streams, stream, segment);
        skip = behind;
    }
    if (deliver_whole(stream, segment, hooks)) {
        remember_delivered(streams, stream, segment);
        return STREAMS_OK;
    }
    outcome = add_bytes(streams, stream, segment, skip, now_ns, hooks);
    if (outcome == STREAMS_OK)
        remember_delivered(streams, stream, segment);
    return outcome;
}

/* True when the stream is in step now and the segment can be read. */
static bool join(struct stream *stream, const struct stream_segment *segment)
{
    if (looks_like_a_message(segment->payload, segment->payload_size)) {
        stream->state = STREAM_SYNCED;
        stream->base = segment->sequence;
        return true;
    }
    if (++stream->tries >= STREAM_TRIES_MAX)
        stream->state = STREAM_DEAD;
    return false;
}

/*
 * A SYN starts anew, unless it is a copy of the one that started this stream, or comes in the midst
 * of it: a host answers such a one with a challenge (RFC 5961 section 4), and so would forget
 * nothing.
 */
static void start(struct streams *streams, struct stream *stream,
                  const struct stream_segment *segment, uint64_t now_ns)
{
    uint32_t first = segment->sequence + 1;
    bool alive = stream->state == STREAM_SYNCED && stream->seen_ns + STREAM_ALIVE_NS > now_ns;

    if (stream->begun && (stream->first == first || alive))
        return;
    drop_bytes(streams, stream);
    memset(stream->delivered, 0, sizeof(stream->delivered));
    stream->state = STREAM_SYNCED;
    stream->begun = true;
    stream->first = stream->base = first;
}

/* Where the next byte is expected: a reset anywhere else is not the peer's (RFC 5961 section 3). */
static uint32_t next_sequence(const struct stream *stream)
{
    return stream->base + assembly_ready(&stream->bytes);
}

/* Of the stream that ended, and not of one after it whose SYN was not seen. */
static bool is_near(const struct stream *stream, const struct stream_segment *segment)
{
    return segment->sequence - stream->base + STREAM_WINDOW_MAX < 2u * STREAM_WINDOW_MAX;
}

static enum streams_outcome read_payload(struct streams *streams, struct stream *stream,
                                         const struct stream_segment *segment, uint64_t now_ns,
                                         const struct streams_hooks *hooks)
{
    bool lost = stream->hole_ns && stream->hole_ns + STREAM_HOLE_NS < now_ns;
    enum streams_outcome outcome;

    if (stream->state == STREAM_ENDED && is_near(stream, segment))
        return STREAMS_DUPLICATE;
    if (stream->state == STREAM_ENDED)
        look_for_the_next(streams, stream);
    if (lost)
        look_for_the_next(streams, stream);
    if (stream->state == STREAM_DEAD)
        return STREAMS_GIVEN_UP;
    if (stream->state == STREAM_JOINING && !join(stream, segment))
        return stream->state == STREAM_DEAD ? STREAMS_GIVEN_UP : STREAMS_LOST;
    outcome = add_payload(streams, stream, segment, now_ns, hooks);
    return lost && outcome == STREAMS_OK ? STREAMS_LOST : outcome;
}

/* RST and FIN where the next byte is expected end the stream; others are not the peer's. */
static void end(struct streams *streams, struct stream *stream,
                const struct stream_segment *segment)
{
    uint32_t at = segment->sequence + (uint32_t)segment->payload_size;

    if (stream->state != STREAM_SYNCED || at != next_sequence(stream))
        return;
    drop_bytes(streams, stream);
    stream->state = STREAM_ENDED;
}

static void touch(struct streams *streams, struct stream *stream, uint64_t now_ns)
{
    stream->seen_ns = now_ns;
    unlink_order(streams, stream);
    link_newest(streams, stream);
}

enum streams_outcome streams_add(struct streams *streams, const struct stream_segment *segment,
                                 uint64_t now_ns, const struct streams_hooks *hooks)
{
    struct stream_segment data = *segment;
    enum streams_outcome outcome = STREAMS_OK;
    struct stream *stream;
    uint64_t key[2];

    close_idle(streams, now_ns);
    make_key(streams, segment, key);
    stream = find(streams, key);
    if (!stream && !(segment->flags & STREAM_SYN) && segment->payload_size == 0)
        return STREAMS_OK;
    if (!stream)
        stream = open_stream(streams, key);
    if (segment->flags & STREAM_SYN) {
        start(streams, stream, segment, now_ns);
        data.sequence++;
    }
    touch(streams, stream, now_ns);
    if (data.payload_size)
        outcome = read_payload(streams, stream, &data, now_ns, hooks);
    if (segment->flags & (STREAM_RST | STREAM_FIN))
        end(streams, stream, &data);
    return outcome;
}
