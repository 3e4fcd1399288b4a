/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets in other network namespaces: a socket stays where it was made, so one thread can hold
 * both ends of a wire and read one clock.
 */
#ifndef WILDSET_BENCH_NETNS_H
#define WILDSET_BENCH_NETNS_H

#include <stdbool.h>
#include <stdint.h>

/* A socket made in the namespace named by `ip netns`; this thread comes back.  -errno on failure.
 */
int netns_socket(const char *netns, int domain, int type, int protocol);
/* An AF_PACKET socket for sending on that interface. */
int netns_packet_socket(const char *netns, const char *interface);
/* A UDP or TCP socket bound to an IPv4 address ("0.0.0.0" for any). */
int netns_bound_socket(const char *netns, int type, const char *address, uint16_t port);

#endif
