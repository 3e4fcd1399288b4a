/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Field by field: a key says number and wire type, the wire type how long the value is.  Numbers
 * and their meanings are those of dnstap.proto.
 */
#include "dnstap/tapmessage.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <string.h>

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_FIXED64 = 1,
    WIRE_BYTES = 2,
    WIRE_FIXED32 = 5, /* 3 and 4 are groups: refused */
};

enum envelope_field {
    ENVELOPE_MESSAGE = 14,
    ENVELOPE_TYPE = 15,
};

enum message_field {
    FIELD_TYPE = 1,
    FIELD_FAMILY = 2,
    FIELD_PROTOCOL = 3,
    FIELD_QUERY_ADDRESS = 4,
    FIELD_RESPONSE_ADDRESS = 5,
    FIELD_QUERY_PORT = 6,
    FIELD_RESPONSE_PORT = 7,
    FIELD_RESPONSE_SECONDS = 12,
    FIELD_RESPONSE_NANOSECONDS = 13,
    FIELD_RESPONSE_MESSAGE = 14,
    FIELDS_KEPT,
};

enum {
    TYPE_OF_ENVELOPE_MESSAGE = 1,
    TYPE_CLIENT_RESPONSE = 6,
    FAMILY_INET = 1,
    FAMILY_INET6 = 2,
    VARINT_BITS = 7,
    VARINT_MOST = 10, /* bytes */
    DNS_LEAST = 12,
};

/* The last value of each field, by number; a field that was not there is all zero. */
struct field {
    bool present;
    enum wire_type type;
    uint64_t number;
    const uint8_t *bytes;
    size_t size;
};

static uint64_t varint(struct reader *reader)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < VARINT_MOST; i++) {
        uint8_t byte = reader_u8(reader);

        if (i == VARINT_MOST - 1 && byte > 1) /* more than 64 bits */
            break;
        value |= (uint64_t)(byte & 0x7f) << (VARINT_BITS * i);
        if (byte < 0x80)
            return value;
    }
    reader_refuse(reader);
    return 0;
}

