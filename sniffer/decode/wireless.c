/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 802.11 data frames, bare or behind a radiotap header, down to the EtherType in their LLC/SNAP
 * header.  What is encrypted, a fragment or an aggregate is passed over: nothing can be read of it.
 */
#include "sniffer/decode/linklayer.h"
#include "sniffer/decode/llc.h"

#include <stdbool.h>
#include <string.h>

enum {
    /* IEEE 802.11-2020, 9.2.4.1: the two bytes of frame control */
    CONTROL_VERSION = 0x03,
    CONTROL_TYPE = 0x0c,
    CONTROL_DATA = 0x08,
    CONTROL_NO_DATA = 0x40, /* null frames */
    CONTROL_QOS = 0x80,
    FLAG_TO_DS = 0x01,
    FLAG_FROM_DS = 0x02,
    FLAG_MORE_FRAGMENTS = 0x04,
    FLAG_PROTECTED = 0x40,
    FLAG_ORDER = 0x80, /* with QoS: an HT control field follows */
    QOS_AGGREGATE = 0x80,
    HEADER_SIZE = 24,
    ADDRESS_SIZE = 6,
    QOS_SIZE = 2,
    HT_SIZE = 4,
    /* radiotap.org */
    RADIOTAP_LEAST = 8,
    RADIOTAP_WORDS_MAX = 16,
    RADIOTAP_TSFT = 0x01,
    RADIOTAP_FLAGS = 0x02,
    RADIOTAP_PADDED = 0x20,  /* in the flags: the header is filled up to four bytes */
    RADIOTAP_BAD_FCS = 0x40, /* in the flags: every station drops it */
};

static uint32_t little_endian_16(const uint8_t *bytes)
{
    return (uint32_t)bytes[1] << 8 | bytes[0];
}

static uint32_t little_endian_32(const uint8_t *bytes)
{
    return little_endian_16(bytes + 2) << 16 | little_endian_16(bytes);
}

static uint16_t data_frame(struct reader *reader, bool padded)
{
    const uint8_t *header = reader_take(reader, HEADER_SIZE), *qos = NULL;
    size_t size = HEADER_SIZE;

    /* Data that is not encrypted, and no fragment. */
    if (!header ||
        (header[0] & (CONTROL_VERSION | CONTROL_TYPE | CONTROL_NO_DATA)) != CONTROL_DATA ||
        header[1] & (FLAG_PROTECTED | FLAG_MORE_FRAGMENTS) || (header[22] & 0x0f) != 0)
        return ETHERTYPE_NONE;
    if ((header[1] & (FLAG_TO_DS | FLAG_FROM_DS)) == (FLAG_TO_DS | FLAG_FROM_DS)) {
        reader_take(reader, ADDRESS_SIZE);
        size += ADDRESS_SIZE;
    }
    if (header[0] & CONTROL_QOS) {
        qos = reader_take(reader, QOS_SIZE);
        size += QOS_SIZE;
    }
    if (qos && header[1] & FLAG_ORDER) {
        reader_take(reader, HT_SIZE);
        size += HT_SIZE;
    }
    if (padded && size % 4)
        reader_take(reader, 4 - size % 4);
    if (qos && qos[0] & QOS_AGGREGATE)
        return ETHERTYPE_NONE;
    return llc_ethertype(reader);
}

uint16_t linklayer_ieee80211(struct reader *reader, struct linklayer_notes *notes)
{
    (void)notes;
    return data_frame(reader, false);
}

/* The field of flags, or 0: it stands behind the words that say what is there, and a time. */
static uint8_t radiotap_flags(const uint8_t *header, size_t size)
{
    uint32_t present = little_endian_32(header + 4), word = present;
    size_t at = RADIOTAP_LEAST;

    for (unsigned words = 1; word >> 31; words++, at += 4) {
        if (words == RADIOTAP_WORDS_MAX || at + 4 > size)
            return 0;
        word = little_endian_32(header + at);
    }
    if (present & RADIOTAP_TSFT)
        at = (at + 7) / 8 * 8 + 8;
    return present & RADIOTAP_FLAGS && at < size ? header[at] : 0;
}

uint16_t linklayer_radiotap(struct reader *reader, struct linklayer_notes *notes)
{
    (void)notes;
    if (reader->captured < RADIOTAP_LEAST) {
        reader_fail(reader, RADIOTAP_LEAST);
        return ETHERTYPE_NONE;
    }
    size_t size = little_endian_16(reader->at + 2);
    if (reader->at[0] != 0 || size < RADIOTAP_LEAST)
        reader_refuse(reader);
    const uint8_t *header = reader_take(reader, size);
    if (!header)
        return ETHERTYPE_NONE;
    uint8_t flags = radiotap_flags(header, size);
    if (flags & RADIOTAP_BAD_FCS)
        return ETHERTYPE_NONE;
    return data_frame(reader, flags & RADIOTAP_PADDED);
}
