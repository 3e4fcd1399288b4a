/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's queue, with a socket that does what a kernel under load does: libmnl's is played
 * here. */
#include "daemon/hold/queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS_MAX = 16, ACK = 1, PACKET = 2 };

/* What the socket gives at each read, and what was sent over it. */
static struct step {
    int error; /* 0: a message, else errno */
    int kind;
    uint32_t value; /* of an acknowledgement its errno, of a packet its number */
} steps[STEPS_MAX];
static size_t step_count, step_next, sends, verdicts;

static void script(const struct step *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        steps[i] = list[i];
    step_count = count;
    step_next = sends = verdicts = 0;
}

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
    (void)bus, (void)flags;
    return (struct mnl_socket *)steps;
}

int mnl_socket_bind(struct mnl_socket *socket, unsigned groups, pid_t pid)
{
    (void)socket, (void)groups, (void)pid;
    return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *socket)
{
    (void)socket;
    return -1;
}

int mnl_socket_close(struct mnl_socket *socket)
{
    (void)socket;
    return 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *socket, const void *bytes, size_t size)
{
    int left = (int)size;

    (void)socket;
    sends++;
    for (const struct nlmsghdr *head = bytes; mnl_nlmsg_ok(head, left);
         head = mnl_nlmsg_next(head, &left))
        verdicts += head->nlmsg_type == (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT);
    return (ssize_t)size;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *socket, void *bytes, size_t room)
{
    (void)socket;
    assert_true(room >= 512);
    if (step_next == step_count || steps[step_next].error) {
        errno = step_next == step_count ? EAGAIN : steps[step_next++].error;
        return -1;
    }
    const struct step *step = &steps[step_next++];
    struct nlmsghdr *head = mnl_nlmsg_put_header(bytes);
    if (step->kind == ACK) {
        const struct nlmsgerr answer = {.error = -(int)step->value};
        head->nlmsg_type = NLMSG_ERROR;
        memcpy(mnl_nlmsg_put_extra_header(head, sizeof(answer)), &answer, sizeof(answer));
    } else {
        static const uint8_t ip[40] = {[0] = 0x45, [12] = 192, 0, 2, 10, 198, 51, 100, 7};
        const struct nfqnl_msg_packet_hdr packet = {.packet_id = htonl(step->value)};
        head->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET;
        mnl_nlmsg_put_extra_header(head, sizeof(struct nfgenmsg));
        mnl_attr_put(head, NFQA_PACKET_HDR, sizeof(packet), &packet);
        mnl_attr_put(head, NFQA_PAYLOAD, sizeof(ip), ip);
    }
    return (ssize_t)head->nlmsg_len;
}

static struct queue *opened(void)
{
    struct queue *queue = NULL;

    script(&(struct step){.kind = ACK}, 1);
    assert_int_equal(queue_open(5757, &queue), 0);
    return queue;
}

static void count(void *context, const struct queued *packet)
{
    uint32_t *sum = context;
    char text[ADDRESS_TEXT_MAX];

    assert_string_equal(address_to_text(&packet->destination, text), "198.51.100.7");
    *sum += packet->id;
}

/* The kernel says once that it had no room for messages (ENOBUFS); what it passed on meanwhile is
 * the gap in its numbers. */
static void test_an_overrun_is_counted_and_nothing_stops(void **state)
{
    struct queue *queue = opened();
    uint32_t sum = 0;

    (void)state;
    script((struct step[]){{.kind = PACKET, .value = 1},
                           {.error = ENOBUFS},
                           {.error = EINTR},
                           {.kind = PACKET, .value = 4},
                           {.kind = PACKET, .value = 5}},
           5);
    queue_read(queue, 64, count, &sum);
    assert_int_equal(sum, 1 + 4 + 5);
    assert_int_equal(queue_figures(queue)->packets, 3);
    assert_int_equal(queue_figures(queue)->overruns, 2);
    assert_int_equal(queue_figures(queue)->error, 0);
    queue_close(queue);
}

static void test_verdicts_go_out_together(void **state)
{
    struct queue *queue = opened();

    (void)state;
    script(NULL, 0);
    for (uint32_t id = 1; id <= 70; id++)
        queue_accept(queue, id);
    assert_int_equal(sends, 1); /* there is no room for more */
    queue_flush(queue);
    assert_int_equal(sends, 2);
    assert_int_equal(verdicts, 70);
    queue_flush(queue);
    assert_int_equal(sends, 2);
    queue_close(queue);
}

/* A packet that the kernel dropped meanwhile is no error of the queue; another answer is. */
static void test_what_is_gone_is_counted(void **state)
{
    struct queue *queue = opened();
    uint32_t sum = 0;

    (void)state;
    script((struct step[]){{.kind = ACK, .value = ENOENT}, {.kind = PACKET, .value = 1}}, 2);
    queue_read(queue, 64, count, &sum);
    assert_int_equal(queue_figures(queue)->gone, 1);
    assert_int_equal(queue_figures(queue)->error, 0);
    script((struct step[]){{.kind = ACK, .value = EPERM}}, 1);
    queue_read(queue, 64, count, &sum);
    assert_int_equal(queue_figures(queue)->error, -EPERM);
    assert_int_equal(sum, 1);
    queue_close(queue);
}

static void test_a_number_that_is_taken_is_told(void **state)
{
    struct queue *queue = NULL;

    (void)state;
    script((struct step[]){{.kind = ACK, .value = EPERM}}, 1);
    assert_int_equal(queue_open(5757, &queue), -EPERM);
    assert_null(queue);
    script(NULL, 0);
    assert_int_equal(queue_open(5757, &queue), -EIO); /* no answer at all */
}

/* What came before the answer, and what is there at the end, goes on. */
static void test_nothing_is_left_waiting(void **state)
{
    struct queue *queue = NULL;

    (void)state;
    script((struct step[]){{.kind = PACKET, .value = 1}, {.kind = ACK}}, 2);
    assert_int_equal(queue_open(5757, &queue), 0);
    assert_int_equal(verdicts, 1);
    script((struct step[]){{.kind = PACKET, .value = 2}, {.kind = PACKET, .value = 3}}, 2);
    queue_close(queue);
    assert_int_equal(verdicts, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_overrun_is_counted_and_nothing_stops),
        cmocka_unit_test(test_verdicts_go_out_together),
        cmocka_unit_test(test_what_is_gone_is_counted),
        cmocka_unit_test(test_a_number_that_is_taken_is_told),
        cmocka_unit_test(test_nothing_is_left_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
