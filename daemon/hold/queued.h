/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel sends over a queue's socket (nfnetlink_queue(7), linux/netfilter/
 * nfnetlink_queue.h): a packet's number and the beginning of its IP header, of which the addresses
 * are all that matters; the rule that queued it has judged the rest.  Pure.
 */
#ifndef WILDSET_DAEMON_HOLD_QUEUED_H
#define WILDSET_DAEMON_HOLD_QUEUED_H

#include "base/bytes.h"
#include "dnsparse/names/address.h"

#include <stdint.h>

enum { QUEUED_COPY = 40 }; /* bytes of the packet: both addresses of either family */

enum queued_kind {
    QUEUED_END, /* of the datagram */
    QUEUED_PACKET,
    QUEUED_ERROR, /* or an acknowledgement: `error` */
    QUEUED_OTHER, /* not a message of ours; or a packet without a number, of which nobody can speak
                   */
};

struct queued {
    uint32_t id;
    struct address source, destination; /* ADDRESS_NONE: not read */
    int error;                          /* 0 or -errno */
};

/* The next message of a datagram. */
enum queued_kind queued_next(struct reader *datagram, struct queued *out);

#endif
