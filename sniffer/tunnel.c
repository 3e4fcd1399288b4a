/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One small function a tunnel, found by protocol or port in a table.
 *
 * Outer checksums are not looked at: they are the tunnel end's business, and those inside the
 * tunnel decide what the client's host takes.
 */
#include "sniffer/tunnel.h"

#include <netinet/in.h>
#include <stddef.h>

enum {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000, /* RFC 1701: deprecated, and never seen with what is read here */
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_VERSION = 0x0007, /* 1 is PPTP's */
    GRE_OPTION_SIZE = 4,
    GRE_ERSPAN = 0x88be,
    GRE_ERSPAN_3 = 0x22eb,
    ERSPAN_VERSION_2 = 1, /* as the field says it */
    ERSPAN_VERSION_3 = 2,
    ERSPAN_2_SIZE = 8,
    ERSPAN_3_SIZE = 12,
    ERSPAN_3_SUBHEADER = 0x0001, /* of the last two bytes */
    ERSPAN_3_SUBHEADER_SIZE = 8,
    ERSPAN_3_ETHERNET = 0, /* frame types */
    ERSPAN_3_IP = 2,
    VXLAN_SIZE = 8,
    VXLAN_HAS_NUMBER = 0x08,
    GENEVE_SIZE = 8,
    TZSP_VERSION = 1,
    TZSP_RECEIVED = 0, /* types */
    TZSP_TRANSMIT = 1,
    TZSP_ETHERNET = 1, /* protocols */
    TZSP_IEEE80211 = 18,
    TZSP_PADDING = 0, /* tags */
    TZSP_END = 1,
};

static uint32_t bit(enum encapsulation encapsulation)
{
    return UINT32_C(1) << encapsulation;
}

static void carries_ethernet(struct tunnel_inner *out)
{
    out->link = linklayer_ethernet;
}

/* An EtherType, which may also say that an Ethernet frame follows. */
static void carries(struct tunnel_inner *out, uint16_t ethertype)
{
    out->ethertype = ethertype;
    if (ethertype == ETHERTYPE_BRIDGED)
        carries_ethernet(out);
}

/* draft-foschiano-erspan-03 section 4.1: type I has no header, and the sequence number tells. */
static void erspan(struct reader *reader, bool sequence, struct tunnel_inner *out)
{
    const uint8_t *header = sequence ? reader_take(reader, ERSPAN_2_SIZE) : NULL;

    if (sequence && (!header || header[0] >> 4 != ERSPAN_VERSION_2))
        return;
    carries_ethernet(out);
}

/* The same, section 4.3. */
static void erspan_3(struct reader *reader, struct tunnel_inner *out)
{
    const uint8_t *header = reader_take(reader, ERSPAN_3_SIZE);

    if (!header || header[0] >> 4 != ERSPAN_VERSION_3)
        return;
    uint16_t last = big_endian_16(header + 10);
    if (last & ERSPAN_3_SUBHEADER)
        reader_take(reader, ERSPAN_3_SUBHEADER_SIZE);
    unsigned type = last >> 10 & 0x1f;
    if (type == ERSPAN_3_ETHERNET)
        carries_ethernet(out);
    if (type == ERSPAN_3_IP)
        out->link = linklayer_raw_ip;
}

static void gre(struct reader *reader, uint32_t decapsulate, struct tunnel_inner *out)
{
    uint16_t flags = reader_u16(reader), type = reader_u16(reader);
    bool is_erspan = type == GRE_ERSPAN || type == GRE_ERSPAN_3;

    out->encapsulation = is_erspan ? ENCAPSULATION_ERSPAN : ENCAPSULATION_GRE;
    if (flags & (GRE_ROUTING | GRE_VERSION) || !(decapsulate & bit(out->encapsulation)))
        return;
    for (uint16_t option = GRE_CHECKSUM; option >= GRE_SEQUENCE; option >>= 1) {
        if (flags & option)
            reader_take(reader, GRE_OPTION_SIZE);
    }
    if (type == GRE_ERSPAN)
        erspan(reader, flags & GRE_SEQUENCE, out);
    else if (type == GRE_ERSPAN_3)
        erspan_3(reader, out);
    else
        carries(out, type);
}

static void ipv4_in_ip(struct reader *reader, uint32_t decapsulate, struct tunnel_inner *out)
{
    (void)reader, (void)decapsulate;
    out->encapsulation = ENCAPSULATION_IPIP;
    carries(out, ETHERTYPE_IPV4);
}

static void ipv6_in_ip(struct reader *reader, uint32_t decapsulate, struct tunnel_inner *out)
{
    (void)reader, (void)decapsulate;
    out->encapsulation = ENCAPSULATION_IPIP;
    carries(out, ETHERTYPE_IPV6);
}

