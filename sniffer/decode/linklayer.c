/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link layer: one small function for each DLT_, found in a table.
 */
#include "sniffer/decode/linklayer.h"

#include "sniffer/decode/llc.h"
#include "source/message.h"

#include <pcap/dlt.h>
#include <stdbool.h>
#include <string.h>

enum {
    ARPHRD_OF_NETLINK = 824, /* ARPHRD_NETLINK of linux/if_arp.h, which clashes with libc's */
    ETHERTYPE_8021Q = 0x8100,
    ETHERTYPE_8021AD = 0x88a8,
    ETHERTYPE_QINQ_OLD = 0x9100, /* before 802.1ad had a number */
    ETHERTYPE_QINQ_OLDER = 0x9200,
    ETHERTYPE_QINQ_OTHER = 0x9300,
    VLAN_ID_MASK = 0x0fff,
    PPPOE_HEADER_SIZE = 6,
    PPPOE_VERSION_1_TYPE_1 = 0x11,
    PPP_ALL_STATIONS = 0xff,
    PPP_UNNUMBERED = 0x03,
    PPP_IPV4 = 0x0021,
    PPP_IPV6 = 0x0057,
    PPP_MPLS = 0x0281,
    HDLC_UNICAST = 0x0f,
    HDLC_MULTICAST = 0x8f,
    MPLS_BOTTOM = 0x100,
    CONTROL_WORD_SIZE = 4,
    ETHERNET_SIZE = 14,
    ETAG_SIZE = 6, /* each without the EtherType in front, and the one behind */
    VNTAG_SIZE = 4,
    SGT_SIZE = 6,
    FABRICPATH_SIZE = 2,
    ITAG_SIZE = 4,
    DLT_RAW_OPENBSD = 14, /* its own number, which also stands in files */
    NFLOG_SIZE = 4,
    NFLOG_VERSION = 0,
    NFLOG_ATTRIBUTE_SIZE = 4,
    NFLOG_ATTRIBUTES_MAX = 64,
    NFLOG_PAYLOAD = 9, /* NFULA_PAYLOAD of linux/netfilter/nfnetlink_log.h */
    PPI_SIZE = 8,
    PPI_VERSION = 0,
    NSH_SIZE = 8, /* base and service path header: at least */
    NSH_VERSION = 0xc0,
    NSH_MAINTENANCE = 0x20,
    NSH_WORDS = 0x3f,
};

/* 0: it is no tag. */
static uint32_t wrapping_of_tag(uint16_t ethertype)
{
    switch (ethertype) {
    case ETHERTYPE_8021Q:
        return WRAPPING_8021Q;
    case ETHERTYPE_8021AD:
        return WRAPPING_8021AD;
    case ETHERTYPE_QINQ_OLD:
    case ETHERTYPE_QINQ_OLDER:
    case ETHERTYPE_QINQ_OTHER:
        return WRAPPING_QINQ;
    default:
        return 0;
    }
}

/* Instead of an EtherType its length: IP may still be in it, where what follows says so. */
static __attribute__((cold)) uint16_t skip_llc(struct reader *reader)
{
    return reader->length < LLC_SNAP_SIZE ? ETHERTYPE_NONE : llc_ethertype(reader);
}

static uint16_t skip_tags(struct reader *reader, uint16_t ethertype, struct linklayer_notes *notes)
{
    uint32_t wrapping = wrapping_of_tag(ethertype);

    for (unsigned tags = 0; wrapping; tags++) {
        uint16_t id = reader_u16(reader) & VLAN_ID_MASK;

        ethertype = reader_u16(reader);
        if (tags == LINKLAYER_TAGS_MAX)
            reader_refuse(reader);
        if (reader->state != READER_OK)
            return ETHERTYPE_NONE;
        if (notes->vlan == SIGHTING_NO_VLAN)
            notes->vlan = (int16_t)id;
        notes->wrappings |= wrapping;
        wrapping = wrapping_of_tag(ethertype);
    }
    return ethertype < ETHERTYPE_LEAST ? skip_llc(reader) : ethertype;
}

uint16_t linklayer_ethernet(struct reader *reader, struct linklayer_notes *notes)
{
    const uint8_t *header = reader_take(reader, ETHERNET_SIZE);

    return header ? skip_tags(reader, big_endian_16(header + 12), notes) : ETHERTYPE_NONE;
}

