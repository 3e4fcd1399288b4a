/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A frame of any link type.  The first byte chooses the type, the second how much the snaplen cut
 * off. What is decoded lies inside the frame, and its checksums can be looked at.
 */
#include "require.h"
#include "sniffer/frame.h"

#include <pcap/dlt.h>
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int link_types[] = {
    DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW,       DLT_IPV4,
    DLT_IPV6,   DLT_NULL,      DLT_LOOP,       DLT_USB_LINUX,
};

static bool lies_inside(const struct frame *frame, const uint8_t *bytes, size_t size)
{
    return bytes >= frame->bytes && size <= frame->captured &&
           (size_t)(bytes - frame->bytes) <= frame->captured - size;
}

static void check_segment(const struct frame *frame, const struct segment *segment)
{
    REQUIRE(lies_inside(frame, segment->payload, segment->payload_size));
    REQUIRE(lies_inside(frame, segment->transport_header, segment->transport_size));
    REQUIRE(lies_inside(frame, segment->ip, segment->ip_header_size));
    REQUIRE(segment->transport_size == segment->payload_size + 8);
    REQUIRE(address_is_canonical(&segment->source));
    REQUIRE(address_is_canonical(&segment->destination));
    REQUIRE(segment->source.family == segment->destination.family);
    REQUIRE(segment->source_port == 53 || segment->destination_port == 53);
    REQUIRE(segment->vlan >= SIGHTING_NO_VLAN && segment->vlan <= 4095);
    REQUIRE(segment_checksums(segment) <= CHECKSUM_BARE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct segment segment;
    struct frame frame = {
        .bytes = data + 2,
        .captured = (uint32_t)(size - 2),
        .length = (uint32_t)(size - 2) + data[1],
        .link_type = link_types[data[0] % (sizeof(link_types) / sizeof(link_types[0]))],
    };
    enum frame_outcome outcome = frame_decode(&frame, 0, &segment);

    REQUIRE((outcome == FRAME_LINK_TYPE) == !frame_link_type_is_known(frame.link_type));
    REQUIRE(outcome != FRAME_CUT || frame.length > frame.captured);
    if (outcome == FRAME_SEGMENT)
        check_segment(&frame, &segment);
    return 0;
}
