/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of the control socket: whatever is accepted is whole.
 */
#include "daemon/control/request.h"

#include "tests/fuzz/require.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct request request = {.command = REQUEST_COUNT};
    char error[REQUEST_ERROR_MAX] = "";

    if (!request_read((const char *)bytes, size, &request, error)) {
        REQUIRE(request.command == REQUEST_COUNT);
        REQUIRE(error[0] != '\0' && memchr(error, '\0', sizeof(error)));
        return 0;
    }
    REQUIRE(size <= REQUEST_MAX);
    REQUIRE(request.command < REQUEST_COUNT);
    REQUIRE(memchr(request.whitelist, '\0', sizeof(request.whitelist)) != NULL);
    REQUIRE(address_is_canonical(&request.address) || request.address.family == ADDRESS_NONE);
    REQUIRE(request.name.length == 0 || dname_is_canonical(&request.name));
    if (request.command == REQUEST_FORGET || request.command == REQUEST_EXPLAIN)
        REQUIRE((request.address.family != ADDRESS_NONE) != (request.name.length != 0));
    return 0;
}
