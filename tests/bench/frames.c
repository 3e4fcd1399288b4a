/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS messages (RFC 1035 section 4) and Ethernet, IP and UDP around them.
 */
#include "frames.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRESH_ZONE ".dormammu.lookback.io"

static void put(struct dns_writer *writer, const void *data, size_t size)
{
    if (writer->full || size > sizeof writer->bytes - writer->size) {
        writer->full = true;
        return;
    }
    memcpy(writer->bytes + writer->size, data, size);
    writer->size += size;
}

static void put_u16(struct dns_writer *writer, uint16_t value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};

    put(writer, bytes, sizeof bytes);
}

static void put_u32(struct dns_writer *writer, uint32_t value)
{
    put_u16(writer, (uint16_t)(value >> 16));
    put_u16(writer, (uint16_t)value);
}

static void put_name(struct dns_writer *writer, const char *name)
{
    while (*name != '\0') {
        size_t length = strcspn(name, ".");
        uint8_t prefix = (uint8_t)length;

        put(writer, &prefix, 1);
        put(writer, name, length);
        name += length;
        name += *name == '.';
    }
    put(writer, "", 1);
}

static void count_up(struct dns_writer *writer, size_t offset)
{
    if (++writer->bytes[offset + 1] == 0)
        writer->bytes[offset]++;
}

void dns_begin(struct dns_writer *writer, uint16_t id, uint16_t flags, const char *name,
               uint16_t type)
{
    writer->size = 0;
    writer->full = false;
    put_u16(writer, id);
    put_u16(writer, flags);
    put_u16(writer, 1);
    put_u16(writer, 0);
    put_u32(writer, 0);
    put_name(writer, name);
    put_u16(writer, type);
    put_u16(writer, 1);
}

static void put_record_head(struct dns_writer *writer, const char *owner, uint16_t type,
                            uint32_t ttl)
{
    if (owner == NULL)
        put_u16(writer, 0xc00c);
    else
        put_name(writer, owner);
    put_u16(writer, type);
    put_u16(writer, 1);
    put_u32(writer, ttl);
}

void dns_answer(struct dns_writer *writer, const char *owner, uint16_t type, uint32_t ttl,
                const void *data, size_t size)
{
    put_record_head(writer, owner, type, ttl);
    put_u16(writer, (uint16_t)size);
    put(writer, data, size);
    count_up(writer, 6);
}

void dns_answer_name(struct dns_writer *writer, const char *owner, uint16_t type, uint32_t ttl,
                     const char *target)
{
    struct dns_writer name = {.size = 0};

    put_name(&name, target);
    dns_answer(writer, owner, type, ttl, name.bytes, name.size);
}

void dns_edns(struct dns_writer *writer)
{
    put(writer, "", 1);
    put_u16(writer, RECORD_TYPE_OPT);
    put_u16(writer, MESSAGE_MAX);
    put_u32(writer, 0);
    put_u16(writer, 0);
    count_up(writer, 10);
}

static uint32_t sum(const void *data, size_t size, uint32_t start)
{
    const uint8_t *bytes = data;
    uint32_t total = start;

    for (size_t i = 0; i + 1 < size; i += 2)
        total += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    if (size % 2 != 0)
        total += (uint32_t)bytes[size - 1] << 8;
    return total;
}

static uint16_t fold(uint32_t total)
{
    while (total > 0xffff)
        total = (total & 0xffff) + (total >> 16);
    return (uint16_t)~total;
}

static void store_u16(uint8_t *out, uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static size_t ipv4_header(const struct endpoints *ends, size_t payload, uint8_t *out)
{
    memset(out, 0, 20);
    out[0] = 0x45;
    store_u16(out + 2, (uint16_t)(20 + payload));
    out[6] = 0x40; /* do not fragment */
    out[8] = 64;
    out[9] = IPPROTO_UDP;
    memcpy(out + 12, ends->source, 4);
    memcpy(out + 16, ends->destination, 4);
    store_u16(out + 10, fold(sum(out, 20, 0)));
    return 20;
}

static size_t ipv6_header(const struct endpoints *ends, size_t payload, uint8_t *out)
{
    memset(out, 0, 40);
    out[0] = 0x60;
    store_u16(out + 4, (uint16_t)payload);
    out[6] = IPPROTO_UDP;
    out[7] = 64;
    memcpy(out + 8, ends->source, 16);
    memcpy(out + 24, ends->destination, 16);
    return 40;
}

static uint16_t udp_checksum(const struct endpoints *ends, const uint8_t *udp, size_t size)
{
    size_t address_size = ends->ipv6 ? 16 : 4;
    uint32_t total = IPPROTO_UDP + (uint32_t)size;
    uint16_t checksum;

    total = sum(ends->source, address_size, total);
    total = sum(ends->destination, address_size, total);
    checksum = fold(sum(udp, size, total));
    return checksum == 0 ? 0xffff : checksum; /* 0 would say: none */
}

size_t frame_build(const struct endpoints *ends, const void *payload, size_t size,
                   uint8_t out[static FRAME_MAX])
{
    static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
    size_t udp_size = 8 + size, offset = 14;
    uint8_t *udp;

    memcpy(out, macs, sizeof macs);
    store_u16(out + 12, ends->ipv6 ? 0x86dd : 0x0800);
    offset +=
        ends->ipv6 ? ipv6_header(ends, udp_size, out + 14) : ipv4_header(ends, udp_size, out + 14);
    udp = out + offset;
    store_u16(udp, ends->source_port);
    store_u16(udp + 2, ends->destination_port);
    store_u16(udp + 4, (uint16_t)udp_size);
    store_u16(udp + 6, 0);
    memcpy(udp + 8, payload, size);
    store_u16(udp + 6, udp_checksum(ends, udp, udp_size));
    return offset + udp_size;
}

const char *fresh_name(uint32_t number, char out[static NAME_TEXT_MAX])
{
    snprintf(out, NAME_TEXT_MAX, "x%u" FRESH_ZONE, number);
    return out;
}

bool fresh_number(const char *name, uint32_t *out)
{
    unsigned long number;
    char *end;

    if (name[0] != 'x' || name[1] < '0' || name[1] > '9')
        return false;
    number = strtoul(name + 1, &end, 10);
    if (number >= FRESH_MAX || strcasecmp(end, FRESH_ZONE) != 0)
        return false;
    *out = (uint32_t)number;
    return true;
}

void fresh_ipv4(uint32_t number, uint8_t out[static 4])
{
    const uint8_t bytes[4] = {198, (uint8_t)(18 + (number >> 16)), (uint8_t)(number >> 8),
                              (uint8_t)number};

    memcpy(out, bytes, sizeof bytes);
}

void fresh_ipv6(uint32_t number, uint8_t out[static 16])
{
    const uint8_t bytes[16] = {0x20,
                               0x01,
                               0x0d,
                               0xb8,
                               0,
                               5,
                               0,
                               0,
                               0,
                               0,
                               0,
                               0,
                               0,
                               (uint8_t)(number >> 16),
                               (uint8_t)(number >> 8),
                               (uint8_t)number};

    memcpy(out, bytes, sizeof bytes);
}
