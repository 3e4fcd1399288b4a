/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Header and first question of a DNS message.  It runs on every packet, so it copies nothing and
 * asks each bound once.
 */
#include "dnsparse/answers/wire.h"

#include "base/bytes.h"
#include "dnsparse/names/dname.h"

enum {
    QUESTION_TAIL = 4, /* QTYPE and QCLASS */
    RECORD_HEAD = 10,  /* type, class, TTL and the data's length, which comes last */
    POINTER = 0xc0,
    POINTER_SIZE = 2,
};

/* The size of the name at `bytes`, or 0; with its type and class it fits in `size` bytes. */
static uint16_t question_name_size(const uint8_t *bytes, size_t size)
{
    size_t end, at = 0;

    if (size <= QUESTION_TAIL)
        return 0;
    end = size - QUESTION_TAIL < DNAME_MAX ? size - QUESTION_TAIL : DNAME_MAX;
    while (at < end && bytes[at] != 0) {
        if (bytes[at] > DNAME_LABEL_MAX)
            return 0;
        at += 1u + bytes[at];
    }
    return at < end ? (uint16_t)(at + 1) : 0;
}

bool wire_read(const uint8_t *bytes, size_t size, struct wire_message *out)
{
    struct wire_message message = {.bytes = bytes, .size = size};

    if (size < WIRE_HEADER_SIZE)
        return false;
    message.id = big_endian_16(bytes);
    message.response = (bytes[2] & 0x80) != 0;
    message.opcode = bytes[2] >> 3 & 0x0f;
    message.truncated = (bytes[2] & 0x02) != 0;
    message.rcode = bytes[3] & 0x0f;
    message.question_count = big_endian_16(bytes + 4);
    message.answer_count = big_endian_16(bytes + 6);
    if (message.question_count != 0) {
        const uint8_t *question = bytes + WIRE_HEADER_SIZE;

        message.name_size = question_name_size(question, size - WIRE_HEADER_SIZE);
        if (message.name_size == 0)
            return false;
        message.question_type = big_endian_16(question + message.name_size);
        message.question_class = big_endian_16(question + message.name_size + 2);
    }
    *out = message;
    return true;
}

/* Behind the name at `at`, which a pointer may end; a value past the size when there is none. */
static size_t skip_name(const struct wire_message *message, size_t at)
{
    while (at < message->size && message->bytes[at] != 0) {
        if (message->bytes[at] >= POINTER)
            return at + POINTER_SIZE;
        if (message->bytes[at] > DNAME_LABEL_MAX)
            return message->size + 1;
        at += 1u + message->bytes[at];
    }
    return at + 1;
}

/* Each record takes bytes, so that the message's size bounds this. */
size_t wire_end(const struct wire_message *message)
{
    unsigned records = message->answer_count + (unsigned)big_endian_16(message->bytes + 8) +
                       big_endian_16(message->bytes + 10);
    size_t at = WIRE_HEADER_SIZE;

    for (unsigned i = 0; i < message->question_count && at <= message->size; i++)
        at = (i == 0 ? at + message->name_size : skip_name(message, at)) + QUESTION_TAIL;
    for (; records > 0 && at <= message->size; records--) {
        at = skip_name(message, at) + RECORD_HEAD;
        if (at <= message->size)
            at += big_endian_16(message->bytes + at - 2);
    }
    return at <= message->size ? at : 0;
}
