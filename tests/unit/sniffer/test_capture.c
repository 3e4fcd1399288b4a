/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures from files made here byte by byte, and, in a network namespace of this test's own, from
 * a live loopback.
 */
#include "sniffer/live/capture.h"

#include "loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    FILE_MAX = 4096,
    SKIPPED = 77,
    MAGIC_US = 0xa1b2c3d4,
    MAGIC_NS = 0xa1b23c4d,
    ETHERNET = 1,
    USB = 189,
    RAW = 101,
};

struct bytes {
    size_t size;
    uint8_t data[FILE_MAX];
};

static void put16(struct bytes *bytes, unsigned value)
{
    const uint16_t field = (uint16_t)value;

    memcpy(bytes->data + bytes->size, &field, sizeof(field));
    bytes->size += sizeof(field);
}

static void put32(struct bytes *bytes, uint32_t value)
{
    memcpy(bytes->data + bytes->size, &value, sizeof(value));
    bytes->size += sizeof(value);
}

static void put_filler(struct bytes *bytes, size_t size)
{
    memset(bytes->data + bytes->size, 0x5a, size);
    bytes->size += size;
}

static void put_pcap_header(struct bytes *bytes, uint32_t magic, uint32_t link_type)
{
    put32(bytes, magic);
    put16(bytes, 2); /* version */
    put16(bytes, 4);
    put32(bytes, 0); /* time zone */
    put32(bytes, 0); /* accuracy */
    put32(bytes, 262144);
    put32(bytes, link_type);
}

static void put_pcap_packet(struct bytes *bytes, uint32_t seconds, uint32_t fraction,
                            uint32_t captured, uint32_t length)
{
    put32(bytes, seconds);
    put32(bytes, fraction);
    put32(bytes, captured);
    put32(bytes, length);
    put_filler(bytes, captured);
}

/* ---- pcapng: blocks with their length on both sides ---- */

static void put_section(struct bytes *bytes)
{
    put32(bytes, 0x0a0d0d0a);
    put32(bytes, 28);
    put32(bytes, 0x1a2b3c4d); /* byte order */
    put16(bytes, 1);          /* version */
    put16(bytes, 0);
    put32(bytes, 0xffffffff); /* length unknown */
    put32(bytes, 0xffffffff);
    put32(bytes, 28);
}

static void put_interface(struct bytes *bytes, unsigned link_type)
{
    put32(bytes, 1);
    put32(bytes, 20);
    put16(bytes, link_type);
    put16(bytes, 0);
    put32(bytes, 262144);
    put32(bytes, 20);
}

static void put_enhanced(struct bytes *bytes, uint32_t interface)
{
    put32(bytes, 6);
    put32(bytes, 32 + 60);
    put32(bytes, interface);
    put32(bytes, 0); /* time stamp */
    put32(bytes, 1);
    put32(bytes, 60);
    put32(bytes, 60);
    put_filler(bytes, 60);
    put32(bytes, 32 + 60);
}

/* ---- reading ---- */

struct seen {
    unsigned count;
    struct frame last;
};

static void on_frame(void *context, const struct frame *frame)
{
    struct seen *seen = context;

    seen->count++;
    seen->last = *frame;
}

static FILE *file_of(const struct bytes *bytes)
{
    FILE *file = tmpfile();

    assert_non_null(file);
    assert_int_equal(fwrite(bytes->data, 1, bytes->size, file), bytes->size);
    rewind(file);
    return file;
}

static int open_bytes(const struct bytes *bytes, struct capture **out)
{
    char error[CAPTURE_ERROR_MAX] = "untouched";
    int result = capture_open_file(file_of(bytes), 3, out, error);

    /* A failure says why. */
    assert_int_equal(result < 0, error[0] != '\0');
    return result;
}

/* What capture_read says in the end; the frames before it are in `seen`. */
static int read_all(const struct bytes *bytes, struct seen *seen)
{
    struct capture *capture;
    int result;

    *seen = (struct seen){0};
    assert_int_equal(open_bytes(bytes, &capture), 0);
    do
        result = capture_read(capture, 2, on_frame, seen);
    while (result > 0);
    assert_int_equal(result < 0, capture_error(capture)[0] != '\0');
    capture_close(capture);
    return result;
}

static void test_frames_come_with_all_that_is_known(void **state)
{
    struct bytes bytes = {0};
    struct seen seen;

    (void)state;
    put_pcap_header(&bytes, MAGIC_US, ETHERNET);
    for (unsigned i = 0; i < 5; i++)
        put_pcap_packet(&bytes, 1700000000 + i, 123456, 60, 90);
    assert_int_equal(read_all(&bytes, &seen), 0);
    assert_int_equal(seen.count, 5);
    assert_int_equal(seen.last.captured, 60);
    assert_int_equal(seen.last.length, 90);
    assert_int_equal(seen.last.link_type, 1);
    assert_int_equal(seen.last.interface, 3);
    assert_int_equal(seen.last.way, WAY_UNTOLD);
    assert_int_equal(seen.last.link, 0);
    assert_int_equal(seen.last.captured_ns, UINT64_C(1700000004123456000));
}

