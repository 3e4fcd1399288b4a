/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel counts what its filter passes, taken up or not; what is in the queue tells the kinds
 * apart.
 */
#include "sniffer/live/encrypted.h"

#include "base/bytes.h"
#include "sniffer/filter/encryptedfilter.h"
#include "source/fds.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    QUEUE_BYTES = 128 * 1024, /* as the kernel counts them: some hundred packets */
    TAKEN_MAX = 1024,         /* at once; the queue holds less */
    HEAD_SIZE = 64,           /* of a packet: to its ports */
    PORT_TLS = 853,
    IPV6_HEADER_SIZE = 40,
    TAG_SIZE = 4,
};

static int encrypted_attach(int fd)
{
    struct filtercode *code = filtercode_new();
    struct filter_program *program = malloc(sizeof(*program));
    int result = -ENOMEM;

    if (code && program && encryptedfilter_build(code, program)) {
        struct sock_fprog kernel = {(unsigned short)program->count,
                                    (struct sock_filter *)program->instructions};
        result =
            setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &kernel, sizeof(kernel)) < 0 ? -errno : 0;
    }
    free(program);
    filtercode_free(code);
    return result;
}

/* To where the sandbox lets it be read.  The descriptor that there is no room for is closed. */
static int move_to_its_place(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, SNIFFER_ENCRYPTED_FD);
    int result = moved < 0 ? -errno : moved;

    close(fd);
    if (moved >= SNIFFER_ENCRYPTED_FD + SNIFFER_ENCRYPTED_FDS) {
        close(moved);
        return -EMFILE;
    }
    return result == -EINVAL ? -EMFILE : result; /* RLIMIT_NOFILE is below */
}

/* Protocol 0: nothing comes before the filter is there. */
int encrypted_open(const char *interface, struct encrypted *out)
{
    const int size = QUEUE_BYTES / 2; /* the kernel doubles it */
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), result;

    *out = (struct encrypted){.fd = -1};
    if (fd < 0)
        return -errno;
    fd = move_to_its_place(fd);
    if (fd < 0)
        return fd;
    result = encrypted_attach(fd);
    if (result == 0 && strcmp(interface, "any") != 0) {
        address.sll_ifindex = (int)if_nametoindex(interface);
        if (address.sll_ifindex == 0)
            result = -ENODEV;
    }
    if (result == 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0 ||
                        bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0))
        result = -errno;
    if (result < 0) {
        close(fd);
        return result;
    }
    out->fd = fd;
    return 0;
}

void encrypted_close(struct encrypted *encrypted)
{
    if (encrypted->fd >= 0)
        close(encrypted->fd);
    encrypted->fd = -1;
}

/* The filter has seen to everything but this. */
static enum encrypted_kind kind_of(const uint8_t *head, size_t size, uint16_t ethertype)
{
    size_t at = ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD ? TAG_SIZE : 0;

    if (at < size)
        at += head[at] >> 4 == 4 ? (size_t)(head[at] & 15) * 4 : IPV6_HEADER_SIZE;
    return at + 4 <= size && big_endian_16(head + at + 2) == PORT_TLS ? ENCRYPTED_DNS
                                                                      : ENCRYPTED_DNS_HTTPS;
}

/* The kernel's count starts anew at each reading. */
void encrypted_read(struct encrypted *encrypted)
{
    uint64_t taken[ENCRYPTED_KINDS] = {0}, all = 0;
    struct tpacket_stats statistics;
    uint8_t head[HEAD_SIZE];
    socklen_t size = sizeof(statistics);

    if (encrypted->fd < 0)
        return;
    for (; all < TAKEN_MAX; all++) {
        struct sockaddr_ll from = {0};
        socklen_t from_size = sizeof(from);
        ssize_t got = recvfrom(encrypted->fd, head, sizeof(head), MSG_DONTWAIT,
                               (struct sockaddr *)&from, &from_size);

        if (got < 0)
            break;
        taken[kind_of(head, (size_t)got, ntohs(from.sll_protocol))]++;
    }
    if (getsockopt(encrypted->fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) < 0)
        statistics.tp_drops = 0;
    for (unsigned kind = 0; kind < ENCRYPTED_KINDS; kind++)
        encrypted->count[kind] += taken[kind] + (all ? statistics.tp_drops * taken[kind] / all : 0);
}
