/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link layer of a captured frame, down to the first byte of the network layer: Ethernet, Linux
 * cooked capture, raw IP, BSD loopback, each with stacked 802.1Q/802.1ad tags where they can stand.
 */
#ifndef WILDSET_SNIFFER_LINKLAYER_H
#define WILDSET_SNIFFER_LINKLAYER_H

#include "sniffer/reader.h"

#include <stdint.h>

enum {
    LINKLAYER_TAGS_MAX = 8, /* stacked; a frame with more is refused */
    ETHERTYPE_NONE = 0,
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_IPV6 = 0x86dd,
};

/*
 * Moves the reader to the network layer and returns its EtherType, or ETHERTYPE_NONE.  *vlan is the
 * outermost tag, or left alone.  Failure is the reader's.
 */
typedef uint16_t linklayer_function(struct reader *reader, int16_t *vlan);

/* NULL for a DLT_ that is not read. */
linklayer_function *linklayer_find(int link_type);

#endif
