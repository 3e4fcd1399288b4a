/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and names as people write them, and what they write instead.
 */
#include "client/options.h"
#include "client/subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_subjects_that_are_read(void **state)
{
    static const struct {
        const char *text, *key, *value;
    } cases[] = {
        {"198.51.100.7", "address", "198.51.100.7"},
        {"2001:db8::7", "address", "2001:db8::7"},
        {"EU1.Dormammu.lookback.io.", "name", "eu1.dormammu.lookback.io"},
        {"m\xc3\xbcller.example", "name", "xn--mller-kva.example"},
        {"localhost", "name", "localhost"},
        {"198.51.100", "name", "198.51.100"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *problem = "";
        json_t *subject = subject_read(cases[i].text, &problem);

        assert_null(problem);
        assert_int_equal(json_object_size(subject), 1);
        const char *value = json_string_value(json_object_get(subject, cases[i].key));
        assert_non_null(value);
        assert_string_equal(value, cases[i].value);
        json_decref(subject);
    }
}

static void test_subjects_that_are_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"198.51.100.0/24", "prefix"},
        {"2001:db8::/32", "prefix"},
        {"*.dormammu.lookback.io", "pattern"},
        {"*", "pattern"},
        {"", "neither an address"},
        {"a..b", "neither an address"},
        {"a.*.b", "neither"},
        {"\xff.example", "neither"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *problem = NULL;

        if (subject_read(cases[i].text, &problem))
            fail_msg("\"%s\" was read", cases[i].text);
        assert_non_null(problem);
        if (!strstr(problem, cases[i].says))
            fail_msg("\"%s\": \"%s\"", cases[i].text, problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subjects_that_are_read),
        cmocka_unit_test(test_subjects_that_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
