/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of each link type, with what may stand before UDP and with lies about lengths.
 */
#include "packet.h"
#include "sniffer/decode/frame.h"

#include <pcap/dlt.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

static const struct bytes payload = {.size = 12, .data = "ABCDEFGHIJKL"};

static const struct datagram_of answer4 = {
    .from = "192.0.2.53",
    .to = "192.0.2.10",
    .from_port = 53,
    .to_port = 4000,
    .payload = &payload,
};

static const struct datagram_of answer6 = {
    .from = "2001:db8::53",
    .to = "2001:db8::10",
    .from_port = 53,
    .to_port = 4000,
    .payload = &payload,
};

/* A copy of exact size, so that the sanitizer sees a read behind the end. */
static enum frame_outcome decode_part(const struct bytes *bytes, size_t captured, int link_type,
                                      struct segment *out)
{
    static uint8_t *kept;

    free(kept);
    kept = malloc(captured ? captured : 1);
    assert_non_null(kept);
    memcpy(kept, bytes->data, captured);
    struct frame frame = {
        .bytes = kept,
        .captured = (uint32_t)captured,
        .length = (uint32_t)bytes->size,
        .link_type = link_type,
        .interface = 3,
        .captured_ns = 77,
    };
    return frame_decode(&frame, NULL, out);
}

static enum frame_outcome decode_through(const struct bytes *bytes, const struct tunnelrules *rules,
                                         struct segment *out)
{
    struct frame frame = {
        .bytes = bytes->data,
        .captured = (uint32_t)bytes->size,
        .length = (uint32_t)bytes->size,
        .link_type = DLT_EN10MB,
    };

    return frame_decode(&frame, rules, out);
}

static enum frame_outcome decode(const struct bytes *bytes, int link_type, struct segment *out)
{
    return decode_part(bytes, bytes->size, link_type, out);
}

static void assert_address(const struct address *address, const char *text)
{
    char buffer[ADDRESS_TEXT_MAX];

    assert_string_equal(address_to_text(address, buffer), text);
    assert_true(address_is_canonical(address));
}

static void assert_segment(const struct segment *segment, const struct datagram_of *of)
{
    assert_address(&segment->source, of->from);
    assert_address(&segment->destination, of->to);
    assert_int_equal(segment->source_port, of->from_port);
    assert_int_equal(segment->destination_port, of->to_port);
    assert_int_equal(segment->transport, TRANSPORT_UDP);
    assert_int_equal(segment->encapsulation, ENCAPSULATION_NONE);
    assert_int_equal(segment->payload_size, of->payload->size);
    assert_memory_equal(segment->payload, of->payload->data, of->payload->size);
    assert_int_equal(segment->interface, 3);
    assert_int_equal(segment->captured_ns, 77);
}

/* What stands before the datagram, and the tag that it should yield. */
struct link_case {
    const char *name;
    int link_type;
    const char *header4, *header6;
    size_t size;
    int vlan;
};

#define MACS "\2\0\0\0\0\1\2\0\0\0\0\2"
#define SLL "\0\0\0\1\0\6\2\0\0\0\0\1\0\0"
#define SLL2(protocol) protocol "\0\0\0\0\0\2\0\1\0\6\2\0\0\0\0\1\0\0"

