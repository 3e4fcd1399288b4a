/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of the control socket: what is read, and what is refused with which words.
 */
#include "daemon/control/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool read_text(const char *text, struct request *out, char error[static REQUEST_ERROR_MAX])
{
    return request_read(text, strlen(text), out, error);
}

static struct request good(const char *text)
{
    struct request request;
    char error[REQUEST_ERROR_MAX] = "";

    if (!read_text(text, &request, error))
        fail_msg("%s: %s", text, error);
    return request;
}

static void test_requests_that_are_read(void **state)
{
    char text[ADDRESS_TEXT_MAX], name[DNAME_TEXT_MAX];
    struct request request = good("{\"protocol\":1,\"command\":\"status\"}");

    (void)state;
    assert_int_equal(request.command, REQUEST_STATUS);
    request = good("{\"protocol\":1,\"command\":\"list\"}");
    assert_int_equal(request.command, REQUEST_LIST);
    assert_string_equal(request.whitelist, "");
    request = good("{\"command\":\"list\",\"whitelist\":\"lookback\",\"protocol\":1}");
    assert_string_equal(request.whitelist, "lookback");
    request = good("{\"protocol\":1,\"command\":\"forget\",\"address\":\"2001:db8::1\"}");
    assert_int_equal(request.command, REQUEST_FORGET);
    assert_string_equal(address_to_text(&request.address, text), "2001:db8::1");
    assert_int_equal(request.name.length, 0);
    request = good("{\"protocol\":1,\"command\":\"forget\",\"name\":\"EU1.Example\"}");
    assert_int_equal(request.address.family, ADDRESS_NONE);
    assert_string_equal(dname_to_text(&request.name, name), "eu1.example");
}

static void test_commands_about_one_thing(void **state)
{
    char text[ADDRESS_TEXT_MAX];
    struct request request = good("{\"protocol\":1,\"command\":\"watch\"}");

    (void)state;
    assert_int_equal(request.command, REQUEST_WATCH);
    request = good("{\"protocol\":1,\"command\":\"explain\",\"address\":\"192.0.2.1\"}");
    assert_int_equal(request.command, REQUEST_EXPLAIN);
    assert_string_equal(address_to_text(&request.address, text), "192.0.2.1");
    request = good("{\"protocol\":1,\"command\":\"explain\",\"name\":\"a.example\"}");
    assert_int_equal(request.name.length, 11);
}

static void test_requests_that_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"", "one JSON object"},
        {"{", "one JSON object"},
        {"null", "one JSON object"},
        {"\"status\"", "one JSON object"},
        {"{\"protocol\":1,\"command\":\"status\"} x", "one JSON object"},
        {"{\"protocol\":1,\"protocol\":1,\"command\":\"status\"}", "one JSON object"},
        {"{\"protocol\":1,\"command\":\"sta\\u0000tus\"}", "one JSON object"},
        {"[1]", "one JSON object"},
        {"[[1]]", "flat object"},
        {"{\"protocol\":1,\"command\":[\"status\"]}", "flat object"},
        {"{}", "no \"protocol\" member; this wildsetd speaks protocol 1"},
        {"{\"protocol\":\"1\",\"command\":\"status\"}", "no \"protocol\" member"},
        {"{\"protocol\":2,\"command\":\"status\"}", "has protocol 2, this wildsetd speaks 1"},
        {"{\"protocol\":-1}", "has protocol -1, this wildsetd speaks 1"},
        {"{\"protocol\":1}", "unknown command \"\"; known are status, list, forget"},
        {"{\"protocol\":1,\"command\":7}", "unknown command"},
        {"{\"protocol\":1,\"command\":\"dance\"}", "\"dance\"; known are status, list, forget"},
        {"{\"protocol\":1,\"command\":\"status\",\"whitelist\":\"x\"}",
         "unknown key \"whitelist\""},
        {"{\"protocol\":1,\"command\":\"list\",\"whitlist\":\"x\"}", "unknown key \"whitlist\""},
        {"{\"protocol\":1,\"command\":\"list\",\"as\":\"xml\"}", "expected \"rows\""},
        {"{\"protocol\":1,\"command\":\"list\",\"whitelist\":1}", "expected a string"},
        {"{\"protocol\":1,\"command\":\"list\",\"whitelist\":\"\"}", "1 to 31 characters"},
        {"{\"protocol\":1,\"command\":\"list\","
         "\"whitelist\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
         "1 to 31 characters"},
        {"{\"protocol\":1,\"command\":\"explain\"}", "explain: expected either \"address\" or"},
        {"{\"protocol\":1,\"command\":\"watch\",\"name\":\"a\"}", "watch: unknown key"},
        {"{\"protocol\":1,\"command\":\"forget\"}", "either \"address\" or \"name\""},
        {"{\"protocol\":1,\"command\":\"forget\",\"address\":\"192.0.2.1\",\"name\":\"a\"}",
         "either \"address\" or \"name\""},
        {"{\"protocol\":1,\"command\":\"forget\",\"address\":\"192.0.2\"}", "not an IPv4 or IPv6"},
        {"{\"protocol\":1,\"command\":\"forget\",\"name\":\"a..b\"}", "not a domain name"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct request request = {.command = REQUEST_COUNT};
        char error[REQUEST_ERROR_MAX] = "";

        if (read_text(cases[i].text, &request, error))
            fail_msg("%s was read", cases[i].text);
        if (!strstr(error, cases[i].says))
            fail_msg("%s: \"%s\", wanted \"%s\"", cases[i].text, error, cases[i].says);
        assert_int_equal(request.command, REQUEST_COUNT);
    }
}

static void test_size_is_bounded(void **state)
{
    char text[REQUEST_MAX + 2], error[REQUEST_ERROR_MAX];
    const char *request = "{\"protocol\":1,\"command\":\"status\"}";
    struct request out;

    (void)state;
    memset(text, ' ', sizeof(text));
    memcpy(text, request, strlen(request));
    assert_true(request_read(text, REQUEST_MAX, &out, error));
    assert_false(request_read(text, REQUEST_MAX + 1, &out, error));
    assert_non_null(strstr(error, "4096"));
}

/* A parser that recursed for each bracket would run off its stack. */
static void test_depth_is_bounded(void **state)
{
    char text[REQUEST_MAX], error[REQUEST_ERROR_MAX];
    struct request out;

    (void)state;
    memset(text, '[', sizeof(text));
    assert_false(request_read(text, sizeof(text), &out, error));
    assert_non_null(strstr(error, "flat"));
}

static void test_brackets_in_strings_are_text(void **state)
{
    struct request request = good("{\"protocol\":1,\"command\":\"forget\",\"name\":\"a\\\\[b{c\"}");

    (void)state;
    assert_int_equal(request.command, REQUEST_FORGET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_that_are_read),
        cmocka_unit_test(test_commands_about_one_thing),
        cmocka_unit_test(test_requests_that_are_refused),
        cmocka_unit_test(test_size_is_bounded),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_brackets_in_strings_are_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
