/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link layer: one small function for each DLT_, found in a table.
 */
#include "sniffer/linklayer.h"

#include <pcap/dlt.h>
#include <stdbool.h>

enum {
    ARPHRD_OF_NETLINK = 824, /* ARPHRD_NETLINK of linux/if_arp.h, which clashes with libc's */
    ETHERTYPE_8021Q = 0x8100,
    ETHERTYPE_8021AD = 0x88a8,
    ETHERTYPE_QINQ_OLD = 0x9100, /* before 802.1ad had a number */
    ETHERTYPE_QINQ_OLDER = 0x9200,
    VLAN_ID_MASK = 0x0fff,
};

static bool is_tag(uint16_t ethertype)
{
    return ethertype == ETHERTYPE_8021Q || ethertype == ETHERTYPE_8021AD ||
           ethertype == ETHERTYPE_QINQ_OLD || ethertype == ETHERTYPE_QINQ_OLDER;
}

static uint16_t skip_tags(struct reader *reader, uint16_t ethertype, int16_t *vlan)
{
    for (unsigned tags = 0; is_tag(ethertype); tags++) {
        uint16_t id = reader_u16(reader) & VLAN_ID_MASK;

        ethertype = reader_u16(reader);
        if (tags == LINKLAYER_TAGS_MAX)
            reader_refuse(reader);
        if (reader->state != READER_OK)
            return ETHERTYPE_NONE;
        if (tags == 0)
            *vlan = (int16_t)id;
    }
    return ethertype;
}

static uint16_t ethernet(struct reader *reader, int16_t *vlan)
{
    const uint8_t *header = reader_take(reader, 14);

    return header ? skip_tags(reader, big_endian_16(header + 12), vlan) : ETHERTYPE_NONE;
}

/* LINKTYPE_LINUX_SLL: with netlink the last field is no EtherType. */
static uint16_t cooked(struct reader *reader, int16_t *vlan)
{
    const uint8_t *header = reader_take(reader, 16);

    if (!header || big_endian_16(header + 2) == ARPHRD_OF_NETLINK)
        return ETHERTYPE_NONE;
    return skip_tags(reader, big_endian_16(header + 14), vlan);
}

static uint16_t cooked2(struct reader *reader, int16_t *vlan)
{
    const uint8_t *header = reader_take(reader, 20);

    if (!header || big_endian_16(header + 8) == ARPHRD_OF_NETLINK)
        return ETHERTYPE_NONE;
    return skip_tags(reader, big_endian_16(header), vlan);
}

static uint16_t raw_ip(struct reader *reader, int16_t *vlan)
{
    (void)vlan;
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

static uint16_t raw_ipv4(struct reader *reader, int16_t *vlan)
{
    (void)reader, (void)vlan;
    return ETHERTYPE_IPV4;
}

static uint16_t raw_ipv6(struct reader *reader, int16_t *vlan)
{
    (void)reader, (void)vlan;
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

static uint16_t loop(struct reader *reader, int16_t *vlan)
{
    (void)vlan;
    return ethertype_of_family(reader_u32(reader));
}

/* In the byte order of whoever captured it; families are small, so the high half tells. */
static uint16_t null(struct reader *reader, int16_t *vlan)
{
    uint32_t family = reader_u32(reader);

    (void)vlan;
    return ethertype_of_family(family > UINT16_MAX ? __builtin_bswap32(family) : family);
}

static const struct {
    int link_type;
    linklayer_function *function;
} link_layers[] = {
    {DLT_EN10MB, ethernet}, {DLT_LINUX_SLL, cooked}, {DLT_LINUX_SLL2, cooked2}, {DLT_RAW, raw_ip},
    {DLT_IPV4, raw_ipv4},   {DLT_IPV6, raw_ipv6},    {DLT_NULL, null},          {DLT_LOOP, loop},
};

linklayer_function *linklayer_find(int link_type)
{
    for (size_t i = 0; i < sizeof(link_layers) / sizeof(link_layers[0]); i++) {
        if (link_layers[i].link_type == link_type)
            return link_layers[i].function;
    }
    return NULL;
}