static const struct link_case link_cases[] = {
    {"ethernet", DLT_EN10MB, MACS "\x08\x00", MACS "\x86\xdd", 14, SIGHTING_NO_VLAN},
    {"802.1Q", DLT_EN10MB, MACS "\x81\x00\x20\x64\x08\x00", MACS "\x81\x00\x20\x64\x86\xdd", 18,
     100},
    {"priority tag", DLT_EN10MB, MACS "\x81\x00\xe0\x00\x08\x00", MACS "\x81\x00\xe0\x00\x86\xdd",
     18, 0},
    {"802.1ad", DLT_EN10MB, MACS "\x88\xa8\x00\x07\x81\x00\x00\x08\x08\x00",
     MACS "\x88\xa8\x00\x07\x81\x00\x00\x08\x86\xdd", 22, 7},
    {"old QinQ", DLT_EN10MB, MACS "\x91\x00\x00\x07\x92\x00\x00\x08\x08\x00",
     MACS "\x91\x00\x00\x07\x92\x00\x00\x08\x86\xdd", 22, 7},
    {"cooked", DLT_LINUX_SLL, SLL "\x08\x00", SLL "\x86\xdd", 16, SIGHTING_NO_VLAN},
    {"cooked with a tag", DLT_LINUX_SLL, SLL "\x81\x00\x00\x09\x08\x00",
     SLL "\x81\x00\x00\x09\x86\xdd", 20, 9},
    {"cooked v2", DLT_LINUX_SLL2, SLL2("\x08\x00"), SLL2("\x86\xdd"), 20, SIGHTING_NO_VLAN},
    {"cooked v2 with a tag", DLT_LINUX_SLL2, SLL2("\x81\x00") "\x00\x09\x08\x00",
     SLL2("\x81\x00") "\x00\x09\x86\xdd", 24, 9},
    {"raw", DLT_RAW, "", "", 0, SIGHTING_NO_VLAN},
    {"null, little", DLT_NULL, "\2\0\0\0", "\12\0\0\0", 4, SIGHTING_NO_VLAN},
    {"null, big", DLT_NULL, "\0\0\0\2", "\0\0\0\30", 4, SIGHTING_NO_VLAN},
    {"null of FreeBSD", DLT_NULL, "\2\0\0\0", "\34\0\0\0", 4, SIGHTING_NO_VLAN},
    {"null of macOS", DLT_NULL, "\2\0\0\0", "\36\0\0\0", 4, SIGHTING_NO_VLAN},
    {"loop", DLT_LOOP, "\0\0\0\2", "\0\0\0\30", 4, SIGHTING_NO_VLAN},
};

static void assert_link(const struct link_case *link, const char *header,
                        const struct datagram_of *of)
{
    struct bytes frame = {0};
    struct segment segment;

    put(&frame, header, link->size);
    put_datagram(&frame, of);
    enum frame_outcome outcome = decode(&frame, link->link_type, &segment);
    if (outcome != FRAME_SEGMENT)
        fail_msg("%s: outcome %d", link->name, outcome);
    assert_segment(&segment, of);
    assert_int_equal(segment.vlan, link->vlan);
    assert_int_equal(segment_checksums(&segment), CHECKSUM_GOOD);
}

static void test_each_link_type_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(link_cases) / sizeof(link_cases[0]); i++) {
        assert_true(frame_link_type_is_known(link_cases[i].link_type));
        assert_link(&link_cases[i], link_cases[i].header4, &answer4);
        assert_link(&link_cases[i], link_cases[i].header6, &answer6);
    }
}

static void test_link_types_of_one_family(void **state)
{
    struct bytes four = {0}, six = {0};
    struct segment segment;

    (void)state;
    put_datagram(&four, &answer4);
    put_datagram(&six, &answer6);
    assert_int_equal(decode(&four, DLT_IPV4, &segment), FRAME_SEGMENT);
    assert_int_equal(decode(&six, DLT_IPV6, &segment), FRAME_SEGMENT);
    assert_int_equal(decode(&four, DLT_IPV6, &segment), FRAME_BAD);
    assert_int_equal(decode(&six, DLT_IPV4, &segment), FRAME_BAD);
}

static void test_an_unknown_link_type_is_said(void **state)
{
    struct bytes frame = ethernet_of(&answer4);
    struct segment segment;

    (void)state;
    assert_false(frame_link_type_is_known(DLT_USB_LINUX));
    assert_int_equal(decode(&frame, DLT_USB_LINUX, &segment), FRAME_LINK_TYPE);
}

static enum frame_outcome decode_tagged(unsigned tags, struct segment *segment)
{
    struct bytes frame = {0};

    put(&frame, MACS, 12);
    for (unsigned i = 0; i < tags; i++) {
        put16(&frame, 0x8100);
        put16(&frame, 10 + i);
    }
    put16(&frame, 0x0800);
    put_datagram(&frame, &answer4);
    return decode(&frame, DLT_EN10MB, segment);
}

static void test_eight_tags_and_no_more(void **state)
{
    struct segment segment;

    (void)state;
    assert_int_equal(decode_tagged(8, &segment), FRAME_SEGMENT);
    assert_int_equal(segment.vlan, 10);
    assert_int_equal(decode_tagged(9, &segment), FRAME_BAD);
}