static uint64_t little_endian(struct reader *reader, size_t size)
{
    const uint8_t *bytes = reader_take(reader, size);
    uint64_t value = 0;

    for (size_t i = 0; bytes && i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static void read_value(struct reader *reader, struct field *out)
{
    uint64_t size;

    out->present = true;
    switch (out->type) {
    case WIRE_VARINT:
        out->number = varint(reader);
        return;
    case WIRE_FIXED64:
        out->number = little_endian(reader, sizeof(uint64_t));
        return;
    case WIRE_FIXED32:
        out->number = little_endian(reader, sizeof(uint32_t));
        return;
    case WIRE_BYTES:
        size = varint(reader);
        if (size > reader->length) {
            reader_refuse(reader);
            return;
        }
        out->size = (size_t)size;
        out->bytes = reader_take(reader, out->size);
        return;
    }
    reader_refuse(reader);
}

/* All fields; those from `count` on are read and forgotten. */
static bool read_fields(const uint8_t *bytes, size_t size, struct field *fields, size_t count)
{
    struct reader reader = reader_of(bytes, size, size);

    while (reader.state == READER_OK && reader.length > 0) {
        uint64_t key = varint(&reader);
        struct field field = {.type = (enum wire_type)(key & 7)};

        if (key > UINT32_MAX || key >> 3 == 0)
            reader_refuse(&reader);
        read_value(&reader, &field);
        if (key >> 3 < count)
            fields[key >> 3] = field;
    }
    return reader.state == READER_OK;
}

/* False when it is there and of another type than it has to be. */
static bool is_of(const struct field *field, enum wire_type type)
{
    return !field->present || field->type == type;
}

static bool read_address(const struct field *field, uint64_t family, struct address *out)
{
    if (!field->present)
        return true;
    if (family == FAMILY_INET && field->size == 4)
        *out = address_from_ipv4(field->bytes);
    else if (family == FAMILY_INET6 && field->size == 16)
        *out = address_from_ipv6(field->bytes);
    else
        return false;
    return true;
}

static bool read_port(const struct field *field, uint16_t *out)
{
    *out = (uint16_t)field->number;
    return field->number <= UINT16_MAX;
}

/* What is new since, or not told, is none that has a name. */
static enum transport read_transport(const struct field *field)
{
    static const enum transport transports[] = {
        [1] = TRANSPORT_UDP,                                              /* UDP */
        [2] = TRANSPORT_TCP,                                              /* TCP */
        [3] = TRANSPORT_TLS,  [4] = TRANSPORT_HTTPS, [5] = TRANSPORT_UDP, /* DNSCrypt over UDP */
        [6] = TRANSPORT_TCP,                                              /* DNSCrypt over TCP */
        [7] = TRANSPORT_QUIC,
    };

    return field->number < sizeof(transports) / sizeof(transports[0]) ? transports[field->number]
                                                                      : TRANSPORT_UNKNOWN;
}

static bool read_time(const struct field *seconds, const struct field *nanoseconds, uint64_t *out)
{
    if (nanoseconds->number >= NS_PER_SECOND || seconds->number >= UINT64_MAX / NS_PER_SECOND)
        return false;
    *out = seconds->number * NS_PER_SECOND + nanoseconds->number;
    return true;
}

static bool types_are_right(const struct field fields[static FIELDS_KEPT])
{
    static const unsigned numbers[] = {FIELD_TYPE,          FIELD_FAMILY,
                                       FIELD_PROTOCOL,      FIELD_QUERY_PORT,
                                       FIELD_RESPONSE_PORT, FIELD_RESPONSE_SECONDS};
    bool right = is_of(&fields[FIELD_RESPONSE_NANOSECONDS], WIRE_FIXED32) &&
                 is_of(&fields[FIELD_QUERY_ADDRESS], WIRE_BYTES) &&
                 is_of(&fields[FIELD_RESPONSE_ADDRESS], WIRE_BYTES) &&
                 is_of(&fields[FIELD_RESPONSE_MESSAGE], WIRE_BYTES);

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        right &= is_of(&fields[numbers[i]], WIRE_VARINT);
    return right;
}

static bool response_read(const struct field fields[static FIELDS_KEPT], struct tap_message *out)
{
    const struct field *dns = &fields[FIELD_RESPONSE_MESSAGE];
    uint64_t family = fields[FIELD_FAMILY].number;

    out->transport = read_transport(&fields[FIELD_PROTOCOL]);
    out->dns = dns->bytes;
    out->dns_size = dns->size;
    return dns->size >= DNS_LEAST && dns->size <= UINT16_MAX &&
           read_address(&fields[FIELD_QUERY_ADDRESS], family, &out->client) &&
           read_address(&fields[FIELD_RESPONSE_ADDRESS], family, &out->resolver) &&
           read_port(&fields[FIELD_QUERY_PORT], &out->client_port) &&
           read_port(&fields[FIELD_RESPONSE_PORT], &out->resolver_port) &&
           read_time(&fields[FIELD_RESPONSE_SECONDS], &fields[FIELD_RESPONSE_NANOSECONDS],
                     &out->responded_ns);
}

enum tap_outcome tapmessage_read(const uint8_t *bytes, size_t size, struct tap_message *out)
{
    struct field envelope[ENVELOPE_TYPE + 1] = {0}, fields[FIELDS_KEPT] = {0};
    const struct field *message = &envelope[ENVELOPE_MESSAGE];

    if (!read_fields(bytes, size, envelope, ENVELOPE_TYPE + 1) || !is_of(message, WIRE_BYTES) ||
        !is_of(&envelope[ENVELOPE_TYPE], WIRE_VARINT))
        return TAP_MALFORMED;
    if (envelope[ENVELOPE_TYPE].number != TYPE_OF_ENVELOPE_MESSAGE)
        return TAP_OTHER_KIND;
    if (!message->present || !read_fields(message->bytes, message->size, fields, FIELDS_KEPT) ||
        !types_are_right(fields))
        return TAP_MALFORMED;
    if (fields[FIELD_TYPE].number != TYPE_CLIENT_RESPONSE)
        return TAP_OTHER_KIND;
    *out = (struct tap_message){0};
    return response_read(fields, out) ? TAP_RESPONSE : TAP_MALFORMED;
}
