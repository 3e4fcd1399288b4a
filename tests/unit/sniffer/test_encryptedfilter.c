/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What begins a connection that hides its names, run by libpcap's interpreter as the kernel would.
 */
#include "sniffer/filter/encryptedfilter.h"

#include "keeping.h"
#include "packet.h"

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SYN = 0x02, SYN_ACK = 0x12, ACK = 0x10, ETHERTYPE_4 = 0x0800, ETHERTYPE_6 = 0x86dd };

static struct filter_program *program;

static int build(void **state)
{
    struct filtercode *code = filtercode_new();

    (void)state;
    program = malloc(sizeof(*program));
    if (!code || !program || !encryptedfilter_build(code, program))
        return -1;
    filtercode_free(code);
    return 0;
}

static int release(void **state)
{
    (void)state;
    free(program);
    return 0;
}

static bool passes(const struct bytes *packet, uint16_t ethertype)
{
    static struct filter_program copy;

    copy = keeping_with_protocol(program, ethertype);
    return keeping_run(&copy, packet->data, packet->size);
}

/* From the network header on; `transport` is what follows it. */
static struct bytes packet_to(const char *to, uint8_t protocol, const struct bytes *transport)
{
    struct address address = address_of(to);
    struct bytes out = {0};

    if (address.family == ADDRESS_IPV4) {
        put(&out, "\x46\0\0\0\0\0\0\0\x40", 9); /* with options */
        put8(&out, protocol);
        put(&out, "\0\0\xc0\0\2\x0a", 6);
        put(&out, address.bytes, 4);
        put(&out, "\1\1\1\1", 4);
    } else {
        put(&out, "\x60\0\0\0\0\0", 6);
        put8(&out, protocol);
        put(&out, "\x40\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x0a", 17);
        put(&out, address.bytes, 16);
    }
    put(&out, transport->data, transport->size);
    return out;
}

static bool tcp_passes(const char *to, uint16_t port, uint8_t flags)
{
    struct bytes tcp = {0};

    put16(&tcp, 40000);
    put16(&tcp, port);
    put(&tcp, "\0\0\0\1\0\0\0\2\x50", 9);
    put8(&tcp, flags);
    put(&tcp, "\0\0\0\0\0\0", 6);
    struct bytes packet = packet_to(to, 6, &tcp);
    return passes(&packet, strchr(to, ':') ? ETHERTYPE_6 : ETHERTYPE_4);
}

static bool quic_passes(const char *to, uint16_t port, const char *begin)
{
    struct bytes udp = {0};

    put16(&udp, 40000);
    put16(&udp, port);
    put32(&udp, 0);
    put(&udp, begin, 5);
    struct bytes packet = packet_to(to, 17, &udp);
    return passes(&packet, strchr(to, ':') ? ETHERTYPE_6 : ETHERTYPE_4);
}

static void test_tls_begins_with_a_syn(void **state)
{
    static const char *const servers[] = {"203.0.113.9", "2001:db8::9"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_true(tcp_passes(servers[i], 853, SYN));
        assert_true(tcp_passes(servers[i], 853, SYN | 0xc0)); /* with ECN */
        assert_false(tcp_passes(servers[i], 853, SYN_ACK));
        assert_false(tcp_passes(servers[i], 853, ACK));
        assert_false(tcp_passes(servers[i], 443, SYN));
        assert_false(tcp_passes(servers[i], 53, SYN));
    }
}

static void test_https_counts_at_public_resolvers(void **state)
{
    static const char *const known[] = {
        "1.1.1.1",     "8.8.4.4",          "9.9.9.9", "94.140.15.15", "2606:4700:4700::1111",
        "2620:fe::fe", "2a10:50c0::ad2:ff"};
    static const char *const others[] = {"1.1.1.4", "8.8.8.9", "2606:4700:4700::1114",
                                         "2620:fe:1::fe", "2620:ff::fe"};

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        assert_true(tcp_passes(known[i], 443, SYN));
        assert_false(tcp_passes(known[i], 443, ACK));
        assert_true(quic_passes(known[i], 443, "\xc3\0\0\0\1"));
        assert_false(tcp_passes(known[i], 80, SYN));
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(tcp_passes(others[i], 443, SYN));
        assert_false(quic_passes(others[i], 443, "\xc3\0\0\0\1"));
    }
}

static void test_quic_begins_with_its_initial_packet(void **state)
{
    static const char *const servers[] = {"203.0.113.9", "2001:db8::9"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_true(quic_passes(servers[i], 853, "\xc0\0\0\0\1"));
        assert_true(quic_passes(servers[i], 853, "\xdf\x6b\x33\x43\xcf"));
        assert_false(quic_passes(servers[i], 853, "\xd0\0\0\0\1")); /* 0-RTT */
        assert_false(quic_passes(servers[i], 853, "\xe0\0\0\0\1")); /* handshake */
        assert_false(quic_passes(servers[i], 853, "\x40\0\0\0\1")); /* short header */
        assert_false(quic_passes(servers[i], 853, "\xc0\0\0\0\2"));
        assert_false(quic_passes(servers[i], 443, "\xc0\0\0\0\1"));
    }
}

static void test_behind_one_tag(void **state)
{
    struct bytes tcp = {0}, tagged = {0};

    (void)state;
    put(&tcp, "\x9c\x40\3\x55\0\0\0\1\0\0\0\2\x50\2\0\0\0\0\0\0", 20);
    struct bytes packet = packet_to("203.0.113.9", 6, &tcp);
    put(&tagged, "\0\x2a\x08\0", 4);
    put(&tagged, packet.data, packet.size);
    assert_true(passes(&tagged, 0x8100));
    assert_true(passes(&tagged, 0x88a8));
    assert_false(passes(&tagged, 0x0806));
}

static void test_a_later_fragment_is_none(void **state)
{
    struct bytes tcp = {0};

    (void)state;
    put(&tcp, "\x9c\x40\3\x55\0\0\0\1\0\0\0\2\x50\2\0\0\0\0\0\0", 20);
    struct bytes packet = packet_to("203.0.113.9", 6, &tcp);
    assert_true(passes(&packet, ETHERTYPE_4));
    packet.data[7] = 9;
    assert_false(passes(&packet, ETHERTYPE_4));
}

/* A socket's option memory was 20 KiB before Linux 6.7; an instruction takes 8 bytes, twice. */
static void test_it_fits_old_kernels(void **state)
{
    (void)state;
    assert_true(program->count < 800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls_begins_with_a_syn),
        cmocka_unit_test(test_https_counts_at_public_resolvers),
        cmocka_unit_test(test_quic_begins_with_its_initial_packet),
        cmocka_unit_test(test_behind_one_tag),
        cmocka_unit_test(test_a_later_fragment_is_none),
        cmocka_unit_test(test_it_fits_old_kernels),
    };
    return cmocka_run_group_tests(tests, build, release);
}
