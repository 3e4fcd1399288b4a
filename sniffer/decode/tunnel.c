/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One small function a tunnel, found by protocol or port in a table.
 *
 * Outer checksums are not looked at: they are the tunnel end's business, and those inside the
 * tunnel decide what the client's host takes.
 */
#include "sniffer/decode/tunnel.h"

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
    ERSPAN_SESSION = 0x03ff,
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
    GPE_VERSION = 0x30,
    GPE_NEXT = 0x04, /* the last byte in front of the number says what is inside */
    GPE_IPV4 = 1,
    GPE_IPV6 = 2,
    GPE_ETHERNET = 3,
    GPE_NSH = 4,
    GTP_SIZE = 8,
    GTP_VERSION_BITS = 0xf0, /* version, and GTP instead of GTP' */
    GTP_VERSION_1 = 0x30,
    GTP_OPTIONS = 0x07, /* one of them and all four bytes are there */
    GTP_OPTIONS_SIZE = 4,
    GTP_EXTENDED = 0x04,
    GTP_USER_DATA = 255,
};

/* An EtherType, which may also say that an Ethernet frame follows. */
static void carries(struct tunnel_inner *out, uint16_t ethertype)
{
    out->ethertype = ethertype;
    if (ethertype == ETHERTYPE_BRIDGED)
        out->link = linklayer_ethernet;
}

static void has_number(struct tunnel_inner *out, uint32_t number)
{
    out->has_number = true;
    out->number = number;
}

/* draft-foschiano-erspan-03 section 4.1: type I has no header, and the sequence number tells. */
static void erspan(struct reader *reader, bool sequence, struct tunnel_inner *out)
{
    const uint8_t *header = sequence ? reader_take(reader, ERSPAN_2_SIZE) : NULL;

    if (sequence && (!header || header[0] >> 4 != ERSPAN_VERSION_2))
        return;
    if (header)
        has_number(out, big_endian_16(header + 2) & ERSPAN_SESSION);
    out->link = linklayer_ethernet;
}

/* The same, section 4.3. */
static void erspan_3(struct reader *reader, struct tunnel_inner *out)
{
    const uint8_t *header = reader_take(reader, ERSPAN_3_SIZE);

    if (!header || header[0] >> 4 != ERSPAN_VERSION_3)
        return;
    has_number(out, big_endian_16(header + 2) & ERSPAN_SESSION);
    uint16_t last = big_endian_16(header + 10);
    if (last & ERSPAN_3_SUBHEADER)
        reader_take(reader, ERSPAN_3_SUBHEADER_SIZE);
    unsigned type = last >> 10 & 0x1f;
    if (type == ERSPAN_3_ETHERNET)
        out->link = linklayer_ethernet;
    if (type == ERSPAN_3_IP)
        out->link = linklayer_raw_ip;
}

static void gre(struct reader *reader, uint32_t encapsulations, struct tunnel_inner *out)
{
    uint16_t flags = reader_u16(reader), type = reader_u16(reader);
    bool is_erspan = type == GRE_ERSPAN || type == GRE_ERSPAN_3;

    out->encapsulation = is_erspan ? ENCAPSULATION_ERSPAN : ENCAPSULATION_GRE;
    if (flags & (GRE_ROUTING | GRE_VERSION) ||
        !(encapsulations & UINT32_C(1) << out->encapsulation))
        return;
    for (uint16_t option = GRE_CHECKSUM; option >= GRE_SEQUENCE; option >>= 1) {
        const uint8_t *value = flags & option ? reader_take(reader, GRE_OPTION_SIZE) : NULL;

        if (value && option == GRE_KEY && !is_erspan)
            has_number(out, big_endian_32(value));
    }
    if (type == GRE_ERSPAN)
        erspan(reader, flags & GRE_SEQUENCE, out);
    else if (type == GRE_ERSPAN_3)
        erspan_3(reader, out);
    else
        carries(out, type);
}

static void ipv4_in_ip(struct reader *reader, uint32_t encapsulations, struct tunnel_inner *out)
{
    (void)reader, (void)encapsulations;
    out->encapsulation = ENCAPSULATION_IPIP;
    carries(out, ETHERTYPE_IPV4);
}

