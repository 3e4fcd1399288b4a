/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table of streams with an order of last use.  A stream knows the sequence number at which
 * its next message starts; everything behind it that cannot be delivered yet lies in an assembly.
 */
#include "sniffer/streams.h"

#include "runtime/siphash.h"
#include "sniffer/assembly.h"
#include "sniffer/history.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    PREFIX_SIZE = 2,
    MESSAGE_LEAST = 12, /* a DNS header */
    BUCKETS = 8192,     /* a power of two */
    NONE = UINT16_MAX,
};

enum stream_state {
    STREAM_SYNCED,  /* `base` is the start of a message */
    STREAM_JOINING, /* looking for one */
    STREAM_DEAD,    /* given up: remembered so that nothing more is tried */
    STREAM_ENDED,   /* closed in order: remembered so that a mirrored copy is no new one */
};

/* Orders of last use: of all streams, and of those that hold bytes. */
enum order { ORDER_ALL, ORDER_HOLDING, ORDERS };

struct links {
    uint16_t newer, older;
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
    uint16_t next_in_bucket;
    struct links links[ORDERS];
    uint32_t held;          /* bytes allocated, as counted in all; not 0: in ORDER_HOLDING */
    struct history history; /* what stood in front of `base` */
    struct assembly bytes;  /* offset 0 is `base` */
};

struct streams {
    struct siphash_key hash_key;
    size_t bytes;
    unsigned open;
    uint16_t free;
    struct links ends[ORDERS]; /* the newest, the oldest */
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
    memset(streams->ends, 0xff, sizeof(streams->ends));
    return streams;
}

static uint16_t oldest(const struct streams *streams, enum order order)
{
    return streams->ends[order].older;
}

