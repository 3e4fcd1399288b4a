/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STUN messages.  The same rules as for DNS: every length is the sender's claim.
 */
#include "doctor/host/stun.h"

#include "base/bytes.h"

#include <string.h>

#define MAGIC_COOKIE UINT32_C(0x2112a442)
#define FINGERPRINT_XOR UINT32_C(0x5354554e)

enum {
    TYPE_REQUEST = 0x0001,
    TYPE_SUCCESS = 0x0101,
    TYPE_ERROR = 0x0111,
    ATTRIBUTE_ERROR_CODE = 0x0009,
    ATTRIBUTE_XOR_MAPPED_ADDRESS = 0x0020,
    ATTRIBUTE_FINGERPRINT = 0x8028,
    HEADER_SIZE = 20,
    FINGERPRINT_SIZE = 8, /* with its own header */
    FAMILY_IPV4 = 1,
    FAMILY_IPV6 = 2,
};

/* The CRC-32 of ITU V.42: a datagram is short, a table would be longer than the loop. */
static uint32_t fingerprint(const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc ^ FINGERPRINT_XOR;
}

static uint8_t *put_16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *put_32(uint8_t *at, uint32_t value)
{
    return put_16(put_16(at, (uint16_t)(value >> 16)), (uint16_t)value);
}

void stun_request(const struct stun_id *id, uint8_t out[static STUN_REQUEST_SIZE])
{
    uint8_t *at = put_16(out, TYPE_REQUEST);

    at = put_16(at, FINGERPRINT_SIZE);
    at = put_32(at, MAGIC_COOKIE);
    memcpy(at, id->bytes, STUN_ID_SIZE);
    at = put_16(at + STUN_ID_SIZE, ATTRIBUTE_FINGERPRINT);
    at = put_16(at, FINGERPRINT_SIZE - 4);
    put_32(at, fingerprint(out, HEADER_SIZE));
}

/* Section 14.2: the address is XORed with the cookie and, for IPv6, the transaction id behind it.
 */
static void mapped_read(struct reader value, const uint8_t *cookie_and_id, struct stun_reply *reply)
{
    reader_u8(&value);
    uint8_t family = reader_u8(&value);
    uint16_t port = reader_u16(&value) ^ (uint16_t)(MAGIC_COOKIE >> 16);
    size_t size = family == FAMILY_IPV4 ? 4 : 16;
    const uint8_t *bytes = reader_take(&value, size);
    uint8_t address[16];

    if (!bytes || (family != FAMILY_IPV4 && family != FAMILY_IPV6))
        return;
    for (size_t i = 0; i < size; i++)
        address[i] = bytes[i] ^ cookie_and_id[i];
    reply->mapped = size == 4 ? address_from_ipv4(address) : address_from_ipv6(address);
    reply->mapped_port = port;
}

/* False when the message contradicts itself. */
static bool attributes_read(struct reader *reader, const uint8_t *message, struct stun_reply *reply)
{
    while (reader->state == READER_OK && reader->length > 0) {
        size_t offset = (size_t)(reader->at - message);
        uint16_t type = reader_u16(reader);
        uint16_t size = reader_u16(reader);
        const uint8_t *bytes = reader_take(reader, size);

        reader_take(reader, -size & 3); /* padding */
        if (reader->state != READER_OK)
            return false;
        if (type == ATTRIBUTE_XOR_MAPPED_ADDRESS)
            mapped_read(reader_of(bytes, size, size), message + 4, reply);
        if (type == ATTRIBUTE_ERROR_CODE && size >= 4) { /* section 14.8: class and number */
            unsigned class = bytes[2] & 7, number = bytes[3];

            if (class >= 3 && class <= 6 && number < 100)
                reply->error = (uint16_t)(class * 100 + number);
        }
        if (type == ATTRIBUTE_FINGERPRINT)
            return size == 4 && reader->length == 0 &&
                   big_endian_32(bytes) == fingerprint(message, offset);
    }
    return reader->state == READER_OK;
}

struct stun_reply stun_read(const struct stun_id *id, const uint8_t *bytes, size_t size)
{
    const struct stun_reply none = {.kind = STUN_NONE};
    struct stun_reply reply = none;
    struct reader reader = reader_of(bytes, size, size);
    uint16_t type = reader_u16(&reader);
    uint16_t length = reader_u16(&reader);
    uint32_t cookie = reader_u32(&reader);
    const uint8_t *found = reader_take(&reader, STUN_ID_SIZE);

    if (!found || cookie != MAGIC_COOKIE || memcmp(found, id->bytes, STUN_ID_SIZE) != 0)
        return none;
    if (length != reader.length || length % 4 != 0 || (type != TYPE_SUCCESS && type != TYPE_ERROR))
        return none;
    reply.kind = type == TYPE_SUCCESS ? STUN_SUCCESS : STUN_ERROR;
    return attributes_read(&reader, bytes, &reply) ? reply : none;
}
