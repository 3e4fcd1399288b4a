/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole messages over SOCK_SEQPACKET: the kernel keeps their edges, so a size says all.
 */
#include "source/channel.h"

#include "source/message.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int channel_pair(enum channel_directions directions, int *reader, int *writer)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ||
        (directions == CHANNEL_ONE_WAY &&
         (shutdown(ends[0], SHUT_WR) < 0 || shutdown(ends[1], SHUT_RD) < 0))) {
        int error = errno;

        close(ends[0]);
        close(ends[1]);
        return -error;
    }
    *reader = ends[0];
    *writer = ends[1];
    return 0;
}

int channel_send(int writer, const struct message *message)
{
    ssize_t sent;

    do
        sent = send(writer, message, sizeof(*message), MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == ENOBUFS || errno == ENOMEM))
        return -EAGAIN; /* the kernel's memory comes back */
    return sent < 0 ? -errno : 0;
}

/* What a received packet is, as channel_receive says it. */
static int packet_result(size_t size, int flags)
{
    if (size == 0)
        return 0;
    return size == sizeof(struct message) && !(flags & MSG_TRUNC) ? 1 : -EBADMSG;
}

unsigned channel_receive_waiting(int reader, struct message *out, unsigned most, int *stopped)
{
    struct iovec parts[CHANNEL_TOGETHER];
    struct mmsghdr headers[CHANNEL_TOGETHER];
    int received;

    most = most < CHANNEL_TOGETHER ? most : CHANNEL_TOGETHER;
    for (unsigned i = 0; i < most; i++) {
        parts[i] = (struct iovec){.iov_base = &out[i], .iov_len = sizeof(out[i])};
        headers[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    do
        received = recvmmsg(reader, headers, most, MSG_DONTWAIT, NULL);
    while (received < 0 && errno == EINTR);
    *stopped = received < 0 ? -errno : received == 0 ? 0 : 1;
    for (int i = 0; i < received; i++) {
        *stopped = packet_result(headers[i].msg_len, headers[i].msg_hdr.msg_flags);
        if (*stopped != 1)
            return (unsigned)i;
    }
    return received > 0 ? (unsigned)received : 0;
}

int channel_receive(int reader, struct message *out)
{
    struct iovec part = {.iov_base = out, .iov_len = sizeof(*out)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t received;

    do
        received = recvmsg(reader, &header, MSG_DONTWAIT);
    while (received < 0 && errno == EINTR);
    return received < 0 ? -errno : packet_result((size_t)received, header.msg_flags);
}
