/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter against the kernel, in a network namespace of this test's own: replacing it loses
 * nothing, and a kernel that gives little memory for it gets a coarser one that says so.
 */
#include "sniffer/live/capture.h"

#include "dnsparse/names/dns.h"
#include "loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pcap/dlt.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    SKIPPED = 77,
    SWAPS = 100,
    ANSWERS = 20000,
    AHEAD = 100, /* of what was read, so few that the ring has places for them */
    ANSWER_SIZE = 100,
    NUMBER_AT = 60, /* in the answer, behind the question */
};

#define ANSWER_NAME "\3eu1\7example\3net"

/* Patterns that have little in common. */
static struct kernelfilter *filter_of(unsigned patterns)
{
    struct whitelist_pattern *entries = calloc(patterns, sizeof(*entries));
    struct plan plan = {.patterns = entries, .pattern_count = patterns};
    char text[64] = "*.example.net";

    for (unsigned i = 0; i < patterns; i++) {
        expect(pattern_from_text(text, &entries[i].pattern), __LINE__);
        snprintf(text, sizeof(text), "*.n%u.%07u", i, i * 7919 % 3001);
    }
    struct kernelfilter *filter = kernelfilter_new(&plan);
    expect(filter != NULL, __LINE__);
    free(entries);
    return filter;
}

/* ---- nothing is lost ---- */

static void send_answers(const volatile uint32_t *due)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(DNS_PORT),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    uint8_t message[ANSWER_SIZE] = "\0\1\x81\x80\0\1\0\1";
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    memcpy(message + 12, ANSWER_NAME, sizeof(ANSWER_NAME));
    for (uint32_t number = 0; number < ANSWERS; number++) {
        while (number - *due > AHEAD)
            usleep(50);
        memcpy(message + NUMBER_AT, &number, sizeof(number));
        expect(sendto(fd, message, sizeof(message), 0, (const void *)&to, sizeof(to)) > 0,
               __LINE__);
    }
    _exit(0);
}

/* The numbers come in their order: each is the one that is due. */
static void on_frame(void *context, const struct frame *frame)
{
    volatile uint32_t *due = context;
    uint32_t number;

    memcpy(&number, frame->bytes + frame->captured - ANSWER_SIZE + NUMBER_AT, sizeof(number));
    expect(number == (*due)++, __LINE__);
}

/* Between names, more names and all of port 53. */
static void swap(struct capture *capture, struct kernelfilter *filter, unsigned number)
{
    struct dname extra;

    expect(dname_from_text("lb.example.org", &extra), __LINE__);
    kernelfilter_set_extra(filter, &extra, number % 2);
    kernelfilter_widen(filter, number % 3 == 0);
    expect(capture_filter(capture, filter) == 0, __LINE__);
}

/* What is there now is read behind each of them. */
static void flood_and_swap(void)
{
    struct kernelfilter *filter = filter_of(1);
    struct capture *capture;
    char error[CAPTURE_ERROR_MAX];
    struct state_report report;
    uint32_t *due =
        mmap(NULL, sizeof(*due), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned swaps = 0;
    int status;
    pid_t sender;

    if (!enter_namespace())
        _exit(SKIPPED);
    expect(capture_open("lo", 0, 1, filter, &capture, error) == 0, __LINE__);
    sender = fork();
    if (sender == 0)
        send_answers(due);
    do {
        swap(capture, filter, swaps++);
        expect(capture_read(capture, AHEAD, on_frame, due) >= 0, __LINE__);
    } while (waitpid(sender, &status, WNOHANG) == 0);
    expect(swaps >= SWAPS, __LINE__);
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, __LINE__);
    while (capture_read(capture, AHEAD, on_frame, due) > 0)
        ;
    expect(*due == ANSWERS, __LINE__);
    capture_state(capture, &report);
    expect(report.dropped == 0, __LINE__);
    capture_close(capture);
    kernelfilter_free(filter);
    _exit(0);
}

/* ---- little memory ---- */

static struct kernelfilter_outcome attach(unsigned patterns, unsigned times)
{
    struct kernelfilter *filter = filter_of(patterns);
    struct kernelfilter_socket socket_of = {.fd = socket(AF_PACKET, SOCK_RAW, 0),
                                            .link_type = DLT_EN10MB};
    struct kernelfilter_outcome outcome = {.error = 0};

    expect(socket_of.fd >= 0, __LINE__);
    for (unsigned i = 0; i < times; i++)
        expect(kernelfilter_attach(filter, &socket_of, &outcome) == 0, __LINE__);
    kernelfilter_free(filter);
    close(socket_of.fd);
    return outcome;
}

static void little_memory(void)
{
    static const char path[] = "/proc/sys/net/core/optmem_max";
    struct kernelfilter_outcome outcome;

    if (!enter_namespace())
        _exit(SKIPPED);
    outcome = attach(400, 3);
    expect(outcome.filter == INTERFACE_FILTER_NAMES && outcome.error == 0, __LINE__);
    if (!write_file(path, "20480")) /* one for all namespaces before Linux 6.7 */
        _exit(SKIPPED);
    outcome = attach(2, 10);
    expect(outcome.filter == INTERFACE_FILTER_NAMES && outcome.error == 0, __LINE__);
    outcome = attach(400, 3);
    expect(outcome.filter == INTERFACE_FILTER_PORT, __LINE__);
    expect(outcome.reason == FILTER_REASON_REFUSED && outcome.error == -ENOMEM, __LINE__);
    expect(write_file(path, "8192"), __LINE__); /* for one, not for two at a time */
    outcome = attach(2, 10);
    expect(outcome.filter == INTERFACE_FILTER_NAMES && outcome.error == 0, __LINE__);
    expect(write_file(path, "4096"), __LINE__);
    outcome = attach(2, 3);
    expect(outcome.filter == INTERFACE_FILTER_PORT, __LINE__);
    expect(outcome.reason == FILTER_REASON_REFUSED && outcome.error == -ENOMEM, __LINE__);
    expect(write_file(path, "512"), __LINE__);
    outcome = attach(2, 3);
    expect(outcome.filter == INTERFACE_FILTER_USERSPACE, __LINE__);
    expect(outcome.reason == FILTER_REASON_REFUSED && outcome.error == -ENOMEM, __LINE__);
    _exit(0);
}

/* ---- each in a process of its own ---- */

static void in_child(void (*work)(void))
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        work();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == SKIPPED)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_a_hundred_swaps_lose_nothing(void **state)
{
    (void)state;
    in_child(flood_and_swap);
}

static void test_little_memory_takes_a_coarser_one(void **state)
{
    (void)state;
    in_child(little_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hundred_swaps_lose_nothing),
        cmocka_unit_test(test_little_memory_takes_a_coarser_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
