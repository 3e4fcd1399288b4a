/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets for the sniffer's tests, written field by field from the outside in or the inside out.
 * Its checksums are computed here and not by the code under test.
 */
#ifndef WILDSET_TESTS_UNIT_SNIFFER_PACKET_H
#define WILDSET_TESTS_UNIT_SNIFFER_PACKET_H

#include "dnsparse/names/address.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    BYTES_MAX = 70000,
    TYPE_A = 1,
    TYPE_CNAME = 5,
    TYPE_TXT = 16,
    TYPE_AAAA = 28,
    TYPE_HTTPS = 65,
    FLAGS_QUESTION = 0x0100, /* RD */
    FLAGS_ANSWER = 0x8180,   /* QR RD RA */
    FLAG_TC = 0x0200,
};

struct bytes {
    size_t size;
    uint8_t data[BYTES_MAX];
};

static inline void put(struct bytes *out, const void *data, size_t size)
{
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

static inline void put8(struct bytes *out, unsigned value)
{
    out->data[out->size++] = (uint8_t)value;
}

static inline void put16(struct bytes *out, unsigned value)
{
    put8(out, value >> 8);
    put8(out, value & 0xff);
}

static inline void put32(struct bytes *out, uint32_t value)
{
    put16(out, value >> 16);
    put16(out, value & 0xffff);
}

static inline void set16(struct bytes *out, size_t at, unsigned value)
{
    out->data[at] = (uint8_t)(value >> 8);
    out->data[at + 1] = (uint8_t)value;
}

/* "eU1.example", case kept, uncompressed. */
static inline void put_name(struct bytes *out, const char *name)
{
    while (*name) {
        size_t label = strcspn(name, ".");

        put8(out, (unsigned)label);
        put(out, name, label);
        name += label + (name[label] == '.');
    }
    put8(out, 0);
}

static inline struct address address_of(const char *text)
{
    struct address address = {0};

    address_from_text(text, &address);
    return address;
}

/* Header and one question of class IN. */
static inline struct bytes dns(uint16_t id, uint16_t flags, const char *name, uint16_t type)
{
    struct bytes message = {0};

    put16(&message, id);
    put16(&message, flags);
    put16(&message, 1);
    put16(&message, 0);
    put16(&message, 0);
    put16(&message, 0);
    put_name(&message, name);
    put16(&message, type);
    put16(&message, 1);
    return message;
}

/* The start of a record of the answer section; its count grows. */
static inline void record(struct bytes *message, const char *owner, uint16_t type, uint32_t ttl)
{
    set16(message, 6, (unsigned)(message->data[6] << 8 | message->data[7]) + 1);
    put_name(message, owner);
    put16(message, type);
    put16(message, 1);
    put32(message, ttl);
}

/* A or AAAA, by the address. */
static inline void answer(struct bytes *message, const char *owner, uint32_t ttl, const char *text)
{
    struct address address = address_of(text);

    record(message, owner, address.family == ADDRESS_IPV4 ? TYPE_A : TYPE_AAAA, ttl);
    put16(message, address_size(&address));
    put(message, address.bytes, address_size(&address));
}

static inline void alias(struct bytes *message, const char *owner, uint32_t ttl, const char *target)
{
    struct bytes name = {0};

    put_name(&name, target);
    record(message, owner, TYPE_CNAME, ttl);
    put16(message, (unsigned)name.size);
    put(message, name.data, name.size);
}

/* In the authority section, as of a negative answer; comes last. */
static inline void soa(struct bytes *message, const char *zone, uint32_t ttl)
{
    record(message, zone, 6, ttl);
    set16(message, 6, (unsigned)(message->data[6] << 8 | message->data[7]) - 1);
    set16(message, 8, 1);
    put16(message, 2 + 5 * 4);
    put16(message, 0); /* two root names */
    for (unsigned i = 0; i < 5; i++)
        put32(message, ttl);
}

/* HTTPS in service mode with one ipv4hint. */
static inline void https(struct bytes *message, const char *owner, uint32_t ttl, const char *target,
                         const char *hint)
{
    struct bytes name = {0};
    struct address address = address_of(hint);

    put_name(&name, target);
    record(message, owner, TYPE_HTTPS, ttl);
    put16(message, (unsigned)(2 + name.size + 8));
    put16(message, 1); /* priority */
    put(message, name.data, name.size);
    put16(message, 4); /* ipv4hint */
    put16(message, 4);
    put(message, address.bytes, 4);
}

static inline uint16_t sum_of(uint32_t start, const uint8_t *data, size_t size)
{
    uint32_t sum = start;

    for (size_t i = 0; i < size; i++)
        sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* Who sends a datagram to whom, and what is unusual about it. */
struct datagram_of {
    const char *from, *to;
    uint16_t from_port, to_port;
    const struct bytes *payload;
    int length_lie;                 /* added to the UDP length */
    int ip_length_lie;              /* added to the IP total or payload length */
    unsigned options;               /* bytes of IPv4 options */
    uint16_t fragment;              /* IPv4 flags and offset */
    const struct bytes *extensions; /* IPv6: between header and UDP; the first one's type: */
    uint8_t first_extension;
    enum { SUM_GOOD, SUM_BAD, SUM_BARE, SUM_NONE, SUM_BAD_IP, SUM_BARE_IP, SUM_BARE_BOTH } sum;
};

static inline uint16_t pseudo_sum(const struct datagram_of *of, size_t udp_size)
{
    struct address from = address_of(of->from), to = address_of(of->to);
    uint16_t sum = sum_of((uint32_t)udp_size + 17, from.bytes, 16);

    return sum_of(sum, to.bytes, 16);
}

static inline void put_udp(struct bytes *out, const struct datagram_of *of)
{
    size_t start = out->size, size = 8 + of->payload->size;

    put16(out, of->from_port);
    put16(out, of->to_port);
    put16(out, (unsigned)((int)size + of->length_lie));
    put16(out, 0);
    put(out, of->payload->data, of->payload->size);
    uint16_t pseudo = pseudo_sum(of, size);
    uint16_t whole = (uint16_t)~sum_of(pseudo, out->data + start, size);
    if (of->sum == SUM_GOOD || of->sum == SUM_BAD_IP || of->sum == SUM_BARE_IP)
        set16(out, start + 6, whole ? whole : 0xffff);
    if (of->sum == SUM_BAD)
        set16(out, start + 6, whole ^ 0x0101u);
    if (of->sum == SUM_BARE || of->sum == SUM_BARE_BOTH)
        set16(out, start + 6, pseudo);
}

static inline void put_ipv4(struct bytes *out, const struct datagram_of *of)
{
    struct address from = address_of(of->from), to = address_of(of->to);
    size_t start = out->size, header = 20 + of->options;

    put8(out, 0x40 | (unsigned)header / 4);
    put8(out, 0);
    put16(out, (unsigned)((int)(header + 8 + of->payload->size) + of->ip_length_lie));
    put16(out, 0x1234); /* identification */
    put16(out, of->fragment);
    put8(out, 64);
    put8(out, 17);
    put16(out, 0);
    put(out, from.bytes, 4);
    put(out, to.bytes, 4);
    for (unsigned i = 0; i < of->options; i++)
        put8(out, 1); /* no operation */
    uint16_t sum = (uint16_t)~sum_of(0, out->data + start, header);
    if (of->sum == SUM_BARE_IP || of->sum == SUM_BARE_BOTH)
        sum = 0;
    set16(out, start + 10, of->sum == SUM_BAD_IP ? sum ^ 0x0101u : sum);
}

static inline void put_ipv6(struct bytes *out, const struct datagram_of *of)
{
    struct address from = address_of(of->from), to = address_of(of->to);
    size_t extensions = of->extensions ? of->extensions->size : 0;

    put32(out, 0x60000000);
    put16(out, (unsigned)((int)(extensions + 8 + of->payload->size) + of->ip_length_lie));
    put8(out, of->extensions ? of->first_extension : 17);
    put8(out, 64);
    put(out, from.bytes, 16);
    put(out, to.bytes, 16);
    if (of->extensions)
        put(out, of->extensions->data, extensions);
}

/* From the IP header on. */
static inline void put_datagram(struct bytes *out, const struct datagram_of *of)
{
    if (address_of(of->from).family == ADDRESS_IPV4)
        put_ipv4(out, of);
    else
        put_ipv6(out, of);
    put_udp(out, of);
}

static inline unsigned ethertype_of(const struct datagram_of *of)
{
    return address_of(of->from).family == ADDRESS_IPV4 ? 0x0800 : 0x86dd;
}

/* Ethernet without tags. */
static inline struct bytes ethernet_of(const struct datagram_of *of)
{
    struct bytes frame = {0};

    put(&frame, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
    put16(&frame, ethertype_of(of));
    put_datagram(&frame, of);
    return frame;
}

#endif
