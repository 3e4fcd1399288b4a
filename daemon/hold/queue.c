/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink answers before sendto returns, so that nothing here has to wait.
 */
#include "daemon/hold/queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
    RECEIVE_BUFFER = 1 << 20, /* 2500 packets that are not read yet; by default 256 */
    RECEIVE_SIZE = 8192,
    VERDICTS_SIZE = 2048, /* 64 of them */
    VERDICT_SIZE = MNL_NLMSG_HDRLEN + sizeof(struct nfgenmsg) + MNL_ATTR_HDRLEN +
                   sizeof(struct nfqnl_msg_verdict_hdr),
    FLAGS = NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_GSO,
};

struct queue {
    struct mnl_socket *socket;
    uint16_t number;
    uint32_t last_id; /* the kernel's counting: a gap is what it passed on by itself */
    struct queue_figures figures;
    size_t verdicts_used;
    char verdicts[VERDICTS_SIZE];
    char received[RECEIVE_SIZE];
};

static struct nlmsghdr *put_head(void *at, uint16_t type, uint16_t number, uint16_t flags)
{
    struct nlmsghdr *head = mnl_nlmsg_put_header(at);
    struct nfgenmsg *message;

    head->nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type);
    head->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    message = mnl_nlmsg_put_extra_header(head, sizeof(*message));
    message->nfgen_family = AF_UNSPEC;
    message->version = NFNETLINK_V0;
    message->res_id = htons(number);
    return head;
}

static int send_bytes(const struct queue *queue, const void *bytes, size_t size)
{
    return mnl_socket_sendto(queue->socket, bytes, size) < 0 ? -errno : 0;
}

/*
 * Without FAIL_OPEN the kernel drops what it has no room for, without GSO it cuts a packet that the
 * network card has put together.
 */
static int send_configuration(const struct queue *queue)
{
    char at[256];
    struct nlmsghdr *head = put_head(at, NFQNL_MSG_CONFIG, queue->number, NLM_F_ACK);
    const struct nfqnl_msg_config_cmd command = {.command = NFQNL_CFG_CMD_BIND};
    const struct nfqnl_msg_config_params copy = {.copy_range = htonl(QUEUED_COPY),
                                                 .copy_mode = NFQNL_COPY_PACKET};

    mnl_attr_put(head, NFQA_CFG_CMD, sizeof(command), &command);
    mnl_attr_put(head, NFQA_CFG_PARAMS, sizeof(copy), &copy);
    mnl_attr_put_u32(head, NFQA_CFG_QUEUE_MAXLEN, htonl(QUEUE_LENGTH));
    mnl_attr_put_u32(head, NFQA_CFG_FLAGS, htonl(FLAGS));
    mnl_attr_put_u32(head, NFQA_CFG_MASK, htonl(FLAGS));
    return send_bytes(queue, head, head->nlmsg_len);
}

/* ---- verdicts ---- */

void queue_flush(struct queue *queue)
{
    int result =
        queue->verdicts_used > 0 ? send_bytes(queue, queue->verdicts, queue->verdicts_used) : 0;

    queue->verdicts_used = 0;
    if (result < 0)
        queue->figures.error = result;
}

void queue_accept(struct queue *queue, uint32_t id)
{
    const struct nfqnl_msg_verdict_hdr verdict = {.verdict = htonl(NF_ACCEPT), .id = htonl(id)};

    if (queue->verdicts_used + VERDICT_SIZE > VERDICTS_SIZE)
        queue_flush(queue);
    struct nlmsghdr *head =
        put_head(queue->verdicts + queue->verdicts_used, NFQNL_MSG_VERDICT, queue->number, 0);
    mnl_attr_put(head, NFQA_VERDICT_HDR, sizeof(verdict), &verdict);
    queue->verdicts_used += head->nlmsg_len;
}

/* ---- reading ---- */

static void note_id(struct queue *queue, uint32_t id)
{
    queue->figures.overruns += id - queue->last_id - 1;
    queue->figures.packets++;
    queue->last_id = id;
}

static void note_error(struct queue *queue, int error)
{
    if (error == -ENOENT)
        queue->figures.gone++;
    else if (error != 0)
        queue->figures.error = error;
}

/* False when nothing more is there.  The kernel says once that it had no room, and goes on. */
static bool receive(struct queue *queue, struct reader *out)
{
    ssize_t size;

    do
        size = mnl_socket_recvfrom(queue->socket, queue->received, sizeof(queue->received));
    while (size < 0 && (errno == ENOBUFS || errno == EINTR));
    if (size <= 0)
        return false;
    *out = reader_of((const uint8_t *)queue->received, (size_t)size, (size_t)size);
    return true;
}

void queue_read(struct queue *queue, unsigned most, queue_take *take, void *context)
{
    struct reader datagram;
    struct queued queued;
    enum queued_kind kind;

    for (unsigned read = 0; read < most && receive(queue, &datagram); read++) {
        while ((kind = queued_next(&datagram, &queued)) != QUEUED_END) {
            if (kind == QUEUED_ERROR)
                note_error(queue, queued.error);
            if (kind != QUEUED_PACKET)
                continue;
            note_id(queue, queued.id);
            take(context, &queued);
        }
    }
}

static void let_go(void *context, const struct queued *packet)
{
    queue_accept(context, packet->id);
}

/* ---- opening ---- */

/* The kernel's answer to the configuration; packets may come before it. */
static int read_answer(struct queue *queue)
{
    struct reader datagram;
    struct queued queued;
    enum queued_kind kind;

    while (receive(queue, &datagram)) {
        while ((kind = queued_next(&datagram, &queued)) != QUEUED_END) {
            if (kind == QUEUED_ERROR)
                return queued.error;
            if (kind != QUEUED_PACKET)
                continue;
            note_id(queue, queued.id);
            queue_accept(queue, queued.id);
        }
    }
    return -EIO;
}

static int bind_queue(struct queue *queue)
{
    const int room = RECEIVE_BUFFER;
    int result;

    if (mnl_socket_bind(queue->socket, 0, MNL_SOCKET_AUTOPID) < 0)
        return -errno;
    if (setsockopt(mnl_socket_get_fd(queue->socket), SOL_SOCKET, SO_RCVBUFFORCE, &room,
                   sizeof(room)) < 0)
        (void)setsockopt(mnl_socket_get_fd(queue->socket), SOL_SOCKET, SO_RCVBUF, &room,
                         sizeof(room)); /* as much as an ordinary program gets */
    result = send_configuration(queue);
    if (result == 0)
        result = read_answer(queue);
    queue_flush(queue);
    return result;
}

int queue_open(uint16_t number, struct queue **out)
{
    struct queue *queue = calloc(1, sizeof(*queue));
    int result;

    if (!queue)
        return -ENOMEM;
    queue->number = number;
    queue->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
    result = queue->socket ? bind_queue(queue) : -errno;
    if (result == 0) {
        *out = queue;
        return 0;
    }
    if (queue->socket)
        mnl_socket_close(queue->socket);
    free(queue);
    return result;
}

/* What is in the queue when the socket closes would be dropped. */
void queue_close(struct queue *queue)
{
    if (!queue)
        return;
    queue_read(queue, QUEUE_LENGTH, let_go, queue);
    queue_flush(queue);
    mnl_socket_close(queue->socket);
    free(queue);
}

int queue_descriptor(const struct queue *queue)
{
    return mnl_socket_get_fd(queue->socket);
}

const struct queue_figures *queue_figures(const struct queue *queue)
{
    return &queue->figures;
}