static void ipv6_in_ip(struct reader *reader, uint32_t encapsulations, struct tunnel_inner *out)
{
    (void)reader, (void)encapsulations;
    out->encapsulation = ENCAPSULATION_IPIP;
    carries(out, ETHERTYPE_IPV6);
}

/* The VNI of VXLAN and Geneve: 24 bits, and 8 that are reserved. */
static uint32_t network_number(const uint8_t *header)
{
    return big_endian_32(header + 4) >> 8;
}

static void vxlan(struct reader *reader, uint32_t encapsulations, struct tunnel_inner *out)
{
    const uint8_t *header = reader_take(reader, VXLAN_SIZE);

    (void)encapsulations;
    out->encapsulation = ENCAPSULATION_VXLAN;
    if (!header || !(header[0] & VXLAN_HAS_NUMBER))
        return;
    has_number(out, network_number(header));
    out->link = linklayer_ethernet;
}

/* draft-ietf-nvo3-vxlan-gpe section 3: without a next protocol it is VXLAN as it was. */
static void vxlan_gpe(struct reader *reader, uint32_t encapsulations, struct tunnel_inner *out)
{
    const uint8_t *header = reader_take(reader, VXLAN_SIZE);

    (void)encapsulations;
    out->encapsulation = ENCAPSULATION_VXLAN;
    if (!header || header[0] & GPE_VERSION)
        return;
    if (header[0] & VXLAN_HAS_NUMBER)
        has_number(out, network_number(header));
    unsigned next = header[0] & GPE_NEXT ? header[3] : GPE_ETHERNET;
    if (next == GPE_IPV4)
        carries(out, ETHERTYPE_IPV4);
    else if (next == GPE_IPV6)
        carries(out, ETHERTYPE_IPV6);
    else if (next == GPE_ETHERNET)
        out->link = linklayer_ethernet;
    else if (next == GPE_NSH)
        carries(out, ETHERTYPE_NSH);
}

