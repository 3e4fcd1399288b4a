/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash against the vectors of its reference implementation: key 00..0f, input 00 01 02 ...
 */
#include "base/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct siphash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

static void test_64_bits_equal_the_reference(void **state)
{
    uint8_t input[16];

    (void)state;
    for (unsigned i = 0; i < sizeof(input); i++)
        input[i] = (uint8_t)i;
    assert_int_equal(siphash(&key, input, 0), UINT64_C(0x726fdb47dd0e0e31));
    assert_int_equal(siphash(&key, input, 1), UINT64_C(0x74f839c593dc67fd));
    assert_int_equal(siphash(&key, input, 8), UINT64_C(0x93f5f5799a932462));
    assert_int_equal(siphash(&key, input, 15), UINT64_C(0xa129ca6149be45e5));
}

static void test_128_bits_equal_the_reference(void **state)
{
    const uint64_t empty[2] = {UINT64_C(0xe6a825ba047f81a3), UINT64_C(0x930255c71472f66d)};
    uint64_t out[2];

    (void)state;
    siphash128(&key, "", 0, out);
    assert_memory_equal(out, empty, sizeof(out));
}

static void test_keys_differ(void **state)
{
    struct siphash_key a, b;

    (void)state;
    assert_int_equal(siphash_key_random(&a), 0);
    assert_int_equal(siphash_key_random(&b), 0);
    assert_memory_not_equal(&a, &b, sizeof(a));
    assert_int_not_equal(siphash(&a, "x", 1), siphash(&b, "x", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_64_bits_equal_the_reference),
        cmocka_unit_test(test_128_bits_equal_the_reference),
        cmocka_unit_test(test_keys_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
