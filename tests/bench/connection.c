/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connect(2) without blocking, and a bounded wait.
 */
#include "connection.h"

#include "stall.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOST_AFTER_MS = 400 };

static enum connection_outcome wait_for(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    socklen_t size = sizeof(int);
    int error = 0;

    if (poll(&wait, 1, LOST_AFTER_MS) == 0)
        return CONNECTION_LOST;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0)
        return CONNECTION_MADE;
    fprintf(stderr, "connect: %s\n", strerror(error));
    return CONNECTION_FAILED;
}

enum connection_outcome connection_try(int fd, const struct sockaddr *to, socklen_t size)
{
    static const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    enum connection_outcome outcome = CONNECTION_MADE;

    if (connect(fd, to, size) != 0 && errno != EINPROGRESS) {
        perror("connect");
        outcome = CONNECTION_FAILED;
    }
    if (outcome == CONNECTION_MADE)
        outcome = wait_for(fd);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    return outcome;
}

enum connection_outcome datagram_try(int fd, const struct sockaddr *to, socklen_t size)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    enum connection_outcome outcome = CONNECTION_FAILED;

    if (connect(fd, to, size) != 0 || send(fd, "", 1, 0) != 1)
        perror("datagram");
    else if (poll(&wait, 1, LOST_AFTER_MS) == 0)
        outcome = CONNECTION_LOST;
    else if (recv(fd, (char[1]){0}, 1, 0) < 0 && errno == ECONNREFUSED)
        outcome = CONNECTION_MADE;
    close(fd);
    return outcome;
}

void connection_report(enum connection_outcome outcome, uint64_t start_ns)
{
    static const char *const names[] = {
        [CONNECTION_MADE] = "made", [CONNECTION_LOST] = "lost", [CONNECTION_FAILED] = "failed"};
    uint64_t now = monotonic_ns();
    /* Of a lost one only the time up to its SYN matters, not the wait for an answer. */
    uint64_t end = outcome == CONNECTION_LOST ? now - LOST_AFTER_MS * UINT64_C(1000000) : now;

    printf("%s %llu %d\n", names[outcome], (unsigned long long)(end - start_ns),
           stalled_between(start_ns, end + UINT64_C(1000000)));
}
