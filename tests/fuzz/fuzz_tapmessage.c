/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dnstap frame: what is taken of it lies in it, and is what a sighting may hold. */
#include "dnstap/tapmessage.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_address(const struct address *address)
{
    REQUIRE(address->family == ADDRESS_NONE || address_is_canonical(address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tap_message message;

    if (tapmessage_read(data, size, &message) != TAP_RESPONSE)
        return 0;
    REQUIRE(message.dns >= data && message.dns_size <= size &&
            message.dns + message.dns_size <= data + size);
    REQUIRE(message.dns_size >= 12 && message.dns_size <= UINT16_MAX);
    REQUIRE(message.transport < TRANSPORT_COUNT);
    require_address(&message.client);
    require_address(&message.resolver);
    return 0;
}
