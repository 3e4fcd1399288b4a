/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Header, question, one A record that points at the question's name (RFC 1035 section 4).
 */
#include "sniffer/pipeline/state.h"

#include <string.h>

static const uint8_t header[] = {
    0, 0, 0x81, 0x80,             /* id, response, NOERROR */
    0, 1, 0,    1,    0, 0, 0, 0, /* one question, one answer */
};
static const uint8_t asked_for[] = {0, 1, 0, 1}; /* A, IN */
static const uint8_t record[] = {
    0xc0, sizeof(header), 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, /* A, IN, no TTL, 0.0.0.0 */
};

enum { MESSAGE_MAX = sizeof(header) + DNAME_MAX + sizeof(asked_for) + sizeof(record) };

static size_t warmup_put(uint8_t out[static MESSAGE_MAX], size_t at, const void *bytes, size_t size)
{
    memcpy(out + at, bytes, size);
    return at + size;
}

static size_t warmup_build(const struct dname *question, uint8_t out[static MESSAGE_MAX])
{
    size_t size = warmup_put(out, 0, header, sizeof(header));

    size = warmup_put(out, size, question->wire, question->length);
    size = warmup_put(out, size, asked_for, sizeof(asked_for));
    return warmup_put(out, size, record, sizeof(record));
}

void pipeline_rehearse(struct pipeline *pipeline, const struct dname *question)
{
    uint8_t message[MESSAGE_MAX];
    size_t size = warmup_build(question, message);
    struct wire_message wire;

    if (wire_read(message, size, &wire))
        (void)answer_read(&wire, &pipeline->answer);
}
