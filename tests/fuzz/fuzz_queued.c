/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A datagram of the kernel's packet queue: any number of messages.
 */
#include "daemon/hold/queued.h"

#include "tests/fuzz/require.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct reader datagram = reader_of(bytes, size, size);
    size_t left = size;
    enum queued_kind kind;
    struct queued queued;

    while ((kind = queued_next(&datagram, &queued)) != QUEUED_END) {
        /* It comes to an end, since each message takes its head at least. */
        REQUIRE(datagram.captured + 16 <= left);
        left = datagram.captured;
        REQUIRE(kind == QUEUED_ERROR || queued.error == 0);
        if (kind != QUEUED_PACKET)
            continue;
        /* Both addresses, of one family, or none. */
        REQUIRE(queued.source.family == queued.destination.family);
        REQUIRE(
            queued.source.family == ADDRESS_NONE ||
            (address_is_canonical(&queued.source) && address_is_canonical(&queued.destination)));
    }
    return 0;
}