void streams_free(struct streams *streams)
{
    if (!streams)
        return;
    for (uint16_t i = oldest(streams, ORDER_HOLDING); i != NONE;
         i = streams->entries[i].links[ORDER_HOLDING].newer) {
        assembly_clear(&streams->entries[i].bytes);
        history_clear(&streams->entries[i].history);
    }
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

static void unlink_order(struct streams *streams, struct stream *stream, enum order order)
{
    struct links links = stream->links[order], *ends = &streams->ends[order];

    if (links.newer != NONE)
        streams->entries[links.newer].links[order].older = links.older;
    else
        ends->newer = links.older;
    if (links.older != NONE)
        streams->entries[links.older].links[order].newer = links.newer;
    else
        ends->older = links.newer;
}

static void link_newest(struct streams *streams, struct stream *stream, enum order order)
{
    struct links *ends = &streams->ends[order];

    stream->links[order] = (struct links){.newer = NONE, .older = ends->newer};
    if (ends->newer != NONE)
        streams->entries[ends->newer].links[order].newer = index_of(streams, stream);
    else
        ends->older = index_of(streams, stream);
    ends->newer = index_of(streams, stream);
}

/* Whatever has changed what the stream holds, the sum and the order follow. */
static void account(struct streams *streams, struct stream *stream)
{
    uint32_t holds = stream->bytes.capacity + stream->history.capacity;

    if (stream->held)
        unlink_order(streams, stream, ORDER_HOLDING);
    if (holds)
        link_newest(streams, stream, ORDER_HOLDING);
    streams->bytes = streams->bytes - stream->held + holds;
    stream->held = holds;
}

static void drop_bytes(struct streams *streams, struct stream *stream)
{
    assembly_clear(&stream->bytes);
    history_clear(&stream->history);
    stream->hole_ns = 0;
    account(streams, stream);
}

static void close_stream(struct streams *streams, struct stream *stream)
{
    uint16_t *link = &streams->buckets[stream->key[0] % BUCKETS];

    while (*link != index_of(streams, stream))
        link = &streams->entries[*link].next_in_bucket;
    *link = stream->next_in_bucket;
    unlink_order(streams, stream, ORDER_ALL);
    drop_bytes(streams, stream);
    streams->open--;
    /* Entries are handed out in order first, so untouched ones cost no memory; then reused. */
    stream->next_in_bucket = streams->free;
    streams->free = (uint16_t)(index_of(streams, stream) + 1);
}

static void close_idle(struct streams *streams, uint64_t now_ns)
{
    for (uint16_t i = oldest(streams, ORDER_ALL);
         i != NONE && streams->entries[i].seen_ns + STREAM_IDLE_NS < now_ns;
         i = oldest(streams, ORDER_ALL))
        close_stream(streams, &streams->entries[i]);
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
        close_stream(streams, &streams->entries[oldest(streams, ORDER_ALL)]);
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
    link_newest(streams, stream, ORDER_ALL);
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

static void move_on(struct stream *stream, const uint8_t *bytes, uint32_t size)
{
    history_append(&stream->history, stream->base, bytes, size);
    stream->base += size;
    stream->hole_ns = 0;
}

/* Delivers all whole messages at the front.  False when what stands there is no message. */
static bool deliver_ready(struct stream *stream, const struct streams_hooks *hooks)
{
    uint32_t ready = assembly_ready(&stream->bytes), done = 0;
    const uint8_t *bytes = ready ? assembly_bytes(&stream->bytes) : NULL;

    while (ready - done >= PREFIX_SIZE) {
        const uint8_t *at = bytes + done;
        uint32_t size = message_size(at);

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
    while (end - at >= PREFIX_SIZE && message_size(at) >= MESSAGE_LEAST &&
           (size_t)(end - at) >= PREFIX_SIZE + message_size(at))
        at += PREFIX_SIZE + message_size(at);
    if (at != end)
        return false;
    for (at = segment->payload; at != end; at += PREFIX_SIZE + message_size(at))
        hooks->message(hooks->context, at + PREFIX_SIZE, message_size(at));
    move_on(stream, segment->payload, (uint32_t)segment->payload_size);
    return true;
}

/* Of the streams that hold bytes the one idle for longest gives them up: its past, and its place.
 */
static void keep_budget(struct streams *streams, const struct stream *spared)
{
    while (streams->bytes > STREAMS_BYTES_MAX) {
        struct stream *stream = &streams->entries[oldest(streams, ORDER_HOLDING)];

        if (stream == spared)
            return;
        if (stream->bytes.capacity)
            look_for_the_next(streams, stream);
        else
            drop_bytes(streams, stream);
    }
}

static enum streams_outcome add_bytes(struct streams *streams, struct stream *stream,
                                      const struct stream_segment *segment, uint32_t skip,
                                      uint64_t now_ns, const struct streams_hooks *hooks)
{
    enum assembly_outcome outcome =
        assembly_add(&stream->bytes, segment->sequence + skip - stream->base,
                     segment->payload + skip, segment->payload_size - skip, STREAM_WINDOW_MAX);

    if (outcome == ASSEMBLY_FULL) {
        if (stream->hole_ns == 0)
            stream->hole_ns = now_ns;
        return STREAMS_LOST;
    }
    if (!deliver_ready(stream, hooks))
        return give_up(streams, stream);
    if (stream->hole_ns == 0 &&
        stream->bytes.range_count > (assembly_ready(&stream->bytes) ? 1 : 0))
        stream->hole_ns = now_ns;
    if (outcome == ASSEMBLY_DIFFERS)
        return STREAMS_CONFLICT;
    return outcome == ASSEMBLY_KNOWN ? STREAMS_DUPLICATE : STREAMS_OK;
}

/* Where the next byte is expected: a reset anywhere else is not the peer's (RFC 5961 section 3). */
static uint32_t next_sequence(const struct stream *stream)
{
    return stream->base + assembly_ready(&stream->bytes);
}

/*
 * A keep-alive may carry one octet of garbage at the place of the last one sent (RFC 9293 section
 * 3.8.4): it is no other copy of that.
 */
static bool is_keep_alive(const struct stream *stream, const struct stream_segment *segment)
{
    return segment->payload_size == 1 && segment->sequence == next_sequence(stream) - 1;
}

static enum streams_outcome compare_delivered(const struct stream *stream,
                                              const struct stream_segment *segment)
{
    return history_agrees(&stream->history, stream->base, segment->sequence, segment->payload,
                          segment->payload_size)
               ? STREAMS_DUPLICATE
               : STREAMS_CONFLICT;
}

static enum streams_outcome add_payload(struct streams *streams, struct stream *stream,
                                        const struct stream_segment *segment, uint64_t now_ns,
                                        const struct streams_hooks *hooks)
{
    uint32_t behind = stream->base - segment->sequence, skip = 0;
    enum streams_outcome outcome = STREAMS_OK;

    if (is_keep_alive(stream, segment))
        return STREAMS_DUPLICATE;
    enum streams_outcome past = compare_delivered(stream, segment);
    if ((int32_t)behind > 0) { /* it starts before `base`, modulo 2^32 (RFC 9293 section 3.4) */
        if (behind >= segment->payload_size)
            return past;
        skip = behind;
    }
    if (!deliver_whole(stream, segment, hooks))
        outcome = add_bytes(streams, stream, segment, skip, now_ns, hooks);
    account(streams, stream);
    keep_budget(streams, stream);
    return past == STREAMS_CONFLICT && outcome != STREAMS_GIVEN_UP ? past : outcome;
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
    stream->state = STREAM_SYNCED;
    stream->begun = true;
    stream->first = stream->base = first;
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
        return compare_delivered(stream, segment);
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

static void end_stream(struct streams *streams, struct stream *stream)
{
    assembly_clear(&stream->bytes);
    stream->hole_ns = 0;
    account(streams, stream);
    stream->state = STREAM_ENDED;
}

/* A reset ends the connection, and so the other direction too: its ports may be used again at once.
 */
static void end_other_direction(struct streams *streams, const struct stream_segment *segment)
{
    const struct stream_segment other = {
        .source = segment->destination,
        .destination = segment->source,
        .source_port = segment->destination_port,
        .destination_port = segment->source_port,
    };
    struct stream *stream;
    uint64_t key[2];

    make_key(streams, &other, key);
    stream = find(streams, key);
    if (stream && stream->state == STREAM_SYNCED)
        end_stream(streams, stream);
}

/* RST and FIN where the next byte is expected end the stream; others are not the peer's. */
static void end(struct streams *streams, struct stream *stream,
                const struct stream_segment *segment)
{
    uint32_t at = segment->sequence + (uint32_t)segment->payload_size;

    if (stream->state != STREAM_SYNCED || at != next_sequence(stream))
        return;
    end_stream(streams, stream);
    if (segment->flags & STREAM_RST)
        end_other_direction(streams, segment);
}

static void touch(struct streams *streams, struct stream *stream, uint64_t now_ns)
{
    stream->seen_ns = now_ns;
    unlink_order(streams, stream, ORDER_ALL);
    link_newest(streams, stream, ORDER_ALL);
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
