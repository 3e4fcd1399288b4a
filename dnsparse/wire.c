/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Header and first question of a DNS message.  It runs on every packet, so it copies nothing and
 * asks each bound once.
 */
#include "dnsparse/wire.h"

#include "dnsparse/dname.h"

enum { QUESTION_TAIL = 4 /* QTYPE and QCLASS */ };

static uint16_t read_u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

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

static bool question_read(struct wire_message *message)
{
    const uint8_t *question = message->bytes + WIRE_HEADER_SIZE;

    message->name_size = question_name_size(question, message->size - WIRE_HEADER_SIZE);
    if (message->name_size == 0)
        return false;
    message->question_type = read_u16(question + message->name_size);
    message->question_class = read_u16(question + message->name_size + 2);
    return true;
}

bool wire_read(const uint8_t *bytes, size_t size, struct wire_message *out)
{
    struct wire_message message = {.bytes = bytes, .size = size};

    if (size < WIRE_HEADER_SIZE)
        return false;
    message.id = read_u16(bytes);
    message.response = (bytes[2] & 0x80) != 0;
    message.opcode = bytes[2] >> 3 & 0x0f;
    message.truncated = (bytes[2] & 0x02) != 0;
    message.rcode = bytes[3] & 0x0f;
    message.question_count = read_u16(bytes + 4);
    message.answer_count = read_u16(bytes + 6);
    if (message.question_count != 0 && !question_read(&message))
        return false;
    *out = message;
    return true;
}
