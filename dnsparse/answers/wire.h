/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first look at a DNS message: header and question only (RFC 1035 section 4.1), without a copy
 * and without ldns, in a few nanoseconds.  It decides that a message is not ours.
 */
#ifndef WILDSET_DNSPARSE_ANSWERS_WIRE_H
#define WILDSET_DNSPARSE_ANSWERS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WIRE_HEADER_SIZE = 12 };

struct wire_message {
    const uint8_t *bytes; /* the whole message, borrowed */
    size_t size;
    uint16_t id;
    uint16_t question_count;
    uint16_t answer_count;
    uint8_t opcode;
    uint8_t rcode;
    bool response;           /* QR */
    bool truncated;          /* TC */
    uint16_t name_size;      /* of the question's name at bytes + 12, uncompressed, root included */
    uint16_t question_type;  /* QTYPE */
    uint16_t question_class; /* QCLASS */
};

/*
 * Fills *out and returns true when the header is whole and the first question's name (uncompressed:
 * nothing stands before it to point to), type and class are.  With a question count of 0 only the
 * header is read and name_size is 0.
 */
bool wire_read(const uint8_t *bytes, size_t size, struct wire_message *out);

/*
 * Where the message ends by its own counts, or 0 when its bytes do not hold that much: what stands
 * behind is padding, or another message.
 */
size_t wire_end(const struct wire_message *message);

/* The question as it stood on the wire: name, type and class, name_size + 4 bytes. */
static inline const uint8_t *wire_question(const struct wire_message *message)
{
    return message->bytes + WIRE_HEADER_SIZE;
}

/* Where the records start behind one question. */
static inline size_t wire_records(const struct wire_message *message)
{
    return WIRE_HEADER_SIZE + (size_t)message->name_size + 4;
}

#endif
