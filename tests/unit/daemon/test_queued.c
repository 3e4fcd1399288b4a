/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's messages about packets, as it sends them and as it never does. */
#include "daemon/hold/queued.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t ipv4[40] = {[0] = 0x45, [12] = 192, 0, 2, 10, 198, 51, 100, 7};
static const uint8_t ipv6[40] = {[0] = 0x60,  [8] = 0x20, 0x01, 0x0d, 0xb8,       [23] = 0x10,
                                 [24] = 0x20, 0x01,       0x0d, 0xb8, [39] = 0x07};

/* A datagram in the making. */
struct datagram {
    _Alignas(4) uint8_t bytes[1024];
    size_t used, message;
};

static void message_begins(struct datagram *datagram, uint16_t type)
{
    const struct nlmsghdr head = {.nlmsg_type = type};

    datagram->message = datagram->used;
    memcpy(datagram->bytes + datagram->used, &head, sizeof(head));
    datagram->used += sizeof(head);
}

static void message_ends(struct datagram *datagram)
{
    uint32_t length = (uint32_t)(datagram->used - datagram->message);

    memcpy(datagram->bytes + datagram->message, &length, sizeof(length));
}

static void put_attribute(struct datagram *datagram, uint16_t type, const void *value, size_t size)
{
    const struct nlattr head = {.nla_len = (uint16_t)(sizeof(head) + size), .nla_type = type};

    memcpy(datagram->bytes + datagram->used, &head, sizeof(head));
    memcpy(datagram->bytes + datagram->used + sizeof(head), value, size);
    datagram->used += NLA_ALIGN(sizeof(head) + size);
}

static void packet_begins(struct datagram *datagram, uint32_t id)
{
    const uint8_t number[7] = {(uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
                               (uint8_t)id};

    message_begins(datagram, NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET);
    datagram->used += sizeof(struct nfgenmsg);
    put_attribute(datagram, NFQA_PACKET_HDR, number, sizeof(number));
}

static void put_packet(struct datagram *datagram, uint32_t id, const void *payload, size_t size)
{
    packet_begins(datagram, id);
    put_attribute(datagram, NFQA_PAYLOAD, payload, size);
    message_ends(datagram);
}

static struct reader reader_from(const struct datagram *datagram)
{
    return reader_of(datagram->bytes, datagram->used, datagram->used);
}

static void is_packet(struct reader *reader, uint32_t id, const char *from, const char *to)
{
    char text[ADDRESS_TEXT_MAX];
    struct queued queued;

    assert_int_equal(queued_next(reader, &queued), QUEUED_PACKET);
    assert_int_equal(queued.id, id);
    assert_string_equal(address_to_text(&queued.source, text), from);
    assert_string_equal(address_to_text(&queued.destination, text), to);
}

static void ends(struct reader *reader)
{
    struct queued queued;

    assert_int_equal(queued_next(reader, &queued), QUEUED_END);
}

static void test_packets_of_both_families(void **state)
{
    struct datagram datagram = {.used = 0};

    (void)state;
    put_packet(&datagram, 7, ipv4, sizeof(ipv4));
    put_packet(&datagram, 0x01020304, ipv6, sizeof(ipv6));
    struct reader reader = reader_from(&datagram);
    is_packet(&reader, 7, "192.0.2.10", "198.51.100.7");
    is_packet(&reader, 0x01020304, "2001:db8::10", "2001:db8::7");
    ends(&reader);
}

static void test_other_attributes_do_not_matter(void **state)
{
    struct datagram datagram = {.used = 0};

    (void)state;
    packet_begins(&datagram, 1);
    put_attribute(&datagram, NFQA_MARK, "mark", 4);
    put_attribute(&datagram, NFQA_HWADDR | NLA_F_NESTED, "hardware", 5);
    put_attribute(&datagram, NFQA_PAYLOAD | NLA_F_NET_BYTEORDER, ipv4, sizeof(ipv4));
    message_ends(&datagram);
    struct reader reader = reader_from(&datagram);
    is_packet(&reader, 1, "192.0.2.10", "198.51.100.7");
    ends(&reader);
}

/* It has to go on, whatever it is. */
static void test_a_packet_that_cannot_be_read_has_its_number(void **state)
{
    static const uint8_t version_5[40] = {[0] = 0x55};
    struct datagram datagram = {.used = 0};

    (void)state;
    put_packet(&datagram, 1, ipv4, 19);
    put_packet(&datagram, 2, ipv6, 39);
    put_packet(&datagram, 3, version_5, sizeof(version_5));
    packet_begins(&datagram, 4);
    message_ends(&datagram);
    struct reader reader = reader_from(&datagram);
    for (uint32_t id = 1; id <= 4; id++)
        is_packet(&reader, id, "", "");
    ends(&reader);
}

static void test_errors(void **state)
{
    static const int errors[] = {0, -ENOENT, -EPERM};
    struct datagram datagram = {.used = 0};
    struct queued queued;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        message_begins(&datagram, NLMSG_ERROR);
        memcpy(datagram.bytes + datagram.used, &errors[i], sizeof(errors[i]));
        datagram.used += sizeof(struct nlmsgerr);
        message_ends(&datagram);
    }
    struct reader reader = reader_from(&datagram);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(queued_next(&reader, &queued), QUEUED_ERROR);
        assert_int_equal(queued.error, errors[i]);
    }
    ends(&reader);
}

static void test_a_packet_without_a_number_is_none(void **state)
{
    struct datagram datagram = {.used = 0};
    struct queued queued;

    (void)state;
    message_begins(&datagram, NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET);
    datagram.used += sizeof(struct nfgenmsg);
    put_attribute(&datagram, NFQA_PAYLOAD, ipv4, sizeof(ipv4));
    message_ends(&datagram);
    struct reader reader = reader_from(&datagram);
    assert_int_equal(queued_next(&reader, &queued), QUEUED_OTHER);
    ends(&reader);
}

/* Cut anywhere, or with lengths that lie: never beyond the end, and never for ever. */
static void test_nothing_is_read_behind_the_end(void **state)
{
    struct datagram datagram = {.used = 0};

    (void)state;
    put_packet(&datagram, 7, ipv4, sizeof(ipv4));
    for (size_t size = 0; size < datagram.used; size++) {
        struct reader reader = reader_of(datagram.bytes, size, size);
        ends(&reader);
    }
    for (size_t at = 0; at < datagram.used; at++)
        for (unsigned value = 0; value < 256; value++) {
            struct datagram spoilt = datagram;
            struct queued queued;
            unsigned messages = 0;

            spoilt.bytes[at] = (uint8_t)value;
            struct reader reader = reader_from(&spoilt);
            while (queued_next(&reader, &queued) != QUEUED_END)
                assert_true(++messages <= datagram.used / sizeof(struct nlmsghdr));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packets_of_both_families),
        cmocka_unit_test(test_other_attributes_do_not_matter),
        cmocka_unit_test(test_a_packet_that_cannot_be_read_has_its_number),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_a_packet_without_a_number_is_none),
        cmocka_unit_test(test_nothing_is_read_behind_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