static void test_nanoseconds_are_kept(void **state)
{
    struct bytes bytes = {0};
    struct seen seen;

    (void)state;
    put_pcap_header(&bytes, MAGIC_NS, ETHERNET);
    put_pcap_packet(&bytes, 1700000000, 123456789, 60, 60);
    assert_int_equal(read_all(&bytes, &seen), 0);
    assert_int_equal(seen.last.captured_ns, UINT64_C(1700000000123456789));
}

static void test_a_fraction_above_a_second_stays_in_its_second(void **state)
{
    struct bytes bytes = {0};
    struct seen seen;

    (void)state;
    put_pcap_header(&bytes, MAGIC_NS, ETHERNET);
    put_pcap_packet(&bytes, 1700000000, 0x7fffffff, 60, 60);
    assert_int_equal(read_all(&bytes, &seen), 0);
    assert_int_equal(seen.last.captured_ns, UINT64_C(1700000000999999999));
}

static void test_what_stands_before_the_cut_is_read(void **state)
{
    struct bytes bytes = {0};
    struct seen seen;
    size_t whole;

    (void)state;
    put_pcap_header(&bytes, MAGIC_US, RAW);
    put_pcap_packet(&bytes, 1700000000, 0, 60, 60);
    whole = bytes.size;
    put_pcap_packet(&bytes, 1700000000, 0, 60, 60);
    for (bytes.size -= 1; bytes.size > whole; bytes.size -= 7) {
        assert_int_equal(read_all(&bytes, &seen), -EBADMSG);
        assert_int_equal(seen.count, 1);
    }
}

static void test_what_is_no_capture_is_refused(void **state)
{
    struct bytes bytes = {0}, empty = {0};
    struct capture *capture = NULL;

    (void)state;
    put_filler(&bytes, 200);
    assert_int_equal(open_bytes(&bytes, &capture), -EBADMSG);
    assert_int_equal(open_bytes(&empty, &capture), -EBADMSG);
    assert_null(capture);
}

static void test_an_unknown_link_type_is_refused(void **state)
{
    struct bytes bytes = {0};
    struct capture *capture = NULL;

    (void)state;
    put_pcap_header(&bytes, MAGIC_US, USB);
    put_pcap_packet(&bytes, 1700000000, 0, 60, 60);
    assert_int_equal(open_bytes(&bytes, &capture), -EPROTONOSUPPORT);
    assert_null(capture);
}

static void test_pcapng_is_read(void **state)
{
    struct bytes bytes = {0};
    struct seen seen;

    (void)state;
    put_section(&bytes);
    put_interface(&bytes, ETHERNET);
    put_interface(&bytes, ETHERNET);
    put_enhanced(&bytes, 0);
    put_enhanced(&bytes, 1);
    assert_int_equal(read_all(&bytes, &seen), 0);
    assert_int_equal(seen.count, 2);
}

static void test_pcapng_with_two_link_types_says_so(void **state)
{
    struct bytes bytes = {0};
    struct seen seen;

    (void)state;
    put_section(&bytes);
    put_interface(&bytes, ETHERNET);
    put_enhanced(&bytes, 0);
    put_interface(&bytes, RAW);
    put_enhanced(&bytes, 1);
    assert_int_equal(read_all(&bytes, &seen), -EPROTONOSUPPORT);
    assert_int_equal(seen.count, 1);
}

/* ---- live ---- */

/* A question, filled up to `size` bytes. */
static void send_question(unsigned port, const char *name, size_t size)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    static uint8_t message[60000];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    memset(message, 0, sizeof(message));
    memcpy(message, "\0\1\1\0\0\1", 6);
    memcpy(message + 12, name, strlen(name) + 1);
    expect(sendto(fd, message, size, 0, (const void *)&to, sizeof(to)) == (ssize_t)size, __LINE__);
    close(fd);
}

/* Frames that are there within a moment. */
static unsigned frames(struct capture *capture, struct seen *seen)
{
    *seen = (struct seen){0};
    usleep(20000);
    for (int i = 0; i < 10; i++)
        expect(capture_read(capture, 100, on_frame, seen) >= 0, __LINE__);
    return seen->count;
}

static void expect_filters(const struct capture *capture)
{
    int fds[CAPTURE_RINGS_MAX];

    for (unsigned i = 0; i < capture_descriptors(capture, fds); i++) {
        struct sock_filter filter[512];
        /* In instructions, not bytes. */
        socklen_t count = sizeof(filter) / sizeof(filter[0]);

        expect(getsockopt(fds[i], SOL_SOCKET, SO_GET_FILTER, filter, &count) == 0, __LINE__);
        expect(count > 100, __LINE__);
    }
}

#define LISTED "\3eu1\7example\3net"
#define FOREIGN "\3eu1\7example\3org"
#define DERIVED "\2lb\7example\3org"

static struct kernelfilter *filter_of(const char *pattern)
{
    struct whitelist_pattern entry = {.whitelist = 0};
    struct plan plan = {.patterns = &entry, .pattern_count = 1};

    expect(pattern_from_text(pattern, &entry.pattern), __LINE__);
    struct kernelfilter *filter = kernelfilter_new(&plan);
    expect(filter != NULL, __LINE__);
    return filter;
}