static void vxlan(struct reader *reader, uint32_t decapsulate, struct tunnel_inner *out)
{
    const uint8_t *header = reader_take(reader, VXLAN_SIZE);

    (void)decapsulate;
    out->encapsulation = ENCAPSULATION_VXLAN;
    if (header && header[0] & VXLAN_HAS_NUMBER)
        carries_ethernet(out);
}

/* An unknown critical option would stop the tunnel's end, but not the one who only looks. */
static void geneve(struct reader *reader, uint32_t decapsulate, struct tunnel_inner *out)
{
    const uint8_t *header = reader_take(reader, GENEVE_SIZE);

    (void)decapsulate;
    out->encapsulation = ENCAPSULATION_GENEVE;
    if (!header || header[0] >> 6 != 0)
        return;
    reader_take(reader, (size_t)(header[0] & 0x3f) * 4);
    carries(out, big_endian_16(header + 2));
}

static void skip_tzsp_tags(struct reader *reader)
{
    for (unsigned tags = 0; reader->state == READER_OK; tags++) {
        uint8_t tag = reader_u8(reader);

        if (tag == TZSP_END)
            return;
        if (tags == TUNNEL_TZSP_TAGS_MAX)
            reader_refuse(reader);
        if (tag != TZSP_PADDING)
            reader_take(reader, reader_u8(reader));
    }
}

static void tzsp(struct reader *reader, uint32_t decapsulate, struct tunnel_inner *out)
{
    uint8_t version = reader_u8(reader), type = reader_u8(reader);
    uint16_t protocol = reader_u16(reader);

    (void)decapsulate;
    out->encapsulation = ENCAPSULATION_TZSP;
    if (version != TZSP_VERSION || (type != TZSP_RECEIVED && type != TZSP_TRANSMIT))
        return;
    skip_tzsp_tags(reader);
    if (protocol == TZSP_ETHERNET)
        carries_ethernet(out);
    if (protocol == TZSP_IEEE80211)
        out->link = linklayer_ieee80211;
}

/* What a tunnel over IP or UDP is known by, and which of `decapsulate` it may be. */
static const struct tunnel {
    uint16_t number;
    uint32_t encapsulations;
    void (*enter)(struct reader *reader, uint32_t decapsulate, struct tunnel_inner *out);
} protocols[] =
    {
        {IPPROTO_GRE, 1u << ENCAPSULATION_GRE | 1u << ENCAPSULATION_ERSPAN, gre},
        {IPPROTO_IPIP, 1u << ENCAPSULATION_IPIP, ipv4_in_ip},
        {IPPROTO_IPV6, 1u << ENCAPSULATION_IPIP, ipv6_in_ip},
        {0, 0, NULL},
},
  ports[] = {
      {TUNNEL_PORT_VXLAN, 1u << ENCAPSULATION_VXLAN, vxlan},
      {TUNNEL_PORT_GENEVE, 1u << ENCAPSULATION_GENEVE, geneve},
      {TUNNEL_PORT_TZSP, 1u << ENCAPSULATION_TZSP, tzsp},
      {0, 0, NULL},
};

static const struct tunnel *find(const struct tunnel *tunnel, uint16_t number, uint32_t decapsulate)
{
    for (; tunnel->enter; tunnel++) {
        if (tunnel->number == number)
            return tunnel->encapsulations & decapsulate ? tunnel : NULL;
    }
    return NULL;
}

bool tunnel_has_protocol(uint8_t protocol, uint32_t decapsulate)
{
    return decapsulate && find(protocols, protocol, decapsulate);
}

bool tunnel_has_port(uint16_t port, uint32_t decapsulate)
{
    return decapsulate && find(ports, port, decapsulate);
}

static bool enter(struct reader *reader, const struct tunnel *tunnel, uint32_t decapsulate,
                  struct tunnel_inner *out)
{
    if (!tunnel)
        return false;
    *out = (struct tunnel_inner){.ethertype = ETHERTYPE_NONE};
    tunnel->enter(reader, decapsulate, out);
    return reader->state == READER_OK && (out->link || out->ethertype != ETHERTYPE_NONE);
}

bool tunnel_enter_protocol(struct reader *reader, uint8_t protocol, uint32_t decapsulate,
                           struct tunnel_inner *out)
{
    return enter(reader, find(protocols, protocol, decapsulate), decapsulate, out);
}

bool tunnel_enter_port(struct reader *reader, uint16_t port, uint32_t decapsulate,
                       struct tunnel_inner *out)
{
    return enter(reader, find(ports, port, decapsulate), decapsulate, out);
}
