/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The past of a stream, against the stream itself: every copy agrees, and each byte that differs is
 * found as long as it is kept.
 */
#include "sniffer/reassembly/seen_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 3 * SEEN_BYTES_MAX };

static uint8_t stream[SIZE];

static int make_stream(void **state)
{
    (void)state;
    srand(3);
    for (size_t i = 0; i < SIZE; i++)
        stream[i] = (uint8_t)rand();
    return 0;
}

/* A copy of size bytes from `from` on, all of it at `start` in sequence numbers. */
static void check(const struct seen_bytes *seen, uint32_t start, uint32_t next, uint32_t from,
                  uint32_t size)
{
    static uint8_t copy[SIZE];
    uint32_t changed = from + (uint32_t)rand() % size;
    bool kept = changed < next && next - changed <= seen->size;

    memcpy(copy, stream + from, size);
    assert_true(seen_bytes_agrees(seen, start + next, start + from, copy, size));
    copy[changed - from] ^= 0x80;
    assert_int_equal(seen_bytes_agrees(seen, start + next, start + from, copy, size), !kept);
}

/* The sequence numbers wrap on the way. */
static void test_every_byte_kept_is_compared(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 300; turn++) {
        uint32_t start = UINT32_MAX - (uint32_t)rand() % SIZE, next = 0;
        struct seen_bytes seen = {0};

        while (next < SIZE) {
            uint32_t size = 1 + (uint32_t)rand() % (turn % 2 ? 50 : 6000);

            size = size < SIZE - next ? size : SIZE - next;
            seen_bytes_append(&seen, start + next, stream + next, size);
            next += size;
            assert_int_equal(seen.size, next < SEEN_BYTES_MAX ? next : SEEN_BYTES_MAX);
            assert_true(seen.capacity <= SEEN_BYTES_MAX);
            for (unsigned i = 0; i < 3; i++) {
                uint32_t from = (uint32_t)rand() % next;
                check(&seen, start, next, from, 1 + (uint32_t)rand() % (SIZE - from));
            }
        }
        seen_bytes_clear(&seen);
        assert_null(seen.bytes);
    }
}

static void test_without_a_past_everything_agrees(void **state)
{
    struct seen_bytes seen = {0};

    (void)state;
    assert_true(seen_bytes_agrees(&seen, 1000, 900, stream, 200));
    seen_bytes_append(&seen, 1000, stream, 0);
    assert_null(seen.bytes);
    seen_bytes_append(&seen, 1000, stream, 10);
    assert_true(seen_bytes_agrees(&seen, 1010, 1010, stream + 50, 200)); /* all of it is new */
    seen_bytes_clear(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte_kept_is_compared),
        cmocka_unit_test(test_without_a_past_everything_agrees),
    };
    return cmocka_run_group_tests(tests, make_stream, NULL);
}
