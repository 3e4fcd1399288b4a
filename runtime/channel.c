/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole messages over SOCK_SEQPACKET: the kernel keeps their edges, so a size says all.
 */
#include "runtime/channel.h"

#include "runtime/sighting.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int channel_pair(int *reader, int *writer)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 || shutdown(ends[0], SHUT_WR) < 0 ||
        shutdown(ends[1], SHUT_RD) < 0) {
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
    return sent < 0 ? -errno : 0;
}

int channel_receive(int reader, struct message *out)
{
    struct iovec part = {.iov_base = out, .iov_len = sizeof(*out)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t received;

    do
        received = recvmsg(reader, &header, MSG_DONTWAIT);
    while (received < 0 && errno == EINTR);
    if (received < 0)
        return -errno;
    if (received == 0)
        return 0;
    return received == (ssize_t)sizeof(*out) && !(header.msg_flags & MSG_TRUNC) ? 1 : -EBADMSG;
}
