/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table of streams with orders of last use, and what all of them together hold.
 */
#include "sniffer/reassembly/streams.h"

#include "base/siphash.h"
#include "dnsparse/names/dns.h"
#include "sniffer/reassembly/stream.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 8192,       /* a power of two */
    CLIENT_GROUPS = 4096, /* clients by their hash; with few in one group they share its bound */
    NONE = UINT16_MAX,
};

/* Orders of last use: of all streams, of those that hold bytes, and of those of a client. */
enum order { ORDER_ALL, ORDER_HOLDING, ORDER_CLIENT, ORDERS };

struct links {
    uint16_t newer, older;
};

struct entry {
    uint64_t key[2];
    uint64_t seen_ns;
    uint16_t next_in_bucket;
    uint16_t client; /* its group */
    struct links links[ORDERS];
    uint32_t held;               /* bytes allocated, as counted in all; not 0: in ORDER_HOLDING */
    bool doubted;                /* see doubt() */
    bool heard;                  /* these are known: */
    uint32_t tail, acknowledged; /* what follows the last segment, and what that acknowledged */
    struct stream stream;
};

struct client_group {
    struct links ends;
    uint16_t count;
};

struct streams {
    struct siphash_key hash_key;
    size_t bytes;
    unsigned open;
    uint16_t free;
    struct links all, holding; /* the newest, the oldest */
    uint16_t buckets[BUCKETS];
    struct client_group clients[CLIENT_GROUPS];
    struct entry entries[STREAMS_MAX];
};

struct streams *streams_new(void)
{
    struct streams *streams = calloc(1, sizeof(*streams));

    if (!streams || siphash_key_random(&streams->hash_key) < 0) {
        free(streams);
        return NULL;
    }
    memset(streams->buckets, 0xff, sizeof(streams->buckets));
    streams->all = streams->holding = (struct links){NONE, NONE};
    for (unsigned i = 0; i < CLIENT_GROUPS; i++)
        streams->clients[i].ends = (struct links){NONE, NONE};
    return streams;
}

