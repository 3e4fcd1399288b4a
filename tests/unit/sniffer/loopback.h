/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A child process in a network namespace of its own, its loopback up.  It is not cmocka's: what is
 * not as expected ends it, and whoever waits for it sees the status.
 */
#ifndef WILDSET_TESTS_UNIT_SNIFFER_LOOPBACK_H
#define WILDSET_TESTS_UNIT_SNIFFER_LOOPBACK_H

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void expect(bool condition, int line)
{
    if (condition)
        return;
    fprintf(stderr, "not as expected: line %d\n", line);
    _exit(1);
}

static inline bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool well = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return well;
}

static inline bool bring_up_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    bool well = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;

    if (fd >= 0)
        close(fd);
    return well;
}

/* False where there are none to be had. */
static inline bool enter_namespace(void)
{
    unsigned uid = geteuid();
    char map[64];

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return false;
    snprintf(map, sizeof(map), "0 %u 1", uid);
    return write_file("/proc/self/uid_map", map) && bring_up_loopback();
}

#endif