static void test_other_protocols_are_not_dns(void **state)
{
    struct bytes arp = {0}, sctp = ethernet_of(&answer4), icmp6 = ethernet_of(&answer6),
                 netlink = {0};
    struct segment segment;

    (void)state;
    put(&arp, MACS "\x08\x06", 14);
    put32(&arp, 0);
    assert_int_equal(decode(&arp, DLT_EN10MB, &segment), FRAME_OTHER_TYPE);
    assert_int_equal(segment.ethertype, 0x0806);
    sctp.data[14 + 9] = 132; /* SCTP */
    assert_int_equal(decode(&sctp, DLT_EN10MB, &segment), FRAME_NOT_DNS);
    icmp6.data[14 + 6] = 58;
    assert_int_equal(decode(&icmp6, DLT_EN10MB, &segment), FRAME_NOT_DNS);
    /* ARPHRD_NETLINK: the protocol field holds a netlink family that looks like IPv4. */
    put(&netlink, "\0\4\3\x38\0\0\0\0\0\0\0\0\0\0\x08\x00", 16);
    put_datagram(&netlink, &answer4);
    assert_int_equal(decode(&netlink, DLT_LINUX_SLL, &segment), FRAME_NOT_DNS);
}

static void test_only_port_53_is_of_interest(void **state)
{
    struct datagram_of of = answer4;
    struct segment segment;

    (void)state;
    of.from_port = 5353;
    struct bytes other = ethernet_of(&of);
    assert_int_equal(decode(&other, DLT_EN10MB, &segment), FRAME_OTHER_PORT);
    of.to_port = 53;
    struct bytes question = ethernet_of(&of);
    assert_int_equal(decode(&question, DLT_EN10MB, &segment), FRAME_SEGMENT);
    assert_segment(&segment, &of);
}

static void test_ipv4_options_are_skipped(void **state)
{
    struct segment segment;

    (void)state;
    for (unsigned options = 4; options <= 40; options += 4) {
        struct datagram_of of = answer4;
        of.options = options;
        struct bytes frame = ethernet_of(&of);
        assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_SEGMENT);
        assert_segment(&segment, &of);
        assert_int_equal(segment.ip_header_size, 20 + options);
        assert_int_equal(segment_checksums(&segment), CHECKSUM_GOOD);
    }
}

static void test_link_padding_is_not_payload(void **state)
{
    struct segment segment;
    struct bytes four = ethernet_of(&answer4), six = ethernet_of(&answer6);

    (void)state;
    put32(&four, 0xdeadbeef);
    put32(&six, 0xdeadbeef);
    assert_int_equal(decode(&four, DLT_EN10MB, &segment), FRAME_SEGMENT);
    assert_segment(&segment, &answer4);
    assert_int_equal(decode(&six, DLT_EN10MB, &segment), FRAME_SEGMENT);
    assert_segment(&segment, &answer6);
}

static void assert_lie_is_bad(const struct datagram_of *honest, int udp_lie, int ip_lie)
{
    struct datagram_of of = *honest;
    struct segment segment;

    of.length_lie = udp_lie;
    of.ip_length_lie = ip_lie;
    struct bytes frame = ethernet_of(&of);
    assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_BAD);
}

static void test_lengths_that_disagree_are_bad(void **state)
{
    static const struct {
        int udp, ip;
    } lies[] = {
        {1, 0}, {-20, 0}, {1000, 0}, {0, 1}, {0, -1}, {0, 400}, {0, -13}, {0, -20}, {-1, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        assert_lie_is_bad(&answer4, lies[i].udp, lies[i].ip);
        assert_lie_is_bad(&answer6, lies[i].udp, lies[i].ip);
    }
    assert_lie_is_bad(&answer4, 0, -40); /* total length 0 */
    assert_lie_is_bad(&answer6, 0, -20); /* payload length 0: a jumbogram's */
    assert_lie_is_bad(&answer4, 0, -24); /* less than its own header */
}

/* IP's length leaves more than UDP says, and it is there: a socket trims it. */
static void test_more_than_udp_says_is_trimmed(void **state)
{
    struct datagram_of of[] = {answer4, answer6};

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (int more = 1; more <= 400; more += 57) {
            struct segment segment;

            of[i].ip_length_lie = more;
            struct bytes frame = ethernet_of(&of[i]);
            for (int k = 0; k < more; k++)
                put8(&frame, 0x5a);
            assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_SEGMENT);
            assert_segment(&segment, &of[i]);
            assert_int_equal(segment_checksums(&segment), CHECKSUM_GOOD);
            /* cut by the snaplen in what is trimmed: nothing is missing */
            assert_int_equal(decode_part(&frame, frame.size - (size_t)more, DLT_EN10MB, &segment),
                             FRAME_SEGMENT);
        }
    of[0].length_lie = -(int)of[0].payload->size;
    struct bytes frame = ethernet_of(&of[0]), behind = frame;
    struct segment segment;
    put(&frame, behind.data, 400);
    assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_SEGMENT);
    assert_int_equal(segment.payload_size, 0);
}

