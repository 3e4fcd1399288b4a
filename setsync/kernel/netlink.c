/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink messages to nftables: the buffer that requests and transactions are built in, what is
 * sent, and how answers are read.  Facts that this rests on, measured on 5.10 to 7.2: a commit is
 * done when the send returns and its errors are queued by then; silence is success, an ack is not.
 */
#include "setsync/kernel/netlink.h"

enum {
    BUFFER_KEPT = 1024 * 1024,
    BUFFER_MARGIN = 192 * 1024, /* what is free before a message is begun: builders do not check */
};

int nftset_socket(struct mnl_socket **out)
{
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!socket)
        return -errno;
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
        int result = -errno;
        mnl_socket_close(socket);
        return result;
    }
    *out = socket;
    return 0;
}

/* ---- messages ---- */

int nftset_reserve(struct nftset *nft)
{
    if (nft->size - nft->used >= BUFFER_MARGIN)
        return 0;
    char *buffer = realloc(nft->buffer, 2 * nft->size);
    if (!buffer)
        return -ENOMEM;
    nft->buffer = buffer;
    nft->size *= 2;
    return 0;
}

void nftset_trim(struct nftset *nft)
{
    if (nft->size <= BUFFER_KEPT)
        return;
    char *buffer = realloc(nft->buffer, NFTSET_BUFFER_START);
    if (!buffer)
        return;
    nft->buffer = buffer;
    nft->size = NFTSET_BUFFER_START;
}

struct nlmsghdr *nftset_begin(struct nftset *nft, uint16_t type, uint8_t family, uint16_t flags)
{
    return nftnl_nlmsg_build_hdr(nft->buffer + nft->used, type, family, flags, ++nft->sequence);
}

void nftset_end(struct nftset *nft, const struct nlmsghdr *header)
{
    nft->used += NLMSG_ALIGN(header->nlmsg_len);
}

void nftset_begin_batch(struct nftset *nft, uint32_t generation)
{
    nft->used = 0;
    struct nlmsghdr *header = nftnl_batch_begin(nft->buffer, ++nft->sequence);
    if (generation != 0)
        mnl_attr_put_u32(header, NFNL_BATCH_GENID, htonl(generation));
    nftset_end(nft, header);
}

void nftset_end_batch(struct nftset *nft)
{
    nftset_end(nft, nftnl_batch_end(nft->buffer + nft->used, ++nft->sequence));
}

/* As recv(2); nothing is waited for. */
static ssize_t nftset_receive(struct nftset *nft)
{
    ssize_t size = mnl_socket_recvfrom(nft->command, nft->receive, sizeof(nft->receive));
    if (size < 0 && errno == EAGAIN)
        nft->unread = false;
    return size;
}

void nftset_drain(struct nftset *nft)
{
    while (nft->unread && (nftset_receive(nft) > 0 || errno == EINTR || errno == ENOBUFS))
        ;
}

int nftset_send(struct nftset *nft)
{
    nft->unread = true;
    for (;;) {
        if (mnl_socket_sendto(nft->command, nft->buffer, nft->used) >= 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

int nftset_error(const struct nlmsghdr *header)
{
    if (header->nlmsg_type != NLMSG_ERROR)
        return 1;
    if (header->nlmsg_len < mnl_nlmsg_size(sizeof(struct nlmsgerr)))
        return -EBADMSG;
    const struct nlmsgerr *error = mnl_nlmsg_get_payload(header);
    return error->error;
}

int nftset_errors(struct nftset *nft, nftset_each_error *each, void *context)
{
    int first = 0;
    for (;;) {
        ssize_t size = nftset_receive(nft);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == ENOBUFS) {
            first = first != 0 ? first : -ENOBUFS;
            continue;
        }
        if (size <= 0)
            return first;
        int left = (int)size;
        const struct nlmsghdr *header = (const void *)nft->receive;
        for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
            int error = nftset_error(header);
            if (error >= 0)
                continue;
            first = first != 0 ? first : error;
            if (each)
                each(context, header->nlmsg_seq, error);
        }
    }
}

int nftset_ask(struct nftset *nft, nftset_each_reply *each, void *context)
{
    nftset_drain(nft);
    int result = nftset_send(nft);
    for (;;) {
        ssize_t size = nftset_receive(nft);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == ENOBUFS)
            result = result != 0 ? result : -ENOBUFS;
        else if (size <= 0)
            return result;
        int left = (int)size;
        const struct nlmsghdr *header = (const void *)nft->receive;
        for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
            int error = nftset_error(header);
            if (error > 0)
                each(context, header);
            else if (error < 0 && error != -ENOENT && result == 0)
                result = error;
        }
    }
}

/* ---- dumps ---- */

static int dump_replies(struct mnl_socket *socket, struct nftset *nft, nftset_visit *visit,
                        void *context)
{
    bool interrupted = false;
    for (;;) {
        ssize_t size = mnl_socket_recvfrom(socket, nft->receive, sizeof(nft->receive));
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return size < 0 ? -errno : -EIO;
        int left = (int)size;
        const struct nlmsghdr *header = (const void *)nft->receive;
        for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
            int error = nftset_error(header);
            interrupted |= (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
            if (error < 0)
                return error;
            if (header->nlmsg_type == NLMSG_DONE)
                return interrupted ? -EINTR : 0;
            if (!visit(context, header))
                return -E2BIG;
        }
    }
}

/* On a socket of its own: a walk that is given up leaves nothing behind. */
int nftset_dump_all(struct nftset *nft, nftset_visit *visit, void *context)
{
    struct mnl_socket *socket;
    int result = nftset_socket(&socket);
    if (result < 0)
        return result;
    result = mnl_socket_sendto(socket, nft->buffer, nft->used) < 0
                 ? -errno
                 : dump_replies(socket, nft, visit, context);
    mnl_socket_close(socket);
    return result;
}