/* An unknown critical option would stop the tunnel's end, but not the one who only looks. */
static void geneve(struct reader *reader, uint32_t encapsulations, struct tunnel_inner *out)
{
    const uint8_t *header = reader_take(reader, GENEVE_SIZE);

    (void)encapsulations;
    out->encapsulation = ENCAPSULATION_GENEVE;
    if (!header || header[0] >> 6 != 0)
        return;
    has_number(out, network_number(header));
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

static void tzsp(struct reader *reader, uint32_t encapsulations, struct tunnel_inner *out)
{
    uint8_t version = reader_u8(reader), type = reader_u8(reader);
    uint16_t protocol = reader_u16(reader);

    (void)encapsulations;
    out->encapsulation = ENCAPSULATION_TZSP;
    if (version != TZSP_VERSION || (type != TZSP_RECEIVED && type != TZSP_TRANSMIT))
        return;
    skip_tzsp_tags(reader);
    if (protocol == TZSP_ETHERNET)
        out->link = linklayer_ethernet;
    if (protocol == TZSP_IEEE80211)
        out->link = linklayer_ieee80211;
}

/* Each says its length in fours, and at its end what the next one is; 0 is none. */
static void skip_gtp_extensions(struct reader *reader, uint8_t next)
{
    for (unsigned count = 0; next && reader->state == READER_OK; count++) {
        size_t size = (size_t)reader_u8(reader) * 4;
        const uint8_t *rest = size ? reader_take(reader, size - 1) : NULL;

        if (count == TUNNEL_GTP_EXTENSIONS_MAX || size == 0)
            reader_refuse(reader);
        next = rest ? rest[size - 2] : 0;
    }
}

/* What is no user data (echoes, error indications) holds no packet. */
static void gtp(struct reader *reader, uint32_t encapsulations, struct tunnel_inner *out)
{
    const uint8_t *header = reader_take(reader, GTP_SIZE), *options = NULL;

    (void)encapsulations;
    out->encapsulation = ENCAPSULATION_GTP;
    if (!header || (header[0] & GTP_VERSION_BITS) != GTP_VERSION_1 || header[1] != GTP_USER_DATA)
        return;
    has_number(out, big_endian_32(header + 4));
    reader_limit(reader, big_endian_16(header + 2));
    if (header[0] & GTP_OPTIONS)
        options = reader_take(reader, GTP_OPTIONS_SIZE);
    if (options && header[0] & GTP_EXTENDED)
        skip_gtp_extensions(reader, options[3]);
    out->link = linklayer_raw_ip;
}

static const struct {
    uint8_t number;
    uint32_t encapsulations;
    void (*enter)(struct reader *reader, uint32_t encapsulations, struct tunnel_inner *out);
} protocols[] = {
    {IPPROTO_GRE, 1u << ENCAPSULATION_GRE | 1u << ENCAPSULATION_ERSPAN, gre},
    {IPPROTO_IPIP, 1u << ENCAPSULATION_IPIP, ipv4_in_ip},
    {IPPROTO_IPV6, 1u << ENCAPSULATION_IPIP, ipv6_in_ip},
};

static const struct {
    uint16_t port;
    uint8_t encapsulation;
} usual_ports[] = {
    {TUNNEL_PORT_VXLAN, ENCAPSULATION_VXLAN},     {TUNNEL_PORT_VXLAN_LINUX, ENCAPSULATION_VXLAN},
    {TUNNEL_PORT_VXLAN_GPE, ENCAPSULATION_VXLAN}, {TUNNEL_PORT_GENEVE, ENCAPSULATION_GENEVE},
    {TUNNEL_PORT_TZSP, ENCAPSULATION_TZSP},       {TUNNEL_PORT_GTP, ENCAPSULATION_GTP},
    {TUNNEL_PORT_GRE, ENCAPSULATION_GRE},         {TUNNEL_PORT_GRE, ENCAPSULATION_ERSPAN},
};

enum {
    PROTOCOLS = sizeof(protocols) / sizeof(protocols[0]),
    USUAL_PORTS = sizeof(usual_ports) / sizeof(usual_ports[0]),
};

bool tunnel_has_protocol(uint8_t protocol, uint32_t encapsulations)
{
    for (size_t i = 0; encapsulations && i < PROTOCOLS; i++) {
        if (protocols[i].number == protocol)
            return protocols[i].encapsulations & encapsulations;
    }
    return false;
}

enum encapsulation tunnel_usual_at_port(uint16_t port, uint32_t encapsulations)
{
    for (size_t i = 0; encapsulations && i < USUAL_PORTS; i++) {
        if (usual_ports[i].port == port && encapsulations >> usual_ports[i].encapsulation & 1)
            return (enum encapsulation)usual_ports[i].encapsulation;
    }
    return ENCAPSULATION_NONE;
}

static bool is_entered(const struct reader *reader, const struct tunnel_inner *out)
{
    return reader->state == READER_OK && (out->link || out->ethertype != ETHERTYPE_NONE);
}

bool tunnel_enter_protocol(struct reader *reader, uint8_t protocol, uint32_t encapsulations,
                           struct tunnel_inner *out)
{
    *out = (struct tunnel_inner){.ethertype = ETHERTYPE_NONE};
    for (size_t i = 0; i < PROTOCOLS; i++) {
        if (protocols[i].number == protocol)
            protocols[i].enter(reader, encapsulations, out);
    }
    return is_entered(reader, out);
}

bool tunnel_enter_udp(struct reader *reader, enum encapsulation encapsulation, uint16_t port,
                      uint32_t encapsulations, struct tunnel_inner *out)
{
    *out = (struct tunnel_inner){.ethertype = ETHERTYPE_NONE};
    switch (encapsulation) {
    case ENCAPSULATION_GRE:
    case ENCAPSULATION_ERSPAN:
        gre(reader, encapsulations, out);
        break;
    case ENCAPSULATION_VXLAN:
        if (port == TUNNEL_PORT_VXLAN_GPE)
            vxlan_gpe(reader, encapsulations, out);
        else
            vxlan(reader, encapsulations, out);
        break;
    case ENCAPSULATION_GENEVE:
        geneve(reader, encapsulations, out);
        break;
    case ENCAPSULATION_TZSP:
        tzsp(reader, encapsulations, out);
        break;
    case ENCAPSULATION_GTP:
        gtp(reader, encapsulations, out);
        break;
    case ENCAPSULATION_IPIP:
    case ENCAPSULATION_NONE:
    case ENCAPSULATION_COUNT:
        break;
    }
    return is_entered(reader, out);
}
