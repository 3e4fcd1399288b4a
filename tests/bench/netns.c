/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setns(2) there, socket(2), and back.
 */
#include "netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int enter(const char *netns, int *home)
{
    char path[128];
    int there, r;

    snprintf(path, sizeof path, "/run/netns/%s", netns);
    *home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    there = open(path, O_RDONLY | O_CLOEXEC);
    r = *home < 0 || there < 0 || setns(there, CLONE_NEWNET) != 0 ? -errno : 0;
    if (there >= 0)
        close(there);
    return r;
}

static void leave(int home)
{
    if (setns(home, CLONE_NEWNET) != 0)
        _exit(1); /* going on in the wrong namespace would measure something else */
    close(home);
}

int netns_socket(const char *netns, int domain, int type, int protocol)
{
    int home, r = enter(netns, &home), fd;

    if (r < 0)
        return r;
    fd = socket(domain, type, protocol);
    r = fd < 0 ? -errno : fd;
    leave(home);
    return r;
}

int netns_packet_socket(const char *netns, const char *interface)
{
    struct sockaddr_ll where = {.sll_family = AF_PACKET};
    int home, r = enter(netns, &home), fd;

    if (r < 0)
        return r;
    where.sll_ifindex = (int)if_nametoindex(interface);
    fd = socket(AF_PACKET, SOCK_RAW, 0); /* protocol 0: it receives nothing */
    r = fd < 0 || bind(fd, (struct sockaddr *)&where, sizeof where) != 0 ? -errno : fd;
    leave(home);
    return r;
}

int netns_bound_socket(const char *netns, int type, const char *address, uint16_t port)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = netns_socket(netns, AF_INET, type, 0), one = 1;

    if (fd < 0)
        return fd;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    inet_pton(AF_INET, address, &where.sin_addr);
    return bind(fd, (struct sockaddr *)&where, sizeof where) == 0 ? fd : -errno;
}
