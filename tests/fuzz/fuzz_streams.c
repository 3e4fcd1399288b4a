/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments of a few streams, as a capture may show them.  Each has a head of six bytes: the stream
 * and the flags, the time since the one before, a sequence number of two bytes around a start that
 * wraps, a length of two; then its payload.  What is delivered is a message with a DNS header at
 * least, each of its bytes came in some segment, and all bounds hold.
 */
#include "require.h"
#include "sniffer/streams.h"

#include <stdbool.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    HEAD_SIZE = 6,
    STREAMS = 4,
    FLAGS_SHIFT = 2,
    FLAGS = STREAM_FIN | STREAM_SYN | STREAM_RST,
    MESSAGE_LEAST = 12,
    BYTE_VALUES = 256,
};

struct seen {
    bool value[BYTE_VALUES]; /* in any payload so far */
};

static void check_message(void *context, const uint8_t *bytes, size_t size)
{
    struct seen *seen = context;

    REQUIRE(size >= MESSAGE_LEAST && size <= UINT16_MAX);
    for (size_t i = 0; i < size; i++)
        REQUIRE(seen->value[bytes[i]]);
}

static void note(struct seen *seen, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        seen->value[bytes[i]] = true;
}

static struct stream_segment segment_of(const uint8_t *head, const uint8_t *payload, size_t size)
{
    return (struct stream_segment){
        .source = {.family = ADDRESS_IPV4, .bytes = {192, 0, 2, 53}},
        .destination = {.family = ADDRESS_IPV4, .bytes = {192, 0, 2, 10}},
        .source_port = 53,
        .destination_port = head[0] % STREAMS,
        .sequence = UINT32_MAX - 300 + ((uint32_t)head[2] << 8 | head[3]),
        .flags = head[0] >> FLAGS_SHIFT & FLAGS,
        .payload = payload,
        .payload_size = size,
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {0};
    struct streams_hooks hooks = {.message = check_message, .context = &seen};
    struct streams *streams = streams_new();
    uint64_t now_ns = UINT64_C(1) << 40;

    REQUIRE(streams);
    for (size_t at = 0; size - at >= HEAD_SIZE;) {
        const uint8_t *head = data + at;
        size_t left = size - at - HEAD_SIZE, length = (size_t)head[4] << 8 | head[5];

        length = length < left ? length : left;
        now_ns += head[1] * UINT64_C(100000000);
        struct stream_segment segment = segment_of(head, head + HEAD_SIZE, length);
        note(&seen, segment.payload, length);
        REQUIRE(streams_add(streams, &segment, now_ns, &hooks) <= STREAMS_GIVEN_UP);
        REQUIRE(streams_open(streams) <= STREAMS);
        REQUIRE(streams_bytes(streams) <= STREAMS_BYTES_MAX);
        at += HEAD_SIZE + length;
    }
    streams_free(streams);
    return 0;
}
