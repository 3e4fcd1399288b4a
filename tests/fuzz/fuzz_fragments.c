/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragments of a few datagrams.  Each has a head of five bytes: the datagram, whether another
 * follows, and the time since the one before; its offset in eights; its length, two bytes; then its
 * bytes.  A datagram that becomes whole is as long as its pieces and holds bytes that came; all
 * bounds hold.
 */
#include "require.h"
#include "sniffer/reassembly/fragments.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    HEAD_SIZE = 5,
    DATAGRAMS = 4,
    MORE = 0x80,
    LATER = 0x40, /* by a second, or else by twelve */
    MUCH_LATER = 0x20,
    BYTE_VALUES = 256,
};

struct seen {
    bool value[BYTE_VALUES];
    size_t bytes; /* of each datagram's pieces, at most */
};

static struct fragment fragment_of(const uint8_t *head, const uint8_t *bytes, size_t size)
{
    return (struct fragment){
        .source = {.family = ADDRESS_IPV4, .bytes = {192, 0, 2, 53}},
        .destination = {.family = ADDRESS_IPV4, .bytes = {192, 0, 2, 10}},
        .id = head[0] % DATAGRAMS,
        .protocol = 17,
        .more = head[0] & MORE,
        .offset = ((uint32_t)head[1] << 8 | head[2]) % 8192 * 8,
        .bytes = bytes,
        .size = size,
    };
}

static void note(struct seen *seen, const uint8_t *bytes, size_t size)
{
    seen->bytes += size;
    for (size_t i = 0; i < size; i++)
        seen->value[bytes[i]] = true;
}

static void check_whole(const struct seen *seen, const struct datagram *whole)
{
    REQUIRE(whole->size > 0 && whole->size <= FRAGMENTS_DATAGRAM_MAX);
    REQUIRE(whole->size <= seen->bytes);
    for (size_t i = 0; i < whole->size; i++)
        REQUIRE(seen->value[whole->bytes[i]]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fragments *fragments = fragments_new();
    struct seen seen = {0};
    struct datagram whole;
    uint64_t now_ns = UINT64_C(1) << 40;

    REQUIRE(fragments);
    for (size_t at = 0; size - at >= HEAD_SIZE;) {
        const uint8_t *head = data + at;
        size_t left = size - at - HEAD_SIZE, length = (size_t)head[3] << 8 | head[4];

        length = length < left ? length : left;
        now_ns += head[0] & LATER ? UINT64_C(1000000000) : 0;
        now_ns += head[0] & MUCH_LATER ? UINT64_C(12000000000) : 0;
        struct fragment fragment = fragment_of(head, head + HEAD_SIZE, length);
        note(&seen, fragment.bytes, length);
        if (fragments_add(fragments, &fragment, now_ns, &whole) == FRAGMENTS_WHOLE)
            check_whole(&seen, &whole);
        REQUIRE(fragments_bytes(fragments) <= FRAGMENTS_BYTES_MAX);
        at += HEAD_SIZE + length;
    }
    fragments_expire(fragments, UINT64_MAX);
    REQUIRE(fragments_bytes(fragments) == 0);
    fragments_free(fragments);
    return 0;
}