/* LINKTYPE_LINUX_SLL: with netlink the last field is no EtherType. */
static uint16_t cooked(struct reader *reader, struct linklayer_notes *notes)
{
    const uint8_t *header = reader_take(reader, 16);

    if (!header || big_endian_16(header + 2) == ARPHRD_OF_NETLINK)
        return ETHERTYPE_NONE;
    return skip_tags(reader, big_endian_16(header + 14), notes);
}

static uint16_t cooked2(struct reader *reader, struct linklayer_notes *notes)
{
    const uint8_t *header = reader_take(reader, 20);

    if (!header || big_endian_16(header + 8) == ARPHRD_OF_NETLINK)
        return ETHERTYPE_NONE;
    return skip_tags(reader, big_endian_16(header), notes);
}

uint16_t linklayer_raw_ip(struct reader *reader, struct linklayer_notes *notes)
{
    (void)notes;
    if (reader->captured == 0) {
        reader_fail(reader, 1);
        return ETHERTYPE_NONE;
    }
    switch (reader->at[0] >> 4) {
    case 4:
        return ETHERTYPE_IPV4;
    case 6:
        return ETHERTYPE_IPV6;
    default:
        reader_refuse(reader);
        return ETHERTYPE_NONE;
    }
}

static uint16_t raw_ipv4(struct reader *reader, struct linklayer_notes *notes)
{
    (void)reader, (void)notes;
    return ETHERTYPE_IPV4;
}

static uint16_t raw_ipv6(struct reader *reader, struct linklayer_notes *notes)
{
    (void)reader, (void)notes;
    return ETHERTYPE_IPV6;
}

/* AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 24 NetBSD and OpenBSD, 28 FreeBSD, 30 macOS. */
static uint16_t ethertype_of_family(uint32_t family)
{
    switch (family) {
    case 2:
        return ETHERTYPE_IPV4;
    case 10:
    case 24:
    case 28:
    case 30:
        return ETHERTYPE_IPV6;
    default:
        return ETHERTYPE_NONE;
    }
}

static uint16_t loop(struct reader *reader, struct linklayer_notes *notes)
{
    (void)notes;
    return ethertype_of_family(reader_u32(reader));
}

/* In the byte order of whoever captured it; families are small, so the high half tells. */
static uint16_t null(struct reader *reader, struct linklayer_notes *notes)
{
    uint32_t family = reader_u32(reader);

    (void)notes;
    return ethertype_of_family(family > UINT16_MAX ? __builtin_bswap32(family) : family);
}

/*
 * The control word of an Ethernet pseudowire (RFC 4448 section 4.6) starts with zeros, but so does
 * the MAC address of a VRRP router: it is one only when an EtherType stands where it makes it
 * stand.
 */
static bool is_pseudowire(const struct reader *reader)
{
    if (reader->captured < CONTROL_WORD_SIZE + ETHERNET_SIZE || big_endian_16(reader->at) != 0)
        return false;
    uint16_t ethertype = big_endian_16(reader->at + CONTROL_WORD_SIZE + 12);
    return ethertype == ETHERTYPE_IPV4 || ethertype == ETHERTYPE_IPV6 ||
           wrapping_of_tag(ethertype) != 0;
}

/* Behind the last label nothing says what comes: the first half byte has to (RFC 4928). */
uint16_t linklayer_mpls(struct reader *reader, struct linklayer_notes *notes)
{
    uint32_t label = 0;

    notes->wrappings |= WRAPPING_MPLS;
    for (unsigned labels = 0; reader->state == READER_OK && !(label & MPLS_BOTTOM); labels++) {
        label = reader_u32(reader);
        if (labels == LINKLAYER_LABELS_MAX)
            reader_refuse(reader);
    }
    if (reader->state != READER_OK)
        return ETHERTYPE_NONE;
    if (is_pseudowire(reader)) {
        reader_take(reader, CONTROL_WORD_SIZE);
        return ETHERTYPE_BRIDGED;
    }
    if (reader->captured > 0 && reader->at[0] >> 4 != 4 && reader->at[0] >> 4 != 6)
        return ETHERTYPE_NONE;
    return linklayer_raw_ip(reader, notes);
}

