/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One header, which Ethernet with a length field and 802.11 share.
 */
#include "sniffer/decode/llc.h"

#include "sniffer/decode/linklayer.h"

#include <string.h>

uint16_t llc_ethertype(struct reader *reader)
{
    const uint8_t *header = reader_take(reader, LLC_SNAP_SIZE);

    if (!header || (memcmp(header, "\xaa\xaa\x03\0\0\0", 6) != 0 &&
                    memcmp(header, "\xaa\xaa\x03\0\0\xf8", 6) != 0))
        return ETHERTYPE_NONE;
    return big_endian_16(header + 6);
}
