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

void pipeline_rehearse(struct pipeline *pipeline, const struct dname *question)
{
    const struct {
        const void *bytes;
        size_t size;
    } parts[] = {
        {header, sizeof(header)},
        {question->wire, question->length},
        {asked_for, sizeof(asked_for)},
        {record, sizeof(record)},
    };
    uint8_t message[MESSAGE_MAX];
    struct wire_message wire;
    size_t size = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); size += parts[i++].size)
        memcpy(message + size, parts[i].bytes, parts[i].size);
    if (wire_read(message, size, &wire))
        (void)answer_read(&wire, &pipeline->answer);
}