/* Nothing in these tags is asked for: what follows is another EtherType. */
static uint16_t skip_switch_tag(struct reader *reader, size_t size, uint32_t wrapping,
                                struct linklayer_notes *notes)
{
    reader_take(reader, size);
    uint16_t ethertype = reader_u16(reader);
    if (reader->state != READER_OK)
        return ETHERTYPE_NONE;
    notes->wrappings |= wrapping;
    return skip_tags(reader, ethertype, notes);
}

uint16_t linklayer_etag(struct reader *reader, struct linklayer_notes *notes)
{
    return skip_switch_tag(reader, ETAG_SIZE, WRAPPING_ETAG, notes);
}

uint16_t linklayer_vntag(struct reader *reader, struct linklayer_notes *notes)
{
    return skip_switch_tag(reader, VNTAG_SIZE, WRAPPING_VNTAG, notes);
}

uint16_t linklayer_sgt(struct reader *reader, struct linklayer_notes *notes)
{
    return skip_switch_tag(reader, SGT_SIZE, WRAPPING_SGT, notes);
}

/* A whole frame behind the tag. */
uint16_t linklayer_fabricpath(struct reader *reader, struct linklayer_notes *notes)
{
    reader_take(reader, FABRICPATH_SIZE);
    notes->wrappings |= WRAPPING_FABRICPATH;
    return ETHERTYPE_BRIDGED;
}

uint16_t linklayer_itag(struct reader *reader, struct linklayer_notes *notes)
{
    reader_take(reader, ITAG_SIZE);
    notes->wrappings |= WRAPPING_PBB;
    return ETHERTYPE_BRIDGED;
}

/* The protocol field may be one byte long: its lowest bit says so (RFC 1661 section 2). */
static uint16_t ppp_protocol(struct reader *reader)
{
    uint16_t protocol = reader_u8(reader);

    if (!(protocol & 1))
        protocol = (uint16_t)(protocol << 8 | reader_u8(reader));
    switch (protocol) {
    case PPP_IPV4:
        return ETHERTYPE_IPV4;
    case PPP_IPV6:
        return ETHERTYPE_IPV6;
    case PPP_MPLS:
        return ETHERTYPE_MPLS;
    default:
        return ETHERTYPE_NONE;
    }
}

uint16_t linklayer_pppoe(struct reader *reader, struct linklayer_notes *notes)
{
    const uint8_t *header = reader_take(reader, PPPOE_HEADER_SIZE);

    if (!header || header[0] != PPPOE_VERSION_1_TYPE_1 || header[1] != 0)
        return ETHERTYPE_NONE;
    notes->wrappings |= WRAPPING_PPPOE;
    reader_limit(reader, big_endian_16(header + 4));
    return ppp_protocol(reader);
}

/* RFC 8300 section 2.2; what is in those for operation and maintenance is nobody's packet. */
uint16_t linklayer_nsh(struct reader *reader, struct linklayer_notes *notes)
{
    const uint8_t *header = reader_take(reader, NSH_SIZE);

    if (!header || header[0] & (NSH_VERSION | NSH_MAINTENANCE))
        return ETHERTYPE_NONE;
    size_t size = (size_t)(header[1] & NSH_WORDS) * 4;
    if (size < NSH_SIZE) {
        reader_refuse(reader);
        return ETHERTYPE_NONE;
    }
    notes->wrappings |= WRAPPING_NSH;
    reader_take(reader, size - NSH_SIZE);
    switch (header[3]) {
    case 1:
        return ETHERTYPE_IPV4;
    case 2:
        return ETHERTYPE_IPV6;
    case 3:
        return ETHERTYPE_BRIDGED;
    case 4:
        return ETHERTYPE_NSH;
    case 5:
        return ETHERTYPE_MPLS;
    default:
        return ETHERTYPE_NONE;
    }
}

/* Cisco's HDLC: address, control, EtherType. */
static uint16_t hdlc(struct reader *reader, struct linklayer_notes *notes)
{
    uint8_t address = reader_u8(reader);

    (void)notes;
    reader_u8(reader);
    uint16_t ethertype = reader_u16(reader);
    return address == HDLC_UNICAST || address == HDLC_MULTICAST ? ethertype : ETHERTYPE_NONE;
}

/* In HDLC-like framing or without (RFC 1662 section 3.1), or Cisco's, which libpcap takes for it.
 */
