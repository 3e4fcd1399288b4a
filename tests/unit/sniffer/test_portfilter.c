/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The port filter as the kernel runs it: attached to a datagram socket pair, which needs no
 * privileges and hands packets to the same interpreter; and, for cooked sockets, to a packet socket
 * on the loopback of a namespace of its own.
 */
#include "sniffer/portfilter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PACKET_MAX = 4096, SKIPPED = 77 };

struct packet {
    size_t size;
    uint8_t bytes[PACKET_MAX];
};

static void put8(struct packet *packet, unsigned value)
{
    packet->bytes[packet->size++] = (uint8_t)value;
}

static void put16(struct packet *packet, unsigned value)
{
    put8(packet, value >> 8);
    put8(packet, value & 0xff);
}

static void put_zeros(struct packet *packet, size_t count)
{
    memset(packet->bytes + packet->size, 0, count);
    packet->size += count;
}

static void put_ethernet(struct packet *packet, unsigned type)
{
    put_zeros(packet, 12); /* addresses */
    put16(packet, type);
}

static void put_tag(struct packet *packet, unsigned type)
{
    put16(packet, 7); /* tag control */
    put16(packet, type);
}

struct ipv4 {
    unsigned options; /* bytes */
    unsigned fragment;
    unsigned protocol;
    unsigned source, destination;
};

static void put_ports(struct packet *packet, unsigned source, unsigned destination)
{
    put16(packet, source);
    put16(packet, destination);
    put_zeros(packet, 4 + 12);
}

static void put_ipv4(struct packet *packet, const struct ipv4 *ip)
{
    put8(packet, 0x45 + ip->options / 4);
    put_zeros(packet, 5); /* type of service, length, id */
    put16(packet, ip->fragment);
    put8(packet, 64); /* time to live */
    put8(packet, ip->protocol);
    put_zeros(packet, 10 + ip->options); /* checksum, addresses */
    put_ports(packet, ip->source, ip->destination);
}

static void put_ipv6(struct packet *packet, unsigned next, unsigned source, unsigned destination)
{
    put8(packet, 0x60);
    put_zeros(packet, 5); /* flow, length */
    put8(packet, next);
    put8(packet, 64);      /* hop limit */
    put_zeros(packet, 32); /* addresses */
    put_ports(packet, source, destination);
}

static int attach(int fd, enum portfilter_link link, struct portfilter_lengths lengths)
{
    struct portfilter filter;
    struct sock_fprog program;

    portfilter_build(link, lengths, &filter);
    program.len = (unsigned short)filter.count;
    program.filter = (void *)filter.instructions;
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* Whether the kernel lets it through. */
static bool passes_lengths(enum portfilter_link link, struct portfilter_lengths lengths,
                           const struct packet *packet)
{
    uint8_t received[PACKET_MAX];
    ssize_t size;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    assert_int_equal(attach(ends[0], link, lengths), 0);
    assert_int_equal(send(ends[1], packet->bytes, packet->size, 0), packet->size);
    size = recv(ends[0], received, sizeof(received), MSG_DONTWAIT);
    close(ends[0]);
    close(ends[1]);
    /* Nothing is cut. */
    if (size >= 0)
        assert_int_equal(size, packet->size);
    return size >= 0;
}

static bool passes(enum portfilter_link link, const struct packet *packet)
{
    return passes_lengths(link, (struct portfilter_lengths){0}, packet);
}

static bool ipv4_passes(const struct ipv4 *ip)
{
    struct packet ethernet = {0}, bare = {0};
    bool result;

    put_ethernet(&ethernet, ETH_P_IP);
    put_ipv4(&ethernet, ip);
    put_ipv4(&bare, ip);
    result = passes(PORTFILTER_ETHERNET, &ethernet);
    assert_int_equal(passes(PORTFILTER_IP, &bare), result);
    return result;
}

static bool ipv6_passes(unsigned next, unsigned source, unsigned destination)
{
    struct packet ethernet = {0}, bare = {0};
    bool result;

    put_ethernet(&ethernet, ETH_P_IPV6);
    put_ipv6(&ethernet, next, source, destination);
    put_ipv6(&bare, next, source, destination);
    result = passes(PORTFILTER_ETHERNET, &ethernet);
    assert_int_equal(passes(PORTFILTER_IP, &bare), result);
    return result;
}

static const struct ipv4 answer = {.protocol = IPPROTO_UDP, .source = 53, .destination = 40000};

static void test_udp_with_port_53_on_either_side_passes(void **state)
{
    (void)state;
    assert_true(ipv4_passes(&answer));
    assert_true(
        ipv4_passes(&(struct ipv4){.protocol = IPPROTO_UDP, .source = 40000, .destination = 53}));
    assert_true(ipv6_passes(IPPROTO_UDP, 53, 40000));
    assert_true(ipv6_passes(IPPROTO_UDP, 40000, 53));
}

static void test_tcp_with_port_53_on_either_side_passes(void **state)
{
    (void)state;
    assert_true(
        ipv4_passes(&(struct ipv4){.protocol = IPPROTO_TCP, .source = 53, .destination = 40000}));
    assert_true(
        ipv4_passes(&(struct ipv4){.protocol = IPPROTO_TCP, .source = 40000, .destination = 53}));
    assert_false(
        ipv4_passes(&(struct ipv4){.protocol = IPPROTO_TCP, .source = 443, .destination = 40000}));
    assert_true(ipv6_passes(IPPROTO_TCP, 53, 40000));
    assert_true(ipv6_passes(IPPROTO_TCP, 40000, 53));
    assert_false(ipv6_passes(IPPROTO_TCP, 443, 40000));
}

static void test_labels_and_sessions_pass(void **state)
{
    static const unsigned types[] = {0x8847, 0x8848, 0x8864};

    (void)state;
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        for (unsigned tags = 0; tags <= 4; tags++) {
            struct packet packet = {0};

            put_ethernet(&packet, tags ? 0x8100 : types[i]);
            for (unsigned tag = 1; tag <= tags; tag++)
                put_tag(&packet, tag < tags ? 0x88a8 : types[i]);
            put_zeros(&packet, 40);
            assert_true(passes(PORTFILTER_ETHERNET, &packet));
        }
    }
}