/* Between IPv4 and UDP: its next header, its length in 32-bit words less two, 22 bytes. */
static struct bytes authenticated(uint8_t next, uint8_t words)
{
    struct bytes frame = ethernet_of(&answer4), out = {0};
    size_t ip = 14, behind = ip + 20;

    put(&out, frame.data, behind);
    put8(&out, next);
    put8(&out, words);
    put(&out, "\0\0\0\0\0\1\0\0\0\1\1\2\3\4\5\6\7\10\11\12\13\14", 22);
    put(&out, frame.data + behind, frame.size - behind);
    out.data[ip + 9] = 51;
    set16(&out, ip + 2, (unsigned)(out.size - ip));
    set16(&out, ip + 10, 0);
    set16(&out, ip + 10, (uint16_t)~sum_of(0, out.data + ip, 20));
    return out;
}

static void test_an_authentication_header_is_skipped(void **state)
{
    struct bytes frame = authenticated(17, 4);
    struct segment segment;

    (void)state;
    assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_SEGMENT);
    assert_segment(&segment, &answer4);
    assert_int_equal(segment_checksums(&segment), CHECKSUM_GOOD);
    frame = authenticated(17, 255);
    assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_BAD);
    frame = authenticated(51, 4); /* a second one */
    assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_NOT_DNS);
    frame = authenticated(50, 4);
    assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_NOT_DNS);
    frame = authenticated(17, 4);
    for (size_t size = 14 + 20; size < 14 + 20 + 24 + 8; size++) {
        struct bytes shorter = frame;

        shorter.size = size;
        assert_int_equal(decode(&shorter, DLT_EN10MB, &segment), FRAME_BAD);
        assert_int_equal(decode_part(&frame, size, DLT_EN10MB, &segment), FRAME_CUT);
    }
}

/* All headers agree, and the payload is not there: what a mirror session does that cuts packets. */
static void test_headers_that_agree_about_more_are_short(void **state)
{
    struct datagram_of of[] = {answer4, answer6};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (int more = 1; more <= 400; more += 57) {
            struct segment segment;

            of[i].length_lie = of[i].ip_length_lie = more;
            struct bytes frame = ethernet_of(&of[i]);
            assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_SHORT);
        }
    }
}

static void test_a_short_ipv4_header_is_bad(void **state)
{
    struct bytes frame = ethernet_of(&answer4);
    struct segment segment;

    (void)state;
    frame.data[14] = 0x44;
    assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_BAD);
    frame.data[14] = 0x65;
    assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_BAD);
}

/* Cut at every byte: by the snaplen it is cut; on the wire it is bad, or short when the headers are
 * there. */
static void assert_cuts(const struct datagram_of *of)
{
    struct bytes frame = ethernet_of(of);
    size_t headers = frame.size - of->payload->size;
    struct segment segment;

    for (size_t size = 0; size < frame.size; size++) {
        struct bytes shorter = frame;
        shorter.size = size;
        assert_int_equal(decode(&shorter, DLT_EN10MB, &segment),
                         size < headers ? FRAME_BAD : FRAME_SHORT);
        assert_int_equal(decode_part(&frame, size, DLT_EN10MB, &segment), FRAME_CUT);
    }
}

static void test_a_cut_frame_is_told_from_a_lying_one(void **state)
{
    struct datagram_of options = answer4;

    (void)state;
    options.options = 8;
    assert_cuts(&answer4);
    assert_cuts(&answer6);
    assert_cuts(&options);
}

