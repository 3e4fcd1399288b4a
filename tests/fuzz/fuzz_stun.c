/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers to a STUN request: the first bytes are the id that was sent, the rest is what came.
 */
#include "doctor/host/stun.h"

#include "tests/fuzz/require.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct stun_id id;

    if (size < sizeof(id))
        return 0;
    memcpy(&id, bytes, sizeof(id));
    struct stun_reply reply = stun_read(&id, bytes + sizeof(id), size - sizeof(id));
    REQUIRE(reply.mapped.family == ADDRESS_NONE || address_is_canonical(&reply.mapped));
    REQUIRE(reply.error == 0 || (reply.error >= 300 && reply.error <= 699));
    if (reply.kind == STUN_NONE) {
        REQUIRE(reply.mapped.family == ADDRESS_NONE && reply.error == 0);
        return 0;
    }
    /* Whatever else: it is an answer to this request. */
    REQUIRE(size >= sizeof(id) + 20);
    REQUIRE(memcmp(bytes + sizeof(id) + 8, id.bytes, sizeof(id)) == 0);
    return 0;
}
