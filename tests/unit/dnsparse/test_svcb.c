/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SVCB rdata: parameters in order, lists that are whole, and nothing read behind the end. */
#include "dnsparse/answers/svcb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool read_alone(const void *rdata, size_t size, struct svcb *out)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    bool ok;

    assert_non_null(copy);
    memcpy(copy, rdata, size);
    ok = svcb_read(copy, size, out);
    free(copy);
    return ok;
}

static const uint8_t full[] = {
    0,    1,                                                    /* SvcPriority */
    3,    's', 'V',  'c',  0,                                   /* TargetName */
    0,    0,   0,    4,    0,    1,    0,   4,                  /* mandatory: alpn, ipv4hint */
    0,    1,   0,    3,    2,    'h',  '2',                     /* alpn */
    0,    3,   0,    2,    1,    0xbb,                          /* port */
    0,    4,   0,    8,    198,  51,   100, 7, 198, 51, 100, 8, /* ipv4hint */
    0,    6,   0,    16,                                        /* ipv6hint */
    0x20, 1,   0x0d, 0xb8, 0,    0,    0,   0, 0,   0,  0,   0,
    0,    0,   0,    9,    0xff, 0xff, 0,   0, /* the greatest key, empty */
};

static void test_all_that_counts_is_read(void **state)
{
    struct svcb svcb;

    (void)state;
    assert_true(svcb_read(full, sizeof full, &svcb));
    assert_int_equal(svcb.priority, 1);
    assert_memory_equal(svcb.target.wire, "\3svc", 5);
    assert_int_equal(svcb.ipv4_count, 2);
    assert_memory_equal(svcb.ipv4 + 4, "\306\63\144\10", 4);
    assert_int_equal(svcb.ipv6_count, 1);
    assert_int_equal(svcb.ipv6[15], 9);
}

/* Between two parameters a cut makes a shorter record that is good as such; elsewhere never. */
static void test_cut_within_a_field_fails(void **state)
{
    static const size_t whole[] = {22, 28, 40, 60, 64};
    struct svcb svcb = {.priority = 77};
    size_t next = 0;

    (void)state;
    for (size_t size = 0; size <= sizeof full; size++) {
        bool ok = read_alone(full, size, &svcb);
        bool wanted = next < 5 && size == whole[next];

        if (wanted)
            next++;
        /* Until ipv4hint is there, a mandatory key is missing; with the target alone none is. */
        assert_int_equal(ok, size == 7 || (wanted && size >= 40));
        if (!ok && size < 7)
            assert_int_equal(svcb.priority, 77);
    }
    assert_int_equal(next, 5);
}

struct rdata {
    const char *bytes;
    size_t size;
};
#define RDATA(text)                                                                                \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static void test_bad_parameters_fail(void **state)
{
    static const struct rdata cases[] = {
        RDATA("\0\1\0"
              "\0\4\0\0"), /* no hint in the list */
        RDATA("\0\1\0"
              "\0\4\0\3\1\2\3"), /* a hint that is cut */
        RDATA("\0\1\0"
              "\0\4\0\5\1\2\3\4\5"), /* one and a bit */
        RDATA("\0\1\0"
              "\0\6\0\0"), /* the same for IPv6 */
        RDATA("\0\1\0"
              "\0\6\0\4\1\2\3\4"), /* IPv4 for IPv6 */
        RDATA("\0\1\0"
              "\0\4\0\4\1\2\3\4"
              "\0\4\0\4\1\2\3\4"), /* a key twice */
        RDATA("\0\1\0"
              "\0\4\0\4\1\2\3\4"
              "\0\3\0\2\1\2"), /* keys out of order */
        RDATA("\0\1\0"
              "\0\4\0\5\1\2\3\4"), /* longer than the rdata */
        RDATA("\0\1\0"
              "\0\4\377\377\1\2\3\4"), /* much longer */
        RDATA("\0\1\0"
              "\0\0\0\0"), /* mandatory: nothing */
        RDATA("\0\1\0"
              "\0\0\0\1\0"), /* half a key */
        RDATA("\0\1\0"
              "\0\0\0\2\0\0"), /* itself */
        RDATA("\0\1\0"
              "\0\0\0\2\0\3"), /* a key that is not there */
        RDATA("\0\1\0"
              "\0\0\0\4\0\4\0\3"
              "\0\3\0\2\1\2"
              "\0\4\0\4\1\2\3\4"), /* out of order */
        RDATA("\0\1\0"
              "\0\0\0\4\0\3\0\3"
              "\0\3\0\2\1\2"), /* twice */
        RDATA("\0\1\0"
              "\0\0\0\3\0\3\0"
              "\0\3\0\2\1\2"), /* one and a half keys */
        RDATA("\0\1\300\14"
              "\0\4\0\4\1\2\3\4"), /* a compressed target */
        RDATA("\0\1\0"
              "\0"), /* half a key at the end */
        RDATA("\0"), /* half a priority */
        RDATA(""),
    };
    struct svcb svcb = {.priority = 77};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(read_alone(cases[i].bytes, cases[i].size, &svcb));
        assert_int_equal(svcb.priority, 77);
    }
}

static void test_good_mandatory_lists_pass(void **state)
{
    static const struct rdata cases[] = {
        RDATA("\0\1\0"
              "\0\0\0\2\0\3"
              "\0\3\0\2\1\2"),
        RDATA("\0\1\0"
              "\0\0\0\4\0\3\0\4"
              "\0\1\0\3\2h2"
              "\0\3\0\2\1\2"
              "\0\4\0\4\1\2\3\4"),
        RDATA("\0\1\0"
              "\0\0\0\2\377\376"
              "\0\3\0\2\1\2"
              "\377\376\0\0"),
    };
    struct svcb svcb;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(read_alone(cases[i].bytes, cases[i].size, &svcb));
}

static void test_alias_mode_has_no_parameters(void **state)
{
    struct svcb svcb;

    (void)state;
    assert_true(read_alone("\0\0\1a\0\0\4\0\4\1\2\3\4", 13, &svcb));
    assert_int_equal(svcb.priority, 0);
    assert_int_equal(svcb.ipv4_count, 0);
    assert_int_equal(svcb.target.length, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_that_counts_is_read),
        cmocka_unit_test(test_cut_within_a_field_fails),
        cmocka_unit_test(test_bad_parameters_fail),
        cmocka_unit_test(test_good_mandatory_lists_pass),
        cmocka_unit_test(test_alias_mode_has_no_parameters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
