/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An LLC header with SNAP (RFC 1042, and the bridge tunnel encapsulation of 802.1H).
 */
#ifndef WILDSET_SNIFFER_DECODE_LLC_H
#define WILDSET_SNIFFER_DECODE_LLC_H

#include "base/bytes.h"

#include <stdint.h>

enum { LLC_SNAP_SIZE = 8 };

/* The EtherType in it; ETHERTYPE_NONE for other LLC headers. */
uint16_t llc_ethertype(struct reader *reader);

#endif
