/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether an interface merges the UDP datagrams of a flow that come together (UDP GRO): a packet
 * socket is then given one frame, of which the first message alone tells little.  Off by default;
 * "rx-udp-gro-forwarding" and "rx-gro-list" of ethtool(8) switch it on.
 */
#ifndef WILDSET_SNIFFER_LIVE_MERGING_H
#define WILDSET_SNIFFER_LIVE_MERGING_H

#include <stdbool.h>

/* As it is now; "any": on one interface of all.  What cannot be found out is off.  `fd` is any
 * socket. */
bool merging_is_on(int fd, const char *interface);

#endif
