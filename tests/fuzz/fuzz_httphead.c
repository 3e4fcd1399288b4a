/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Heads of HTTP responses: what is whole is printable, and stays what it is when more comes.
 */
#include "doctor/host/websocket.h"

#include "tests/fuzz/require.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require_printable(const char *text)
{
    REQUIRE(memchr(text, '\0', HTTP_TEXT_MAX) != NULL);
    for (; *text; text++)
        REQUIRE(*text >= ' ' && *text <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct websocket_key key = {"dGhlIHNhbXBsZSBub25jZQ=="};
    const char *text = (const char *)bytes;
    struct http_head head, shorter;
    enum http_outcome outcome = http_head_read(text, size, &head);

    if (outcome != HTTP_WHOLE)
        return 0;
    REQUIRE(head.status >= 100 && head.status <= 599);
    require_printable(head.accept);
    require_printable(head.server);
    require_printable(head.via);
    if (websocket_judge(&head, &key) == WEBSOCKET_OPEN)
        REQUIRE(head.status == 101 && head.upgrade && head.connection_upgrade);
    /* A beginning of it is unfinished, or already whole and the same: never something else. */
    outcome = http_head_read(text, size / 2, &shorter);
    REQUIRE(outcome != HTTP_NONE);
    if (outcome == HTTP_WHOLE)
        REQUIRE(shorter.status == head.status && shorter.upgrade == head.upgrade);
    return 0;
}