static uint16_t ppp(struct reader *reader, struct linklayer_notes *notes)
{
    bool framed = reader->captured >= 2 && reader->at[0] == PPP_ALL_STATIONS &&
                  reader->at[1] == PPP_UNNUMBERED;

    if (reader->captured >= 1 && (reader->at[0] == HDLC_UNICAST || reader->at[0] == HDLC_MULTICAST))
        return hdlc(reader, notes);
    if (framed)
        reader_take(reader, 2);
    return ppp_protocol(reader);
}

static uint16_t nflog(struct reader *reader, struct linklayer_notes *notes);
static uint16_t ppi(struct reader *reader, struct linklayer_notes *notes);

static const struct {
    int link_type;
    linklayer_function *function;
} link_layers[] = {
    {DLT_EN10MB, linklayer_ethernet},
    {DLT_LINUX_SLL, cooked},
    {DLT_LINUX_SLL2, cooked2},
    {DLT_RAW, linklayer_raw_ip},
    {DLT_RAW_OPENBSD, linklayer_raw_ip},
    {DLT_NFLOG, nflog},
    {DLT_PPI, ppi},
    {DLT_IPV4, raw_ipv4},
    {DLT_IPV6, raw_ipv6},
    {DLT_NULL, null},
    {DLT_LOOP, loop},
    {DLT_PPP, ppp},
    {DLT_PPP_SERIAL, ppp},
    {DLT_PPP_ETHER, linklayer_pppoe},
    {DLT_C_HDLC, hdlc},
    {DLT_IEEE802_11, linklayer_ieee80211},
    {DLT_IEEE802_11_RADIO, linklayer_radiotap},
};

linklayer_function *linklayer_find(int link_type)
{
    for (size_t i = 0; i < sizeof(link_layers) / sizeof(link_layers[0]); i++) {
        if (link_layers[i].link_type == link_type)
            return link_layers[i].function;
    }
    return NULL;
}

/* Values in the byte order of the machine that captured; libpcap turns those of a file round. */
static uint16_t nflog_value(const uint8_t *bytes)
{
    uint16_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

/*
 * The kernel's logging by netfilter: attributes, each filled up to four bytes, one the packet.  Its
 * family may be that of a bridge or a device, so that the packet itself has to say what it is.
 */
static uint16_t nflog(struct reader *reader, struct linklayer_notes *notes)
{
    const uint8_t *header = reader_take(reader, NFLOG_SIZE);

    if (!header || header[1] != NFLOG_VERSION)
        return ETHERTYPE_NONE;
    for (unsigned i = 0; i < NFLOG_ATTRIBUTES_MAX; i++) {
        const uint8_t *attribute = reader_take(reader, NFLOG_ATTRIBUTE_SIZE);
        size_t size = attribute ? nflog_value(attribute) : 0;

        if (size < NFLOG_ATTRIBUTE_SIZE)
            break;
        size -= NFLOG_ATTRIBUTE_SIZE;
        if (nflog_value(attribute + 2) == NFLOG_PAYLOAD) {
            reader_limit(reader, size);
            return reader->captured > 0 && (reader->at[0] >> 4 == 4 || reader->at[0] >> 4 == 6)
                       ? linklayer_raw_ip(reader, notes)
                       : ETHERTYPE_NONE;
        }
        reader_take(reader, (size + 3) / 4 * 4);
    }
    reader_refuse(reader);
    return ETHERTYPE_NONE;
}

/* Per-packet information in front of a frame of the link type that it names; always little. */
static uint16_t ppi(struct reader *reader, struct linklayer_notes *notes)
{
    const uint8_t *header = reader_take(reader, PPI_SIZE);

    if (!header || header[0] != PPI_VERSION)
        return ETHERTYPE_NONE;
    size_t size = (size_t)header[3] << 8 | header[2];
    uint32_t type = (uint32_t)header[7] << 24 | (uint32_t)header[6] << 16 |
                    (uint32_t)header[5] << 8 | header[4];
    linklayer_function *inner = type == DLT_PPI ? NULL : linklayer_find((int)type);
    if (size < PPI_SIZE) {
        reader_refuse(reader);
        return ETHERTYPE_NONE;
    }
    reader_take(reader, size - PPI_SIZE);
    return inner ? inner(reader, notes) : ETHERTYPE_NONE;
}