static void test_padding_may_be_cut(void **state)
{
    struct bytes frame = ethernet_of(&answer4);
    size_t whole = frame.size;
    struct segment segment;

    (void)state;
    put32(&frame, 0);
    assert_int_equal(decode_part(&frame, whole, DLT_EN10MB, &segment), FRAME_SEGMENT);
}

static void test_other_ports_are_not_dns_though_cut(void **state)
{
    struct datagram_of of = answer4;
    struct segment segment;

    (void)state;
    of.from_port = 4001;
    struct bytes frame = ethernet_of(&of);
    assert_int_equal(decode_part(&frame, 14 + 20 + 8, DLT_EN10MB, &segment), FRAME_OTHER_PORT);
}

static void test_ipv4_fragments_are_said(void **state)
{
    static const uint16_t fragments[] = {0x2000, 0x0001, 0x2010, 0x1fff};
    struct segment segment;

    (void)state;
    for (size_t i = 0; i < sizeof(fragments) / sizeof(fragments[0]); i++) {
        struct datagram_of of = answer4;
        of.fragment = fragments[i];
        struct bytes frame = ethernet_of(&of);
        assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_FRAGMENT);
        assert_int_equal(segment.piece.id, 0x1234);
        assert_int_equal(segment.piece.offset, (fragments[i] & 0x1fff) * 8);
        assert_int_equal(segment.piece.more, fragments[i] >> 13 & 1);
        assert_int_equal(segment.piece.protocol, 17);
        assert_int_equal(segment.payload_size, 8 + payload.size);
        assert_memory_equal(segment.payload, frame.data + 14 + 20, 8 + payload.size);
        frame.data[14 + 9] = 6;
        assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_FRAGMENT);
        frame.data[14 + 9] = 132;
        assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_NOT_DNS);
    }
    struct datagram_of whole = answer4;
    whole.fragment = 0x4000; /* don't fragment */
    struct bytes frame = ethernet_of(&whole);
    assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_SEGMENT);
}

static enum frame_outcome decode_extended(uint8_t first, const char *data, size_t size)
{
    struct bytes extensions = {0};
    struct datagram_of of = answer6;
    struct segment segment;

    put(&extensions, data, size);
    of.first_extension = first;
    of.extensions = &extensions;
    struct bytes frame = ethernet_of(&of);
    enum frame_outcome outcome = decode(&frame, DLT_EN10MB, &segment);
    if (outcome == FRAME_SEGMENT) {
        assert_segment(&segment, &of);
        assert_int_equal(segment_checksums(&segment), CHECKSUM_GOOD);
    }
    return outcome;
}

static void test_ipv6_extension_headers_are_skipped(void **state)
{
    (void)state;
    /* next header, length, six bytes */
    assert_int_equal(decode_extended(0, "\x11\0\1\4\0\0\0\0", 8), FRAME_SEGMENT);
    assert_int_equal(decode_extended(60, "\x11\1\1\14\0\0\0\0\0\0\0\0\0\0\0\0", 16), FRAME_SEGMENT);
    assert_int_equal(decode_extended(43, "\x11\0\4\0\0\0\0\0", 8), FRAME_SEGMENT);
    /* AH counts in 32-bit words less two */
    assert_int_equal(decode_extended(51,
                                     "\x11\4\0\0\0\0\0\1\0\0\0\1"
                                     "\1\2\3\4\5\6\7\10\11\12\13\14",
                                     24),
                     FRAME_SEGMENT);
    /* hop-by-hop, destination options, AH, an atomic fragment */
    assert_int_equal(decode_extended(0,
                                     "\x3c\0\1\4\0\0\0\0"
                                     "\x33\0\1\4\0\0\0\0"
                                     "\x2c\1\0\0\0\0\0\1\0\0\0\1"
                                     "\x11\0\0\0\0\0\0\1",
                                     36),
                     FRAME_SEGMENT);
}

static void test_ipv6_extension_headers_that_lie_are_bad(void **state)
{
    (void)state;
    assert_int_equal(decode_extended(0, "\x11\377\1\4\0\0\0\0", 8), FRAME_BAD);
    assert_int_equal(decode_extended(60,
                                     "\x3c\0\1\4\0\0\0\0"
                                     "\0\0\1\4\0\0\0\0"
                                     "\x11\0\1\4\0\0\0\0",
                                     24),
                     FRAME_BAD);
}

