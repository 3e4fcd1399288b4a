/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One socket a probe, connected, so that only its peer's packets and ICMP errors come in; one poll
 * for all.  A request over UDP is sent again as RFC 8489, section 6.2.1 says.
 */
#include "doctor/host/probe.h"

#include "base/deadline.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h> /* after time.h, whose timespec it needs */

enum { DATAGRAM_MAX = 2048 };
#define STUN_FIRST_WAIT_NS UINT64_C(500000000)

/* ---- addresses ---- */

static socklen_t address_put(const struct probe *probe, struct sockaddr_storage *out)
{
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;

    *out = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
    if (probe->address.family == ADDRESS_IPV4) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(probe->port);
        memcpy(&v4->sin_addr, probe->address.bytes, 4);
        return sizeof(*v4);
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(probe->port);
    memcpy(&v6->sin6_addr, probe->address.bytes, 16);
    return sizeof(*v6);
}

struct address address_from_sockaddr(const struct sockaddr *from)
{
    uint8_t bytes[16];

    if (from->sa_family == AF_INET) {
        memcpy(bytes, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
        return address_from_ipv4(bytes);
    }
    if (from->sa_family == AF_INET6) {
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
        return address_from_ipv6(bytes);
    }
    return (struct address){.family = ADDRESS_NONE};
}

/* ---- what was found ---- */

static void probe_conclude(struct probe *probe, enum probe_state state, int error)
{
    probe->state = state;
    probe->error = error;
    probe->took_us = (deadline_now_ns() - probe->sent_ns) / 1000;
    if (state == PROBE_OPEN)
        return;
    close(probe->fd);
    probe->fd = -1;
}

/* Who sent the ICMP error, from the socket's queue of them. */
static void sender_read(struct probe *probe)
{
    char control[512];
    uint8_t packet[DATAGRAM_MAX];
    struct iovec vector = {.iov_base = packet, .iov_len = sizeof(packet)};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};

    if (recvmsg(probe->fd, &message, MSG_ERRQUEUE) < 0)
        return;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
        const struct sock_extended_err *error = (const void *)CMSG_DATA(item);

        if (item->cmsg_len < CMSG_LEN(sizeof(*error) + sizeof(struct sockaddr_in)))
            continue;
        if ((item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_RECVERR) ||
            (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_RECVERR))
            probe->sender = address_from_sockaddr(SO_EE_OFFENDER(error));
    }
}

static void probe_fail(struct probe *probe, int error)
{
    sender_read(probe);
    probe_conclude(probe, error == ECONNREFUSED ? PROBE_REFUSED : PROBE_TURNED_AWAY, error);
}

/* ---- beginning ---- */

static void request_send(struct probe *probe)
{
    uint8_t request[STUN_REQUEST_SIZE];

    stun_request(&probe->id, request);
    probe->again_ns = deadline_now_ns() + probe->wait_ns;
    probe->wait_ns *= 2;
    if (send(probe->fd, request, sizeof(request), 0) >= 0 || errno == EAGAIN || errno == ENOBUFS)
        return;
    /* What is pending on the socket is told by the next call, whatever it is. */
    if (errno == ECONNREFUSED || errno == EHOSTUNREACH)
        probe_fail(probe, errno);
    else
        probe_conclude(probe, PROBE_NOT_SENT, errno);
}

static int probe_begin(struct probe *probe)
{
    const int yes = 1;
    int type = probe->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
    struct sockaddr_storage peer;
    socklen_t size = address_put(probe, &peer);

    if (getrandom(probe->id.bytes, sizeof(probe->id.bytes), 0) != sizeof(probe->id.bytes))
        return -EIO;
    probe->state = PROBE_WAITING;
    probe->sender = (struct address){.family = ADDRESS_NONE};
    probe->sent_ns = deadline_now_ns();
    probe->wait_ns = STUN_FIRST_WAIT_NS;
    probe->fd = socket(peer.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, probe->protocol);
    if (probe->fd < 0)
        return -errno;
    /* So that every ICMP error is told at once, and who sent it. */
    setsockopt(probe->fd, probe->address.family == ADDRESS_IPV4 ? IPPROTO_IP : IPPROTO_IPV6,
               probe->address.family == ADDRESS_IPV4 ? IP_RECVERR : IPV6_RECVERR, &yes,
               sizeof(yes));
    if (connect(probe->fd, (const struct sockaddr *)&peer, size) < 0 && errno != EINPROGRESS) {
        if (errno == ECONNREFUSED)
            probe_fail(probe, errno);
        else
            probe_conclude(probe, PROBE_NOT_SENT, errno);
        return 0;
    }
    if (probe->protocol == IPPROTO_UDP)
        request_send(probe);
    return 0;
}

