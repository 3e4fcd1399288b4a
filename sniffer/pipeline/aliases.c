/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A walk over the answer section's record types (RFC 1035 section 3.2.1), nothing read but lengths.
 */
#include "sniffer/pipeline/aliases.h"

#include "base/bytes.h"

enum {
    TYPE_CNAME = 5,
    TYPE_DNAME = 39,
    QUESTION_TAIL = 4, /* type and class */
    CLASS_AND_TTL = 6,
    POINTER_BITS = 0xc0,
};

/* A pointer ends a name; what else has its top bits set is no label. */
static void alias_skip_name(struct reader *reader)
{
    const uint8_t *label = reader_take(reader, 1);

    while (label && *label != 0 && (*label & POINTER_BITS) == 0) {
        reader_take(reader, *label);
        label = reader_take(reader, 1);
    }
    if (label && (*label & POINTER_BITS) == POINTER_BITS)
        reader_take(reader, 1);
    else if (label && *label != 0)
        reader_refuse(reader);
}

bool aliases_are_possible(const struct wire_message *wire)
{
    struct reader reader = reader_of(wire->bytes, wire->size, wire->size);

    reader_take(&reader, (size_t)WIRE_HEADER_SIZE + wire->name_size + QUESTION_TAIL);
    for (unsigned i = 0; i < wire->answer_count; i++) {
        alias_skip_name(&reader);
        uint16_t type = reader_u16(&reader);
        reader_take(&reader, CLASS_AND_TTL);
        uint16_t size = reader_u16(&reader);
        if (size > 0)
            reader_take(&reader, size);
        if (reader.state != READER_OK || type == TYPE_CNAME || type == TYPE_DNAME)
            return true;
    }
    return false;
}
