/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bounded reader over foreign bytes.  A failure sticks: read all fields, then ask once. It
 * knows two ends, that of the capture and that of the wire, so that "the snaplen cut it" and "the
 * packet lies about its length" stay two things.
 */
#ifndef WILDSET_BASE_BYTES_H
#define WILDSET_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

enum reader_state {
    READER_OK,
    READER_CUT,   /* what was wanted was on the wire and is not in the capture */
    READER_WRONG, /* what was wanted was never there, or was refused */
};

struct reader {
    const uint8_t *at;
    size_t captured; /* bytes left in the capture */
    size_t length;   /* bytes left on the wire: never less than captured */
    enum reader_state state;
};

/* A capture file may claim less on the wire than it holds: what is there was there. */
static inline struct reader reader_of(const uint8_t *bytes, size_t captured, size_t length)
{
    return (struct reader){
        .at = bytes,
        .captured = captured,
        .length = length > captured ? length : captured,
    };
}

/* For a value that was read and cannot be. */
static inline void reader_refuse(struct reader *reader)
{
    if (reader->state == READER_OK)
        reader->state = READER_WRONG;
}

static inline const uint8_t *reader_fail(struct reader *reader, size_t size)
{
    if (reader->state == READER_OK)
        reader->state = size <= reader->length ? READER_CUT : READER_WRONG;
    return NULL;
}

/* The next `size` bytes, lent, or NULL. */
static inline const uint8_t *reader_take(struct reader *reader, size_t size)
{
    const uint8_t *taken = reader->at;

    if (reader->state != READER_OK || size > reader->captured)
        return reader_fail(reader, size);
    reader->at += size;
    reader->captured -= size;
    reader->length -= size;
    return taken;
}

/* The next `size` bytes as a reader of their own; it has failed where they are not all there. */
static inline struct reader reader_split(struct reader *reader, size_t size)
{
    const uint8_t *bytes = reader_take(reader, size);

    if (!bytes)
        return (struct reader){.at = reader->at, .state = reader->state};
    return reader_of(bytes, size, size);
}

/* The rest is `size` bytes by what a header says: padding behind it is nobody's. */
static inline void reader_limit(struct reader *reader, size_t size)
{
    if (size > reader->length) {
        reader_refuse(reader);
        return;
    }
    reader->length = size;
    if (reader->captured > size)
        reader->captured = size;
}

static inline uint16_t big_endian_16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline uint32_t big_endian_32(const uint8_t *bytes)
{
    return (uint32_t)big_endian_16(bytes) << 16 | big_endian_16(bytes + 2);
}

/* 0 on failure. */
static inline uint8_t reader_u8(struct reader *reader)
{
    const uint8_t *bytes = reader_take(reader, 1);

    return bytes ? bytes[0] : 0;
}

static inline uint16_t reader_u16(struct reader *reader)
{
    const uint8_t *bytes = reader_take(reader, 2);

    return bytes ? big_endian_16(bytes) : 0;
}

static inline uint32_t reader_u32(struct reader *reader)
{
    const uint8_t *bytes = reader_take(reader, 4);

    return bytes ? big_endian_32(bytes) : 0;
}

#endif
