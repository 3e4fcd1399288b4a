/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The channel's other direction: whole packets as well, so that a size says all.
 */
#include "source/request.h"

#include <errno.h>
#include <sys/socket.h>

int request_send(int reader, const struct source_request *request)
{
    ssize_t sent;

    do
        sent = send(reader, request, sizeof(*request), MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int request_receive(int writer, struct source_request *out)
{
    ssize_t received;

    do /* MSG_TRUNC: the packet's whole size */
        received = recv(writer, out, sizeof(*out), MSG_DONTWAIT | MSG_TRUNC);
    while (received < 0 && errno == EINTR);
    if (received <= 0)
        return received < 0 ? -errno : 0;
    return received == (ssize_t)sizeof(*out) ? 1 : -EBADMSG;
}
