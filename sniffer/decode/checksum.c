/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checksums of a segment (RFC 1071, 768, 8200 section 8.1).  A sniffer sees what a host drops,
 * so what a host would drop must not count.
 */
#include "base/bytes.h"
#include "sniffer/decode/frame.h"

#include <netinet/in.h>
#include <string.h>

enum {
    HEADER_CHECKSUM_AT = 10, /* in an IPv4 header */
    UDP_CHECKSUM_AT = 6,
};

/* The sum of 16-bit words; an odd last byte is the high half of its word. */
static uint64_t sum_words(const uint8_t *bytes, size_t size)
{
    uint64_t sum = 0;
    size_t at = 0;

    for (; at + 1 < size; at += 2)
        sum += big_endian_16(bytes + at);
    if (at < size)
        sum += (uint64_t)bytes[at] << 8;
    return sum;
}

static uint16_t checksum_fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* Without the length, which stands for itself; IPv4 and IPv6 differ only in the addresses' size. */
static uint64_t sum_pseudo_header(const struct segment *segment)
{
    return sum_words(segment->source.bytes, sizeof(segment->source.bytes)) +
           sum_words(segment->destination.bytes, sizeof(segment->destination.bytes)) +
           (segment->transport == TRANSPORT_TCP ? IPPROTO_TCP : IPPROTO_UDP);
}

/* 0 where the interface fills this one in as well: Windows, macOS, mirrors of virtual machines. */
enum checksum_outcome segment_header_checksum(const struct segment *segment)
{
    if (segment->source.family != ADDRESS_IPV4 || !segment->ip ||
        checksum_fold(sum_words(segment->ip, segment->ip_header_size)) == 0xffff)
        return CHECKSUM_GOOD;
    return big_endian_16(segment->ip + HEADER_CHECKSUM_AT) == 0 ? CHECKSUM_BARE : CHECKSUM_BAD;
}

/* Left out of the sum where the interface cuts the segment and fills in each part's length. */
static bool is_bare(const struct segment *segment, uint16_t stored, uint64_t pseudo)
{
    return stored == checksum_fold(pseudo + segment->transport_size) ||
           (segment->transport == TRANSPORT_TCP && stored == checksum_fold(pseudo));
}

static enum checksum_outcome transport_checksum(const struct segment *segment)
{
    bool tcp = segment->transport == TRANSPORT_TCP;
    uint16_t stored = big_endian_16(segment->transport_header + (tcp ? 16 : UDP_CHECKSUM_AT));
    uint64_t pseudo = sum_pseudo_header(segment), size = segment->transport_size;

    if (stored == 0 && !tcp)
        return segment->source.family == ADDRESS_IPV4 ? CHECKSUM_GOOD : CHECKSUM_BAD;
    if (checksum_fold(pseudo + size + sum_words(segment->transport_header, size)) == 0xffff)
        return CHECKSUM_GOOD;
    return is_bare(segment, stored, pseudo) ? CHECKSUM_BARE : CHECKSUM_BAD;
}

enum checksum_outcome segment_checksums(const struct segment *segment)
{
    enum checksum_outcome header = segment_header_checksum(segment);

    if (header == CHECKSUM_BAD)
        return CHECKSUM_BAD;
    enum checksum_outcome transport = transport_checksum(segment);
    return transport == CHECKSUM_GOOD ? header : transport;
}

enum checksum_outcome segment_merged_checksums(const struct segment *segment, size_t first)
{
    enum checksum_outcome header = segment_header_checksum(segment);
    uint16_t stored = big_endian_16(segment->transport_header + UDP_CHECKSUM_AT);
    uint64_t pseudo = sum_pseudo_header(segment);

    if (header == CHECKSUM_BAD || stored == 0)
        return CHECKSUM_BAD;
    if (is_bare(segment, stored, pseudo) ||
        stored == checksum_fold(pseudo + UDP_HEADER_SIZE + first))
        return CHECKSUM_BARE;
    /* As it was sent: the length, which stands in the sum twice, was the first one's own. */
    const uint8_t *udp = segment->transport_header;
    uint64_t size = UDP_HEADER_SIZE + first;
    uint64_t sum =
        pseudo + size + sum_words(udp, 4) + size + stored + sum_words(udp + UDP_HEADER_SIZE, first);
    return checksum_fold(sum) == 0xffff ? header : CHECKSUM_BAD;
}

/* One's complement sums do not mind the byte order: words of the machine's own will do. */
bool segment_is_bare(const struct segment *segment)
{
    size_t size = address_size(&segment->source);
    uint16_t length = htons((uint16_t)segment->transport_size), stored;
    uint64_t sum = (uint64_t)htons(IPPROTO_UDP) + length;

    for (size_t at = 0; at < size; at += sizeof(uint32_t)) {
        uint32_t source, destination;

        memcpy(&source, segment->source.bytes + at, sizeof(source));
        memcpy(&destination, segment->destination.bytes + at, sizeof(destination));
        sum += (uint64_t)source + destination;
    }
    memcpy(&stored, segment->transport_header + UDP_CHECKSUM_AT, sizeof(stored));
    return stored == checksum_fold(sum);
}
