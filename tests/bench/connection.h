/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection whose first packet either passes the firewall or is lost: a SYN that is dropped is
 * sent again after a second, so what has not connected long before that has lost it.  A datagram to
 * a closed port is refused when it arrives.
 */
#ifndef WILDSET_BENCH_CONNECTION_H
#define WILDSET_BENCH_CONNECTION_H

#include <stdint.h>
#include <sys/socket.h>

enum connection_outcome {
    CONNECTION_MADE,
    CONNECTION_LOST,   /* no answer to the first packet within 400 ms: longer than one may wait */
    CONNECTION_FAILED, /* refused, unreachable: the bench is set up wrongly */
};

/* `fd` is a non-blocking TCP socket; closed (by reset, so that no port is kept busy) on return. */
enum connection_outcome connection_try(int fd, const struct sockaddr *to, socklen_t size);

/* The same with a datagram. */
enum connection_outcome datagram_try(int fd, const struct sockaddr *to, socklen_t size);

/* One line: outcome, nanoseconds since `start_ns`, whether the machine stalled since. */
void connection_report(enum connection_outcome outcome, uint64_t start_ns);

#endif
