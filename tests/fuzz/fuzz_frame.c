/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A frame of any link type.  The first byte chooses the type and whether tunnels are looked into,
 * the second how much the snaplen cut off.  What is decoded lies inside the frame, and its
 * checksums can be looked at.  A fragment's bytes are also taken for a whole datagram.
 */
#include "require.h"
#include "sniffer/decode/frame.h"
#include "tests/unit/sniffer/keeping.h"

#include <pcap/dlt.h>
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OTHER_PORT = 5335, ALL_TUNNELS = 0x80, DECAPSULATE_ALL = (1 << ENCAPSULATION_COUNT) - 1 };

static const int link_types[] = {
    DLT_EN10MB,
    DLT_LINUX_SLL,
    DLT_LINUX_SLL2,
    DLT_RAW,
    DLT_IPV4,
    DLT_IPV6,
    DLT_NULL,
    DLT_LOOP,
    DLT_USB_LINUX,
    DLT_PPP,
    DLT_PPP_SERIAL,
    DLT_PPP_ETHER,
    DLT_C_HDLC,
    DLT_IEEE802_11,
    DLT_IEEE802_11_RADIO,
    14 /* raw IP of OpenBSD */,
    DLT_PPI,
    DLT_NFLOG,
};

static bool lies_inside(const struct frame *frame, const uint8_t *bytes, size_t size)
{
    return bytes >= frame->bytes && size <= frame->captured &&
           (size_t)(bytes - frame->bytes) <= frame->captured - size;
}

static void check_tcp(const struct segment *segment)
{
    size_t header = segment->transport_size - segment->payload_size;

    REQUIRE(header >= 20 && header <= 60);
}

static void check_segment(const struct frame *frame, const struct segment *segment)
{
    REQUIRE(lies_inside(frame, segment->payload, segment->payload_size));
    REQUIRE(lies_inside(frame, segment->transport_header, segment->transport_size));
    REQUIRE(!segment->ip || lies_inside(frame, segment->ip, segment->ip_header_size));
    if (segment->transport == TRANSPORT_TCP)
        check_tcp(segment);
    else
        REQUIRE(segment->transport_size == segment->payload_size + 8);
    REQUIRE(address_is_canonical(&segment->source));
    REQUIRE(address_is_canonical(&segment->destination));
    REQUIRE(segment->source.family == segment->destination.family);
    REQUIRE(segment->server_port == 53 || segment->server_port == OTHER_PORT);
    REQUIRE(segment->source_port == segment->server_port ||
            segment->destination_port == segment->server_port);
    REQUIRE(segment->vlan >= SIGHTING_NO_VLAN && segment->vlan <= 4095);
    REQUIRE(segment->tunnels <= FRAME_TUNNELS_MAX);
    REQUIRE(segment_checksums(segment) <= CHECKSUM_BARE);
}

static void check_fragment(const struct frame *frame, struct segment *segment,
                           const struct tunnelrules *rules)
{
    REQUIRE(segment->payload_size > 0);
    REQUIRE(lies_inside(frame, segment->payload, segment->payload_size));
    REQUIRE(segment->piece.offset <= 65528 && segment->piece.offset % 8 == 0);
    REQUIRE(segment_header_checksum(segment) <= CHECKSUM_BARE);
    enum frame_outcome outcome =
        frame_resume(segment->payload, segment->payload_size, rules, segment);
    REQUIRE(outcome != FRAME_CUT && outcome != FRAME_LINK_TYPE);
    if (outcome == FRAME_SEGMENT)
        check_segment(frame, segment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct segment segment;
    static const struct dnsports ports = {.others = {OTHER_PORT}, .count = 1};
    struct tunnelrules all = *keeping_tunnels(DECAPSULATE_ALL);
    const struct tunnelrules *rules = data[0] & ALL_TUNNELS ? &all : NULL;

    all.dns = &ports;
    struct frame frame = {
        .bytes = data + 2,
        .captured = (uint32_t)(size - 2),
        .length = (uint32_t)(size - 2) + data[1],
        .link_type =
            link_types[data[0] % ALL_TUNNELS % (sizeof(link_types) / sizeof(link_types[0]))],
    };
    enum frame_outcome outcome = frame_decode(&frame, rules, &segment);

    REQUIRE((outcome == FRAME_LINK_TYPE) == !frame_link_type_is_known(frame.link_type));
    REQUIRE(outcome != FRAME_CUT || frame.length > frame.captured);
    if (outcome == FRAME_SEGMENT)
        check_segment(&frame, &segment);
    if (outcome == FRAME_FRAGMENT)
        check_fragment(&frame, &segment, rules);
    return 0;
}
