/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link layer of a captured frame, down to the first byte of the network layer: Ethernet, Linux
 * cooked capture, raw IP, BSD loopback, PPP, Cisco HDLC, 802.11, NFLOG, PPI; with stacked tags
 * where they can stand.  What stands between the two is here too: MPLS labels, PPPoE, NSH, and
 * the tags of switches that have more to say than a VLAN.
 */
#ifndef WILDSET_SNIFFER_DECODE_LINKLAYER_H
#define WILDSET_SNIFFER_DECODE_LINKLAYER_H

#include "base/bytes.h"

#include <stdint.h>

enum {
    LINKLAYER_TAGS_MAX = 8,    /* stacked; a frame with more is refused */
    LINKLAYER_LABELS_MAX = 16, /* of MPLS, the same */
    ETHERTYPE_NONE = 0,
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_BRIDGED = 0x6558, /* an Ethernet frame comes next: transparent bridging, RFC 1701 */
    ETHERTYPE_IPV6 = 0x86dd,
    ETHERTYPE_MPLS = 0x8847,
    ETHERTYPE_MPLS_UPSTREAM = 0x8848, /* label assigned upstream, RFC 5332 */
    ETHERTYPE_PPPOE = 0x8864,         /* session stage, RFC 2516 */
    ETHERTYPE_NSH = 0x894f,           /* RFC 8300 */
    ETHERTYPE_ITAG = 0x88e7,       /* backbone service instance, 802.1ah; its B-tag is 802.1ad's */
    ETHERTYPE_FABRICPATH = 0x8903, /* Cisco's, and DCE */
    ETHERTYPE_SGT = 0x8909,        /* Cisco's metadata: security group tags */
    ETHERTYPE_VNTAG = 0x8926,      /* Cisco's, before 802.1BR */
    ETHERTYPE_ETAG = 0x893f,       /* port extenders, 802.1BR */
    ETHERTYPE_LEAST = 0x0600,      /* what is below is a length, and LLC follows */
};

/* Which wrappings were seen; the tunnels' encapsulations have bits of their own, in front of these.
 */
enum linklayer_wrapping {
    WRAPPING_8021Q = 0x010000,
    WRAPPING_8021AD = 0x020000,
    WRAPPING_QINQ = 0x040000, /* 0x9100 and the like, before 802.1ad had a number */
    WRAPPING_MPLS = 0x080000,
    WRAPPING_PPPOE = 0x100000,
    WRAPPING_NSH = 0x200000,
    WRAPPING_ETAG = 0x400000,
    WRAPPING_VNTAG = 0x800000,
    WRAPPING_SGT = 0x1000000,
    WRAPPING_FABRICPATH = 0x2000000,
    WRAPPING_PBB = 0x4000000,
};

struct linklayer_notes {
    int16_t vlan; /* the outermost tag, or SIGHTING_NO_VLAN while there was none */
    uint32_t wrappings;
};

/*
 * Moves the reader to what the link layer carries and returns its EtherType, or ETHERTYPE_NONE.
 * Failure is the reader's.
 */
typedef uint16_t linklayer_function(struct reader *reader, struct linklayer_notes *notes);

/* NULL for a DLT_ that is not read. */
linklayer_function *linklayer_find(int link_type);

linklayer_function linklayer_ethernet;
linklayer_function linklayer_ieee80211;
linklayer_function linklayer_radiotap;
/* Behind the EtherTypes of these: */
linklayer_function linklayer_mpls;
linklayer_function linklayer_pppoe;
linklayer_function linklayer_nsh;
linklayer_function linklayer_etag;
linklayer_function linklayer_vntag;
linklayer_function linklayer_sgt;
linklayer_function linklayer_fabricpath;
linklayer_function linklayer_itag;
/* By the version that stands in front. */
linklayer_function linklayer_raw_ip;

#endif
