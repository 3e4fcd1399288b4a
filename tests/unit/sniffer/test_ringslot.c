/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slots of a ring as the kernel lays them out, and what only looks like one.
 */
#include "sniffer/live/ringslot.h"

#include <linux/if_packet.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

enum { PAGE = 4096, MAC = 70, SIZE = 100, SNAPLEN = 1700, COOKED = 16, TAG = 4 };

static alignas(PAGE) uint8_t memory[2 * PAGE];

/* A slot at `at`, and what libpcap makes of it with `cooked` and `tag` bytes in front. */
static struct ringslot_packet packet_at(size_t at, unsigned mac, unsigned cooked, unsigned tag)
{
    struct tpacket2_hdr header = {
        .tp_status = TP_STATUS_USER | (tag ? TP_STATUS_VLAN_VALID : 0),
        .tp_len = SIZE,
        .tp_snaplen = SIZE,
        .tp_mac = (uint16_t)mac,
        .tp_sec = 1700000000,
        .tp_nsec = 123456789,
    };
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_ifindex = 7,
        .sll_pkttype = PACKET_OUTGOING,
    };

    memset(memory, 0, sizeof(memory));
    memcpy(memory + at, &header, sizeof(header));
    memcpy(memory + at + TPACKET_ALIGN(sizeof(header)), &address, sizeof(address));
    return (struct ringslot_packet){
        .bytes = memory + at + mac - cooked - tag,
        .captured = SIZE + cooked + tag,
        .length = SIZE + cooked + tag,
        .seconds = header.tp_sec,
        .nanoseconds = header.tp_nsec,
        .cooked = cooked,
        .snaplen = SNAPLEN,
        .page = PAGE,
    };
}

static void assert_found(const struct ringslot_packet *packet)
{
    struct ringslot slot = {0};

    assert_true(ringslot_find(packet, &slot));
    assert_int_equal(slot.link, 7);
    assert_int_equal(slot.kind, PACKET_OUTGOING);
}

static void assert_not_found(const struct ringslot_packet *packet)
{
    struct ringslot slot;

    assert_false(ringslot_find(packet, &slot));
}

static void test_it_is_found_wherever_the_packet_begins(void **state)
{
    static const unsigned macs[] = {66, MAC, 84, 100};

    (void)state;
    for (unsigned i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
        struct ringslot_packet packet = packet_at(1792, macs[i], 0, 0);

        assert_found(&packet);
    }
    struct ringslot_packet first = packet_at(0, MAC, 0, 0);
    assert_found(&first);
}

static void test_what_libpcap_put_in_front_is_seen_through(void **state)
{
    struct ringslot_packet tagged = packet_at(1792, MAC, 0, TAG);
    assert_found(&tagged);
    struct ringslot_packet cooked = packet_at(1792, 84, COOKED, 0);
    assert_found(&cooked);
    struct ringslot_packet both = packet_at(1792, 84, COOKED, TAG);
    (void)state;
    assert_found(&both);
}

static void test_a_cut_packet_is_found(void **state)
{
    struct ringslot_packet packet = packet_at(0, MAC, 0, TAG);

    (void)state;
    packet.snaplen = packet.captured = SIZE; /* libpcap keeps to it, the tag included */
    assert_found(&packet);
}

static void test_what_disagrees_is_not_believed(void **state)
{
    struct ringslot_packet good = packet_at(0, MAC, 0, 0), bad;

    (void)state;
    bad = good, bad.captured--;
    assert_not_found(&bad);
    bad = good, bad.length++;
    assert_not_found(&bad);
    bad = good, bad.seconds++;
    assert_not_found(&bad);
    bad = good, bad.nanoseconds++;
    assert_not_found(&bad);
    bad = good, bad.cooked = COOKED;
    assert_not_found(&bad);
    bad = good, bad.bytes += TPACKET_ALIGNMENT;
    assert_not_found(&bad);
}

static void test_no_address_is_no_slot(void **state)
{
    struct ringslot_packet packet = packet_at(0, MAC, 0, 0);

    (void)state;
    memset(memory + TPACKET_ALIGN(sizeof(struct tpacket2_hdr)), 0, sizeof(struct sockaddr_ll));
    assert_not_found(&packet);
}

/* A tag that the kernel did not speak of was not put back. */
static void test_a_tag_has_to_be_the_kernels(void **state)
{
    struct ringslot_packet packet = packet_at(0, MAC, 0, TAG);
    const uint32_t status = TP_STATUS_USER;

    (void)state;
    memcpy(memory, &status, sizeof(status));
    assert_not_found(&packet);
}

static void test_nothing_before_the_page_is_looked_at(void **state)
{
    struct ringslot_packet packet = packet_at(PAGE - 32, MAC, 0, 0);

    (void)state;
    assert_not_found(&packet);
    packet.page = 2 * PAGE; /* such as other processors have */
    if ((uintptr_t)memory % (2 * PAGE) == 0)
        assert_found(&packet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_found_wherever_the_packet_begins),
        cmocka_unit_test(test_what_libpcap_put_in_front_is_seen_through),
        cmocka_unit_test(test_a_cut_packet_is_found),
        cmocka_unit_test(test_what_disagrees_is_not_believed),
        cmocka_unit_test(test_no_address_is_no_slot),
        cmocka_unit_test(test_a_tag_has_to_be_the_kernels),
        cmocka_unit_test(test_nothing_before_the_page_is_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