void streams_free(struct streams *streams)
{
    if (!streams)
        return;
    for (uint16_t i = streams->holding.older; i != NONE;
         i = streams->entries[i].links[ORDER_HOLDING].newer)
        stream_clear(&streams->entries[i].stream);
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

/* ---- orders ---- */

static uint16_t index_of(const struct streams *streams, const struct entry *entry)
{
    return (uint16_t)(entry - streams->entries);
}

static struct links *ends_of(struct streams *streams, const struct entry *entry, enum order order)
{
    if (order == ORDER_CLIENT)
        return &streams->clients[entry->client].ends;
    return order == ORDER_ALL ? &streams->all : &streams->holding;
}

static void unlink_order(struct streams *streams, struct entry *entry, enum order order)
{
    struct links links = entry->links[order], *ends = ends_of(streams, entry, order);

    if (links.newer != NONE)
        streams->entries[links.newer].links[order].older = links.older;
    else
        ends->newer = links.older;
    if (links.older != NONE)
        streams->entries[links.older].links[order].newer = links.newer;
    else
        ends->older = links.newer;
}

static void link_newest(struct streams *streams, struct entry *entry, enum order order)
{
    struct links *ends = ends_of(streams, entry, order);

    entry->links[order] = (struct links){.newer = NONE, .older = ends->newer};
    if (ends->newer != NONE)
        streams->entries[ends->newer].links[order].newer = index_of(streams, entry);
    else
        ends->older = index_of(streams, entry);
    ends->newer = index_of(streams, entry);
}

/* ---- bytes ---- */

/* Whatever has changed what the stream holds, the sum and the order follow. */
static void account(struct streams *streams, struct entry *entry)
{
    uint32_t holds = stream_holds(&entry->stream);

    if (entry->held)
        unlink_order(streams, entry, ORDER_HOLDING);
    if (holds)
        link_newest(streams, entry, ORDER_HOLDING);
    streams->bytes = streams->bytes - entry->held + holds;
    entry->held = holds;
}

/* ---- the table ---- */

static void close_entry(struct streams *streams, struct entry *entry)
{
    uint16_t *link = &streams->buckets[entry->key[0] % BUCKETS];

    while (*link != index_of(streams, entry))
        link = &streams->entries[*link].next_in_bucket;
    *link = entry->next_in_bucket;
    unlink_order(streams, entry, ORDER_ALL);
    unlink_order(streams, entry, ORDER_CLIENT);
    streams->clients[entry->client].count--;
    stream_clear(&entry->stream);
    account(streams, entry);
    streams->open--;
    /* Entries are handed out in order first, so untouched ones cost no memory; then reused. */
    entry->next_in_bucket = streams->free;
    streams->free = (uint16_t)(index_of(streams, entry) + 1);
}

static struct entry *streams_find(struct streams *streams, const uint64_t key[static 2])
{
    for (uint16_t i = streams->buckets[key[0] % BUCKETS]; i != NONE;
         i = streams->entries[i].next_in_bucket)
        if (memcmp(streams->entries[i].key, key, sizeof(streams->entries[i].key)) == 0)
            return &streams->entries[i];
    return NULL;
}

static struct entry *open_entry(struct streams *streams, const struct stream_segment *segment,
                                const uint64_t key[static 2])
{
    const struct address *client = segment->source_port == stream_server_port(segment)
                                       ? &segment->destination
                                       : &segment->source;
    uint16_t group_index =
        (uint16_t)(siphash(&streams->hash_key, client, sizeof(*client)) % CLIENT_GROUPS);
    struct client_group *group = &streams->clients[group_index];
    uint16_t *bucket = &streams->buckets[key[0] % BUCKETS];
    struct entry *entry = &streams->entries[streams->open];

    if (group->count == STREAMS_PER_CLIENT) /* a client's own oldest makes room first */
        close_entry(streams, &streams->entries[group->ends.older]);
    if (streams->free == 0 && streams->open == STREAMS_MAX)
        close_entry(streams, &streams->entries[streams->all.older]);
    if (streams->free != 0) {
        entry = &streams->entries[streams->free - 1];
        streams->free = entry->next_in_bucket;
    }
    *entry =
        (struct entry){.key = {key[0], key[1]}, .client = group_index, .next_in_bucket = *bucket};
    *bucket = index_of(streams, entry);
    link_newest(streams, entry, ORDER_ALL);
    link_newest(streams, entry, ORDER_CLIENT);
    group->count++;
    streams->open++;
    return entry;
}

static void make_key(const struct streams *streams, const struct stream_segment *segment,
                     uint64_t key[static 2])
{
    struct {
        struct place place;
        struct address source, destination, peer;
        uint8_t ports[4];
        uint8_t zero;
    } fields = {
        .place = segment->place,
        .source = segment->source,
        .destination = segment->destination,
        .peer = segment->peer,
    };

    _Static_assert(sizeof(fields) == sizeof(struct place) + 3 * sizeof(struct address) + 5,
                   "no padding gets into the hash");

    memcpy(fields.ports, &segment->source_port, 2);
    memcpy(fields.ports + 2, &segment->destination_port, 2);
    siphash128(&streams->hash_key, &fields, sizeof(fields), key);
}

/* ---- segments ---- */

/* The stream of the other host, as it would be seen there. */
static struct entry *find_other_host(struct streams *streams, const struct stream_segment *segment,
                                     struct place place)
{
    const struct stream_segment other = {
        .source = segment->destination,
        .destination = segment->source,
        .source_port = segment->destination_port,
        .destination_port = segment->source_port,
        .place = place,
        .peer = segment->peer,
    };
    uint64_t key[2];

    make_key(streams, &other, key);
    return streams_find(streams, key);
}

static struct entry *find_other_direction(struct streams *streams,
                                          const struct stream_segment *segment)
{
    return find_other_host(streams, segment, place_opposite(&segment->place));
}

/*
 * A segment that goes the way of the other host's: what then goes its own way there may be that
 * segment, sent back by this machine.  Nothing of that connection counts there any more.
 */
static void doubt(struct streams *streams, struct entry *entry,
                  const struct stream_segment *segment)
{
    const struct place opposite = place_opposite(&segment->place);
    struct entry *other = find_other_host(streams, segment, segment->place);

    if (other && !place_equal(&opposite, &segment->place))
        other->doubted = entry->doubted = true;
}

/* Blind ones are told from the host's by what they say of the other direction, if that is seen. */
static bool is_plausible(struct streams *streams, struct entry *other,
                         const struct stream_segment *segment, uint64_t now_ns)
{
    bool plausible;

    if (segment->flags & STREAM_RST || (!(segment->flags & STREAM_SYN) && !segment->payload_size))
        return true;
    if (other && other->doubted)
        return false; /* seen going the same way, too */
    if (!other || !other->stream.begun || other->stream.state != STREAM_SYNCED)
        return true;
    if (!(segment->flags & STREAM_ACK)) /* a client's first alone */
        return segment->flags & STREAM_SYN &&
               segment->destination_port == stream_server_port(segment);
    plausible = stream_accepts(&other->stream, segment->acknowledgment, now_ns);
    account(streams, other);
    return plausible;
}

static bool is_in_the_window(uint32_t a, uint32_t b)
{
    return a - b + STREAM_WINDOW_MAX <= 2u * STREAM_WINDOW_MAX;
}

/*
 * Where no start was seen, both directions have to speak of the same bytes: who sees neither would
 * have to guess two numbers.
 */
static bool agrees(const struct entry *other, const struct stream_segment *segment)
{
    if (!other || !other->heard)
        return true;
    return segment->flags & STREAM_ACK && is_in_the_window(segment->acknowledgment, other->tail) &&
           is_in_the_window(segment->sequence, other->acknowledged);
}

/* RST and FIN anywhere but at the next byte are not the peer's. */
static void entry_end(struct streams *streams, struct entry *entry,
                      const struct stream_segment *segment)
{
    struct entry *other;

    if (!stream_is_ended_by(&entry->stream, segment))
        return;
    stream_end(&entry->stream);
    account(streams, entry);
    /* A reset ends the connection, and so the other direction too: its ports may be used again at
     * once. */
    other = segment->flags & STREAM_RST ? find_other_direction(streams, segment) : NULL;
    if (!other || other->stream.state != STREAM_SYNCED)
        return;
    stream_end(&other->stream);
    account(streams, other);
}

static enum streams_outcome entry_add(struct streams *streams, struct entry *entry,
                                      const struct stream_segment *segment, bool agreed,
                                      uint64_t now_ns, const struct streams_hooks *hooks)
{
    struct stream_segment data = *segment;
    enum streams_outcome outcome = STREAMS_OK;

    if (segment->flags & STREAM_SYN) {
        stream_start(&entry->stream, segment);
        data.sequence++;
    }
    if (data.payload_size)
        outcome = stream_read(&entry->stream, &data, agreed, now_ns, hooks);
    /* What is out of place in a stream that is in step is not its host's. */
    if (data.flags & STREAM_ACK && !(data.flags & STREAM_RST) &&
        (outcome != STREAMS_LOST || entry->stream.state != STREAM_SYNCED)) {
        entry->heard = true;
        entry->tail = data.sequence + (uint32_t)data.payload_size;
        entry->acknowledged = data.acknowledgment;
    }
    account(streams, entry);
    if (segment->flags & (STREAM_RST | STREAM_FIN))
        entry_end(streams, entry, &data);
    /* Of the streams that hold bytes the one idle for longest gives them up. */
    while (streams->bytes > STREAMS_BYTES_MAX) {
        struct entry *oldest = &streams->entries[streams->holding.older];

        if (oldest == entry)
            break;
        stream_make_room(&oldest->stream);
        account(streams, oldest);
    }
    return outcome;
}

enum streams_outcome streams_add(struct streams *streams, const struct stream_segment *segment,
                                 uint64_t now_ns, const struct streams_hooks *hooks)
{
    static const enum order touched[] = {ORDER_ALL, ORDER_CLIENT};
    struct entry *entry, *other;
    uint64_t key[2];

    for (uint16_t i = streams->all.older;
         i != NONE && streams->entries[i].seen_ns + STREAM_IDLE_NS < now_ns; i = streams->all.older)
        close_entry(streams, &streams->entries[i]);
    other = find_other_direction(streams, segment);
    if (!is_plausible(streams, other, segment, now_ns))
        return STREAMS_LOST;
    bool agreed = agrees(other, segment); /* before `other` may have to make room */
    make_key(streams, segment, key);
    entry = streams_find(streams, key);
    if (!entry && !(segment->flags & STREAM_SYN) && segment->payload_size == 0)
        return STREAMS_OK;
    if (!entry)
        entry = open_entry(streams, segment, key);
    entry->seen_ns = now_ns;
    for (unsigned i = 0; i < sizeof(touched) / sizeof(touched[0]); i++) {
        unlink_order(streams, entry, touched[i]);
        link_newest(streams, entry, touched[i]);
    }
    doubt(streams, entry, segment);
    return entry_add(streams, entry, segment, agreed, now_ns, hooks);
}
