/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments of a few connections, in both directions, as a capture may show them.  Each has a head
 * of eight bytes: connection, direction and flags, the time since the one before, a sequence number
 * and an acknowledgment of two bytes each around a start that wraps, a length of two; then its
 * payload. What is delivered is a message with a DNS header at least, each of its bytes came in
 * some segment of the same direction, and all bounds hold.
 */
#include "require.h"
#include "sniffer/reassembly/streams.h"

#include <stdbool.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    HEAD_SIZE = 8,
    CONNECTIONS = 4,
    FLAGS_SHIFT = 2,
    FLAGS = STREAM_FIN | STREAM_SYN | STREAM_RST | STREAM_ACK,
    TO_SERVER = 0x20, /* the bit between these */
    DIRECTIONS = 2,
    PORT_DNS = 53,
    MESSAGE_LEAST = 12,
    BYTE_VALUES = 256,
};

struct direction {
    bool seen[BYTE_VALUES]; /* in any payload so far */
};

static void check_message(void *context, const uint8_t *bytes, size_t size)
{
    const struct direction *direction = context;

    REQUIRE(size >= MESSAGE_LEAST && size <= UINT16_MAX);
    for (size_t i = 0; i < size; i++)
        REQUIRE(direction->seen[bytes[i]]);
}

static void note(struct direction *direction, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        direction->seen[bytes[i]] = true;
}

static uint32_t number_of(const uint8_t *bytes)
{
    return UINT32_MAX - 300 + ((uint32_t)bytes[0] << 8 | bytes[1]);
}

static struct stream_segment segment_of(const uint8_t *head, const uint8_t *payload, size_t size)
{
    const struct address server = {.family = ADDRESS_IPV4, .bytes = {192, 0, 2, 53}};
    const struct address client = {.family = ADDRESS_IPV4, .bytes = {192, 0, 2, 10}};
    const uint16_t port = head[0] % CONNECTIONS;
    const bool to_server = head[0] & TO_SERVER;

    return (struct stream_segment){
        .source = to_server ? client : server,
        .destination = to_server ? server : client,
        .source_port = to_server ? port : PORT_DNS,
        .destination_port = to_server ? PORT_DNS : port,
        .sequence = number_of(head + 2),
        .acknowledgment = number_of(head + 4),
        .flags = head[0] >> FLAGS_SHIFT & FLAGS,
        .payload = payload,
        .payload_size = size,
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct direction directions[DIRECTIONS][CONNECTIONS] = {0};
    struct streams *streams = streams_new();
    uint64_t now_ns = UINT64_C(1) << 40;

    REQUIRE(streams);
    for (size_t at = 0; size - at >= HEAD_SIZE;) {
        const uint8_t *head = data + at;
        size_t left = size - at - HEAD_SIZE, length = (size_t)head[6] << 8 | head[7];
        struct direction *direction =
            &directions[(head[0] & TO_SERVER) != 0][head[0] % CONNECTIONS];
        struct streams_hooks hooks = {.message = check_message, .context = direction};

        length = length < left ? length : left;
        now_ns += head[1] * UINT64_C(100000000);
        struct stream_segment segment = segment_of(head, head + HEAD_SIZE, length);
        note(direction, segment.payload, length);
        REQUIRE(streams_add(streams, &segment, now_ns, &hooks) <= STREAMS_GIVEN_UP);
        REQUIRE(streams_open(streams) <= DIRECTIONS * CONNECTIONS);
        REQUIRE(streams_bytes(streams) <= STREAMS_BYTES_MAX);
        at += HEAD_SIZE + length;
    }
    streams_free(streams);
    return 0;
}