static void test_everything_else_is_dropped(void **state)
{
    (void)state;
    assert_false(
        ipv4_passes(&(struct ipv4){.protocol = IPPROTO_UDP, .source = 54, .destination = 5353}));
    assert_false(
        ipv4_passes(&(struct ipv4){.protocol = IPPROTO_ICMP, .source = 53, .destination = 53}));
    assert_false(ipv6_passes(IPPROTO_UDP, 54, 5353));
    assert_false(ipv6_passes(IPPROTO_ICMPV6, 53, 53));
}

static void test_options_do_not_hide_the_ports(void **state)
{
    (void)state;
    for (unsigned options = 4; options <= 40; options += 4) {
        struct ipv4 ip = answer;

        ip.options = options;
        assert_true(ipv4_passes(&ip));
        ip.source = 0;
        assert_false(ipv4_passes(&ip));
    }
}

static void test_fragments_pass_and_do_not_fragment_is_none(void **state)
{
    struct ipv4 ip = {.protocol = IPPROTO_UDP, .source = 1, .destination = 2};

    (void)state;
    ip.fragment = 0x2000; /* more fragments */
    assert_true(ipv4_passes(&ip));
    ip.fragment = 0x00b9; /* an offset */
    assert_true(ipv4_passes(&ip));
    ip.fragment = 0x4000; /* do not fragment */
    assert_false(ipv4_passes(&ip));
}

static void test_extension_headers_pass(void **state)
{
    static const unsigned headers[] = {0, 43, 44, 51, 60, 135, 139, 140};

    (void)state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        assert_true(ipv6_passes(headers[i], 1, 2));
}

static void test_up_to_four_tags_of_any_type_are_walked(void **state)
{
    static const unsigned types[] = {0x8100, 0x88a8, 0x9100, 0x9200};
    const struct ipv4 foreign = {.protocol = IPPROTO_UDP, .source = 1, .destination = 2};

    (void)state;
    for (unsigned tags = 1; tags <= 5; tags++) {
        struct packet packet = {0}, other = {0};

        put_ethernet(&packet, types[tags % 4]);
        for (unsigned i = 1; i < tags; i++)
            put_tag(&packet, types[(tags + i) % 4]);
        put_tag(&packet, ETH_P_IP);
        other = packet;
        put_ipv4(&packet, &answer);
        put_ipv4(&other, &foreign);
        assert_int_equal(passes(PORTFILTER_ETHERNET, &packet), tags <= 4);
        assert_false(passes(PORTFILTER_ETHERNET, &other));
    }
}

static void test_tagged_ipv6_passes(void **state)
{
    struct packet packet = {0};

    (void)state;
    put_ethernet(&packet, 0x88a8);
    put_tag(&packet, 0x8100);
    put_tag(&packet, ETH_P_IPV6);
    put_ipv6(&packet, IPPROTO_UDP, 53, 40000);
    assert_true(passes(PORTFILTER_ETHERNET, &packet));
}

static void test_packets_cut_at_every_byte_are_harmless(void **state)
{
    struct packet packet = {0};
    size_t whole;

    (void)state;
    put_ethernet(&packet, ETH_P_IP);
    put_ipv4(&packet, &answer);
    whole = packet.size;
    /* The source port is the last that is needed. */
    for (packet.size = 1; packet.size < whole; packet.size++)
        assert_int_equal(passes(PORTFILTER_ETHERNET, &packet), packet.size >= 14 + 20 + 2);
}