static void expect_outcome(const struct capture *capture, enum interface_filter filter,
                           enum filter_reason reason, int line)
{
    struct kernelfilter_outcome outcome = capture_filter_outcome(capture);

    expect(outcome.filter == filter && outcome.reason == reason && outcome.error == 0, line);
}

/* Loopback has each packet twice, and libpcap hands on the one that comes in. */
static void expect_way(const struct seen *seen, int line)
{
    expect(seen->last.way == WAY_IN && seen->last.link == if_nametoindex("lo"), line);
}

/* Names that count for a while, then all of them. */
static void live_swaps(struct capture *capture, struct kernelfilter *filter)
{
    struct dname derived;
    struct seen seen;

    expect(dname_from_wire((const uint8_t *)DERIVED, sizeof(DERIVED), &derived) > 0, __LINE__);
    send_question(53, DERIVED, 100);
    expect(frames(capture, &seen) == 0, __LINE__);
    kernelfilter_set_extra(filter, &derived, 1);
    expect(capture_filter(capture, filter) == 0, __LINE__);
    expect_outcome(capture, INTERFACE_FILTER_NAMES, FILTER_REASON_NONE, __LINE__);
    send_question(53, DERIVED, 100);
    send_question(53, FOREIGN, 100);
    expect(frames(capture, &seen) == 1, __LINE__);
    kernelfilter_widen(filter, true);
    expect(capture_filter(capture, filter) == 0, __LINE__);
    expect_outcome(capture, INTERFACE_FILTER_PORT, FILTER_REASON_FOLLOWING, __LINE__);
    send_question(53, FOREIGN, 100);
    send_question(9, LISTED, 100);
    expect(frames(capture, &seen) == 1, __LINE__);
    kernelfilter_widen(filter, false);
    kernelfilter_set_extra(filter, NULL, 0);
    expect(capture_filter(capture, filter) == 0, __LINE__);
    send_question(53, DERIVED, 100);
    expect(frames(capture, &seen) == 0, __LINE__);
}

/* With the interface's own name, or "any". */
static void live(const char *interface)
{
    struct kernelfilter *filter = filter_of("*.example.net");
    char error[CAPTURE_ERROR_MAX];
    struct capture *capture;
    struct state_report report;
    struct seen seen;

    expect(capture_open(interface, 0, 1, filter, &capture, error) == 0, __LINE__);
    expect_outcome(capture, INTERFACE_FILTER_NAMES, FILTER_REASON_NONE, __LINE__);
    expect_filters(capture);
    send_question(9, LISTED, 100);
    send_question(53, FOREIGN, 100);
    send_question(53, FOREIGN, 30000);
    /* Their ICMP errors, too, are dropped by the kernel. */
    expect(frames(capture, &seen) == 0, __LINE__);
    send_question(53, LISTED, 100);
    expect(frames(capture, &seen) == 1, __LINE__);
    expect(seen.last.captured == seen.last.length, __LINE__);
    expect_way(&seen, __LINE__);
    send_question(53, LISTED, 30000);
    expect(frames(capture, &seen) == 1, __LINE__);
    expect(seen.last.captured > 30000 && seen.last.captured == seen.last.length, __LINE__);
    expect_way(&seen, __LINE__);
    live_swaps(capture, filter);
    capture_state(capture, &report);
    expect(report.state == STATE_UP && report.dropped == 0, __LINE__);
    expect(report.received >= 4 && report.undirected == 0, __LINE__);
    expect(report.filter == INTERFACE_FILTER_NAMES && report.filter_reason == 0, __LINE__);
    expect(strcmp(report.interface, interface) == 0, __LINE__);
    expect(report.promiscuous == (strcmp(interface, "any") != 0), __LINE__);
    capture_close(capture);
    kernelfilter_free(filter);
}

static void live_child(void)
{
    char error[CAPTURE_ERROR_MAX] = "";
    struct capture *capture;

    if (!enter_namespace())
        _exit(SKIPPED);
    live("lo");
    live("any");
    struct kernelfilter *filter = filter_of("example.net");
    expect(capture_open("nosuch0", 0, 1, filter, &capture, error) == -ENODEV, __LINE__);
    expect(error[0] != '\0', __LINE__);
    kernelfilter_free(filter);
    _exit(0);
}

static void test_live_frames_come_through_the_filter_whole(void **state)
{
    pid_t pid = fork();
    int status;

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0)
        live_child();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == SKIPPED)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_come_with_all_that_is_known),
        cmocka_unit_test(test_nanoseconds_are_kept),
        cmocka_unit_test(test_a_fraction_above_a_second_stays_in_its_second),
        cmocka_unit_test(test_what_stands_before_the_cut_is_read),
        cmocka_unit_test(test_what_is_no_capture_is_refused),
        cmocka_unit_test(test_an_unknown_link_type_is_refused),
        cmocka_unit_test(test_pcapng_is_read),
        cmocka_unit_test(test_pcapng_with_two_link_types_says_so),
        cmocka_unit_test(test_live_frames_come_through_the_filter_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
