/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS over TCP (RFC 7766): one direction of a connection is a stream, cut into messages by their
 * length prefix wherever the segments happen to end.  As on a host the first copy of a byte stays.
 * Streams joined in the middle are picked up where a segment starts with a plausible message, or
 * with what may be one's beginning and goes on as one; never where the other direction has said
 * that it is elsewhere.  Where both directions are seen, what does not acknowledge the other one is
 * no host's; of several SYNs the one counts that is answered.  Bounded in streams, in all and for
 * each client, and in bytes, of each and in all; the one idle for longest makes room.
 */
#ifndef WILDSET_SNIFFER_REASSEMBLY_STREAMS_H
#define WILDSET_SNIFFER_REASSEMBLY_STREAMS_H

#include "base/clock.h"
#include "dnsparse/names/address.h"
#include "sniffer/decode/place.h"

#include <stddef.h>
#include <stdint.h>

enum {
    STREAMS_MAX = 8192,
    STREAMS_PER_CLIENT = 1024, /* both directions of 256 connections, on both legs of a firewall */
    STREAM_WINDOW_MAX =
        131072, /* bytes ahead of the next message: a whole one and what may follow */
    STREAMS_BYTES_MAX = 8 << 20, /* out-of-order and incomplete bytes of all streams together */
    STREAM_TRIES_MAX = 16, /* segments in a row that begin no message: it is called given up */
};
#define STREAM_IDLE_NS (60 * NS_PER_SECOND)
#define STREAM_ALIVE_NS NS_PER_SECOND      /* a stream this fresh is no other's to take over */
#define STREAM_HOLE_NS (5 * NS_PER_SECOND) /* a hole this old was lost by the capture */

enum stream_flags {
    STREAM_FIN = 0x01,
    STREAM_SYN = 0x02,
    STREAM_RST = 0x04,
    STREAM_ACK = 0x10,
};

struct stream_segment {
    struct address source, destination;
    uint16_t source_port, destination_port;
    uint16_t server_port; /* 0: 53 */
    uint32_t sequence, acknowledgment;
    uint8_t flags; /* enum stream_flags; the other bits of the TCP header's byte are ignored */
    const uint8_t *payload;
    size_t payload_size;
    struct place place;  /* segments of one stream are seen at one place, and */
    struct address peer; /* come from one tunnel's peer */
};

static inline uint16_t stream_server_port(const struct stream_segment *segment)
{
    return segment->server_port ? segment->server_port : DNS_PORT;
}

struct streams_hooks {
    /* One whole DNS message, without its length prefix; lent for the call. */
    void (*message)(void *context, const uint8_t *bytes, size_t size);
    void *context;
};

enum streams_outcome {
    STREAMS_OK,
    STREAMS_DUPLICATE, /* nothing new in it */
    STREAMS_CONFLICT,  /* a retransmission with other bytes: the first copy counts */
    STREAMS_LOST,      /* bytes are missing for good, or too far ahead: messages may be lost */
    STREAMS_GIVEN_UP,  /* not a stream of DNS messages, as it looks so far */
};

struct streams;

/* NULL when memory or randomness is out. */
struct streams *streams_new(void);
void streams_free(struct streams *streams);
/* One segment; messages that it completes are delivered before it returns. */
enum streams_outcome streams_add(struct streams *streams, const struct stream_segment *segment,
                                 uint64_t now_ns, const struct streams_hooks *hooks);
/* Those that ended in order are in it, until they are idle for long enough. */
unsigned streams_open(const struct streams *streams);
size_t streams_bytes(const struct streams *streams);

#endif