static void test_lengths_divide_packets_between_two_rings(void **state)
{
    struct packet packet = {0};

    (void)state;
    put_ethernet(&packet, ETH_P_IP);
    put_ipv4(&packet, &answer);
    for (packet.size = 1699; packet.size <= 1702; packet.size++) {
        assert_int_equal(
            passes_lengths(PORTFILTER_ETHERNET, (struct portfilter_lengths){.most = 1700}, &packet),
            packet.size <= 1700);
        assert_int_equal(passes_lengths(PORTFILTER_ETHERNET,
                                        (struct portfilter_lengths){.least = 1701}, &packet),
                         packet.size > 1700);
    }
}

/* ---- cooked ---- */

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool well = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return well;
}

static bool enter_namespace(void)
{
    unsigned uid = geteuid();
    char map[64];

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return false;
    snprintf(map, sizeof(map), "0 %u 1", uid);
    return write_file("/proc/self/uid_map", map);
}

static bool loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0 && close(fd) == 0;
}

/* A frame sent over loopback, as a cooked packet socket with the filter sees it. */
static bool cooked_passes(int cooked, int sender, const struct packet *packet)
{
    struct sockaddr_ll to = {
        .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("lo"), .sll_halen = 6};
    uint8_t received[PACKET_MAX];
    bool passed = false;

    if (sendto(sender, packet->bytes, packet->size, 0, (void *)&to, sizeof(to)) < 0)
        _exit(3);
    usleep(2000);
    while (recv(cooked, received, sizeof(received), MSG_DONTWAIT) >= 0)
        passed = true;
    return passed;
}

static void expect(bool condition, int line)
{
    if (condition)
        return;
    fprintf(stderr, "not as expected: line %d\n", line);
    _exit(1);
}

static void cooked_child(void)
{
    const struct ipv4 foreign = {.protocol = IPPROTO_UDP, .source = 1, .destination = 2};
    struct packet v4 = {0}, v6 = {0}, other = {0}, tagged = {0};
    int cooked, sender;

    if (!enter_namespace() || !loopback_up())
        _exit(SKIPPED);
    cooked = socket(AF_PACKET, SOCK_DGRAM, 0);
    sender = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    if (cooked < 0 || sender < 0)
        _exit(SKIPPED);
    expect(attach(cooked, PORTFILTER_COOKED, (struct portfilter_lengths){0}) == 0, __LINE__);
    if (bind(cooked,
             (void *)&(struct sockaddr_ll){.sll_family = AF_PACKET,
                                           .sll_protocol = htons(ETH_P_ALL)},
             sizeof(struct sockaddr_ll)) < 0)
        _exit(2);
    put_ethernet(&v4, ETH_P_IP);
    put_ipv4(&v4, &answer);
    put_ethernet(&v6, ETH_P_IPV6);
    put_ipv6(&v6, IPPROTO_UDP, 53, 40000);
    put_ethernet(&other, ETH_P_IP);
    put_ipv4(&other, &foreign);
    /* The kernel takes the outer tag out and leaves the inner one in the data. */
    put_ethernet(&tagged, 0x88a8);
    put_tag(&tagged, 0x8100);
    put_tag(&tagged, ETH_P_IP);
    put_ipv4(&tagged, &answer);
    expect(cooked_passes(cooked, sender, &v4), __LINE__);
    expect(cooked_passes(cooked, sender, &v6), __LINE__);
    expect(!cooked_passes(cooked, sender, &other), __LINE__);
    expect(cooked_passes(cooked, sender, &tagged), __LINE__);
    _exit(0);
}

static void test_cooked_sockets_see_the_same(void **state)
{
    pid_t pid = fork();
    int status;

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0)
        cooked_child();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == SKIPPED)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_udp_with_port_53_on_either_side_passes),
        cmocka_unit_test(test_tcp_with_port_53_on_either_side_passes),
        cmocka_unit_test(test_labels_and_sessions_pass),
        cmocka_unit_test(test_everything_else_is_dropped),
        cmocka_unit_test(test_options_do_not_hide_the_ports),
        cmocka_unit_test(test_fragments_pass_and_do_not_fragment_is_none),
        cmocka_unit_test(test_extension_headers_pass),
        cmocka_unit_test(test_up_to_four_tags_of_any_type_are_walked),
        cmocka_unit_test(test_tagged_ipv6_passes),
        cmocka_unit_test(test_packets_cut_at_every_byte_are_harmless),
        cmocka_unit_test(test_lengths_divide_packets_between_two_rings),
        cmocka_unit_test(test_cooked_sockets_see_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