static void test_eight_extension_headers_and_no_more(void **state)
{
    char headers[9 * 8] = {0};

    (void)state;
    for (size_t i = 0; i < 9; i++)
        headers[i * 8] = 60;
    headers[7 * 8] = 17;
    assert_int_equal(decode_extended(60, headers, 64), FRAME_SEGMENT);
    headers[7 * 8] = 60;
    headers[8 * 8] = 17;
    assert_int_equal(decode_extended(60, headers, 72), FRAME_BAD);
}

static void test_ipv6_fragments_are_said(void **state)
{
    (void)state;
    assert_int_equal(decode_extended(44, "\x11\0\0\1\0\0\0\1", 8), FRAME_FRAGMENT);
    assert_int_equal(decode_extended(44, "\x11\0\0\x08\0\0\0\1", 8), FRAME_FRAGMENT);
    assert_int_equal(decode_extended(44, "\x3c\0\0\x08\0\0\0\1", 8), FRAME_FRAGMENT);
    assert_int_equal(decode_extended(44, "\x06\0\0\x08\0\0\0\1", 8), FRAME_FRAGMENT);
    assert_int_equal(decode_extended(44, "\x84\0\0\x08\0\0\0\1", 8), FRAME_NOT_DNS);
}

static void test_a_packet_under_way_by_source_route_is_not_read(void **state)
{
    (void)state;
    assert_int_equal(decode_extended(43, "\x11\0\4\1\0\0\0\0", 8), FRAME_NOT_DNS);
}

static enum checksum_outcome checksums(const struct datagram_of *honest, int sum)
{
    struct datagram_of of = *honest;
    struct segment segment;

    of.sum = sum;
    struct bytes frame = ethernet_of(&of);
    assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_SEGMENT);
    return segment_checksums(&segment);
}

static void test_checksums(void **state)
{
    (void)state;
    assert_int_equal(checksums(&answer4, SUM_GOOD), CHECKSUM_GOOD);
    assert_int_equal(checksums(&answer6, SUM_GOOD), CHECKSUM_GOOD);
    assert_int_equal(checksums(&answer4, SUM_BAD), CHECKSUM_BAD);
    assert_int_equal(checksums(&answer6, SUM_BAD), CHECKSUM_BAD);
    assert_int_equal(checksums(&answer4, SUM_BARE), CHECKSUM_BARE);
    assert_int_equal(checksums(&answer6, SUM_BARE), CHECKSUM_BARE);
    assert_int_equal(checksums(&answer4, SUM_NONE), CHECKSUM_GOOD);
    assert_int_equal(checksums(&answer6, SUM_NONE), CHECKSUM_BAD);
    assert_int_equal(checksums(&answer4, SUM_BAD_IP), CHECKSUM_BAD);
    assert_int_equal(checksums(&answer4, SUM_BARE_IP), CHECKSUM_BARE);
    assert_int_equal(checksums(&answer4, SUM_BARE_BOTH), CHECKSUM_BARE);
}

/* The header's 0 makes no wrong UDP sum right. */
static void test_checksum_of_a_bare_header_and_wrong_data(void **state)
{
    struct datagram_of of = answer4;
    struct segment segment;

    (void)state;
    of.sum = SUM_BARE_IP;
    struct bytes frame = ethernet_of(&of);
    frame.data[frame.size - 1] ^= 1;
    assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_SEGMENT);
    assert_int_equal(segment_checksums(&segment), CHECKSUM_BAD);
}

static void test_checksum_of_odd_payload(void **state)
{
    struct bytes odd = {.size = 5, .data = "\1\2\3\4\xff"};
    struct datagram_of of = answer4;

    (void)state;
    of.payload = &odd;
    assert_int_equal(checksums(&of, SUM_GOOD), CHECKSUM_GOOD);
    assert_int_equal(checksums(&of, SUM_BAD), CHECKSUM_BAD);
}

/* A sum that comes out as 0 is sent as 0xffff (RFC 768). */
static void test_checksum_that_is_zero(void **state)
{
    struct bytes two = {.size = 2};
    struct datagram_of of = answer4;

    (void)state;
    of.payload = &two;
    struct bytes frame = ethernet_of(&of);
    unsigned sum = (unsigned)(frame.data[14 + 26] << 8 | frame.data[14 + 27]);
    set16(&two, 0, sum); /* makes the sum of all words 0xffff */
    assert_int_equal(checksums(&of, SUM_GOOD), CHECKSUM_GOOD);
    frame = ethernet_of(&of);
    assert_int_equal(frame.data[14 + 26] << 8 | frame.data[14 + 27], 0xffff);
}

