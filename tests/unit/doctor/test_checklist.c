/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings as lines and as JSON; what a text holds cannot reach the terminal or forge advice.
 */
#include "doctor/checklist.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *written(bool json, bool colour)
{
    char path[] = "/tmp/wildset-checklist-XXXXXX";
    int fd = mkstemp(path);
    FILE *out = fd >= 0 ? fdopen(fd, "w+") : NULL;
    char *text = calloc(1, 4096);

    assert_non_null(out);
    assert_non_null(text);
    remove(path);
    struct checklist *list = checklist_new(out, json, colour);
    assert_non_null(list);
    checklist_add(list, "one", CHECK_OK, "%s is right", "it");
    checklist_add(list, "two", CHECK_FAILURE, "bad: %s", "\033[2J\nforged advice \xff");
    checklist_advise(list, "do %d things", 2);
    assert_int_equal(checklist_count(list, CHECK_OK), 1);
    assert_int_equal(checklist_count(list, CHECK_WARNING), 0);
    assert_int_equal(checklist_count(list, CHECK_FAILURE), 1);
    checklist_end(list);
    checklist_free(list);
    rewind(out);
    assert_true(fread(text, 1, 4095, out) > 0);
    fclose(out);
    return text;
}

static void test_lines(void **state)
{
    char *text = written(false, false);

    (void)state;
    assert_string_equal(text, "ok       it is right\n"
                              "failure  bad: \\027[2J\\010forged advice \\255\n"
                              "           do 2 things\n"
                              "\n1 ok, 0 warnings, 1 failure\n");
    free(text);
}

static void test_colour_is_only_the_states(void **state)
{
    char *text = written(false, true);

    (void)state;
    assert_non_null(strstr(text, "\033[1;31mfailure\033[0m  bad: \\027[2J"));
    free(text);
}

static void test_json(void **state)
{
    char *text = written(true, false);
    json_t *object = json_loads(text, 0, NULL);
    const json_t *checks = json_object_get(object, "checks");
    const json_t *first = json_array_get(checks, 0), *second = json_array_get(checks, 1);

    (void)state;
    assert_int_equal(json_array_size(checks), 2);
    assert_string_equal(json_string_value(json_object_get(first, "id")), "one");
    assert_string_equal(json_string_value(json_object_get(first, "state")), "ok");
    assert_null(json_object_get(first, "advice"));
    assert_string_equal(json_string_value(json_object_get(second, "state")), "failure");
    assert_string_equal(json_string_value(json_object_get(second, "advice")), "do 2 things");
    json_decref(object);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_colour_is_only_the_states),
        cmocka_unit_test(test_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