/* ---- going on ---- */

static void datagram_read(struct probe *probe)
{
    uint8_t bytes[DATAGRAM_MAX];
    ssize_t size = recv(probe->fd, bytes, sizeof(bytes), 0);

    if (size < 0) {
        if (errno != EAGAIN && errno != EINTR)
            probe_fail(probe, errno);
        return;
    }
    probe->stun = stun_read(&probe->id, bytes, (size_t)size);
    probe_conclude(probe, probe->stun.kind == STUN_NONE ? PROBE_STRANGE : PROBE_ANSWERED, 0);
}

static void connection_look(struct probe *probe)
{
    socklen_t size = sizeof(int);
    int error = 0;

    if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    if (error)
        probe_fail(probe, error);
    else
        probe_conclude(probe, PROBE_OPEN, 0);
}

/* Fills `polls`, -1 for those that are done; how many wait, and the time of what is due next. */
static size_t polls_fill(const struct probe *probes, size_t count, struct pollfd *polls,
                         uint64_t *next_ns)
{
    size_t waiting = 0;

    for (size_t i = 0; i < count; i++) {
        const struct probe *probe = &probes[i];
        bool waits = probe->state == PROBE_WAITING;

        polls[i] = (struct pollfd){.fd = waits ? probe->fd : -1,
                                   .events = probe->protocol == IPPROTO_UDP ? POLLIN : POLLOUT};
        waiting += waits;
        if (waits && probe->protocol == IPPROTO_UDP && probe->again_ns < *next_ns)
            *next_ns = probe->again_ns;
    }
    return waiting;
}

static void probes_wait(struct probe *probes, size_t count, struct pollfd *polls,
                        uint64_t deadline_ns)
{
    uint64_t next_ns = deadline_ns;

    while (deadline_now_ns() < deadline_ns && polls_fill(probes, count, polls, &next_ns) > 0) {
        if (poll(polls, count, deadline_left_ms(next_ns)) < 0 && errno != EINTR)
            return;
        uint64_t now_ns = deadline_now_ns();
        for (size_t i = 0; i < count; i++) {
            struct probe *probe = &probes[i];
            bool udp = probe->protocol == IPPROTO_UDP;

            if (polls[i].fd >= 0 && polls[i].revents && udp)
                datagram_read(probe);
            else if (polls[i].fd >= 0 && polls[i].revents)
                connection_look(probe);
            if (probe->state == PROBE_WAITING && udp && probe->again_ns <= now_ns)
                request_send(probe);
        }
        next_ns = deadline_ns;
    }
}

int probes_run(struct probe *probes, size_t count, unsigned timeout_ms)
{
    struct pollfd *polls = calloc(count + 1, sizeof(*polls));
    int error = polls ? 0 : -ENOMEM;

    for (size_t i = 0; i < count; i++) {
        int begun = error < 0 ? error : probe_begin(&probes[i]);

        if (begun < 0) {
            probes[i].state = PROBE_NOT_SENT;
            probes[i].error = -begun;
            probes[i].fd = -1;
        }
    }
    if (polls)
        probes_wait(probes, count, polls, deadline_in_ms(timeout_ms));
    for (size_t i = 0; i < count; i++) {
        if (probes[i].state == PROBE_WAITING)
            probe_conclude(&probes[i], PROBE_SILENT, 0);
    }
    free(polls);
    return error;
}