static void test_a_capture_that_claims_less_than_it_holds(void **state)
{
    struct bytes frame = ethernet_of(&answer4);
    struct segment segment;
    struct frame claim = {
        .bytes = frame.data,
        .captured = (uint32_t)frame.size,
        .length = 0,
        .link_type = DLT_EN10MB,
    };

    (void)state;
    assert_int_equal(frame_decode(&claim, NULL, &segment), FRAME_SEGMENT);
}

static void test_the_outermost_peer_is_kept(void **state)
{
    const char *const ends[] = {"203.0.113.9", "203.0.113.1"}; /* inner, outer */
    const struct plan_tunnel ip_in_ip = {.encapsulation = ENCAPSULATION_IPIP};
    const struct tunnelrules rules = tunnelrules_of(&ip_in_ip, 1, true);
    struct bytes packet = {0}, frame = {0};
    struct segment segment;

    (void)state;
    put_datagram(&packet, &answer4);
    for (unsigned i = 0; i < 2; i++) {
        struct bytes outer = {0};
        struct address from = address_of(ends[i]), to = address_of("203.0.113.2");
        uint8_t header[20] = {[0] = 0x45, [8] = 64, [9] = 4};

        memcpy(header + 12, from.bytes, 4);
        memcpy(header + 16, to.bytes, 4);
        put(&outer, header, sizeof(header));
        set16(&outer, 2, (unsigned)(sizeof(header) + packet.size));
        put(&outer, packet.data, packet.size);
        packet = outer;
    }
    put(&frame, MACS "\x08\x00", 14);
    put(&frame, packet.data, packet.size);
    assert_int_equal(decode_through(&frame, &rules, &segment), FRAME_SEGMENT);
    assert_int_equal(segment.tunnels, 2);
    assert_address(&segment.outer_peer, ends[1]);
    assert_address(&segment.source, answer4.from);

    frame = ethernet_of(&answer4);
    assert_int_equal(decode(&frame, DLT_EN10MB, &segment), FRAME_SEGMENT);
    assert_int_equal(segment.outer_peer.family, ADDRESS_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_link_type_is_read),
        cmocka_unit_test(test_link_types_of_one_family),
        cmocka_unit_test(test_an_unknown_link_type_is_said),
        cmocka_unit_test(test_eight_tags_and_no_more),
        cmocka_unit_test(test_other_protocols_are_not_dns),
        cmocka_unit_test(test_only_port_53_is_of_interest),
        cmocka_unit_test(test_ipv4_options_are_skipped),
        cmocka_unit_test(test_link_padding_is_not_payload),
        cmocka_unit_test(test_lengths_that_disagree_are_bad),
        cmocka_unit_test(test_more_than_udp_says_is_trimmed),
        cmocka_unit_test(test_an_authentication_header_is_skipped),
        cmocka_unit_test(test_headers_that_agree_about_more_are_short),
        cmocka_unit_test(test_a_short_ipv4_header_is_bad),
        cmocka_unit_test(test_a_cut_frame_is_told_from_a_lying_one),
        cmocka_unit_test(test_padding_may_be_cut),
        cmocka_unit_test(test_other_ports_are_not_dns_though_cut),
        cmocka_unit_test(test_ipv4_fragments_are_said),
        cmocka_unit_test(test_ipv6_extension_headers_are_skipped),
        cmocka_unit_test(test_ipv6_extension_headers_that_lie_are_bad),
        cmocka_unit_test(test_eight_extension_headers_and_no_more),
        cmocka_unit_test(test_ipv6_fragments_are_said),
        cmocka_unit_test(test_a_packet_under_way_by_source_route_is_not_read),
        cmocka_unit_test(test_checksums),
        cmocka_unit_test(test_checksum_of_a_bare_header_and_wrong_data),
        cmocka_unit_test(test_checksum_of_odd_payload),
        cmocka_unit_test(test_checksum_that_is_zero),
        cmocka_unit_test(test_a_capture_that_claims_less_than_it_holds),
        cmocka_unit_test(test_the_outermost_peer_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
