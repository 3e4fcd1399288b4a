/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom a configuration believes: its own, the system's, the public ones; and what a file of the
 * system may do to that.
 */
#include "daemon/config/trusted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NAMES " whitelist a { names = { \"x.example\" } }"

static char folder[] = "/tmp/wildset-trusted-XXXXXX";
static char resolv_conf[64], uplinks[64];
static const struct trusted_files files = {.resolv_conf = resolv_conf, .uplinks = uplinks};

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(resolv_conf, sizeof(resolv_conf), "%s/resolv.conf", folder);
    snprintf(uplinks, sizeof(uplinks), "%s/uplinks", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(resolv_conf);
    unlink(uplinks);
    return rmdir(folder);
}

/* NULL: there is no such file. */
static void write_file(const char *path, const char *text)
{
    unlink(path);
    if (!text)
        return;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static struct trusted trusted_of(const char *capture, const char *names, const char *behind)
{
    char text[256], error[CONFIG_ERROR_MAX];
    struct config *config;
    struct trusted trusted;

    snprintf(text, sizeof(text), "capture { %s }\n" NAMES, capture);
    write_file(resolv_conf, names);
    write_file(uplinks, behind);
    assert_int_equal(config_from_text("f", text, strlen(text), &config, error), 0);
    assert_int_equal(trusted_make(config, &files, &trusted), 0);
    config_free(config);
    return trusted;
}

static bool believes(const struct trusted *trusted, const char *text)
{
    struct address address;

    assert_true(address_from_text(text, &address));
    return trusted_has(trusted, &address);
}

static void test_a_port_is_part_of_the_name(void **state)
{
    struct trusted trusted =
        trusted_of("resolvers = { \"192.0.2.53@5335\", \"192.0.2.54\" }", "", NULL);
    struct address other, usual;

    (void)state;
    assert_true(address_from_text("192.0.2.53", &other) && address_from_text("192.0.2.54", &usual));
    assert_true(trusted_has(&trusted, &other));
    assert_true(trusted_has_at(&trusted, &other, 5335));
    assert_false(trusted_has_at(&trusted, &other, 53));
    assert_true(trusted_has_at(&trusted, &usual, 53));
    assert_false(trusted_has_at(&trusted, &usual, 5335));
    trusted_free(&trusted);
}

static void test_a_named_resolver_is_all(void **state)
{
    struct trusted trusted =
        trusted_of("resolvers = { \"192.0.2.0/28\" }", "nameserver 192.0.2.53\n", NULL);

    (void)state;
    assert_true(believes(&trusted, "192.0.2.1"));
    assert_false(believes(&trusted, "192.0.2.53"));
    assert_false(believes(&trusted, "8.8.8.8"));
    assert_false(trusted.by_default || trusted.unset);
    assert_int_equal(trusted.count, 1);
    trusted_free(&trusted);
}

static void test_nothing_said_is_the_systems_and_the_public_ones(void **state)
{
    struct trusted trusted = trusted_of(
        "", "search x\nnameserver 192.0.2.53\nnameserver 2001:db8::53 # at home\n", NULL);

    (void)state;
    assert_true(believes(&trusted, "192.0.2.53"));
    assert_true(believes(&trusted, "2001:db8::53"));
    assert_true(believes(&trusted, "9.9.9.9"));
    assert_true(believes(&trusted, "2606:4700:4700::1112"));
    assert_false(believes(&trusted, "192.0.2.54"));
    assert_false(believes(&trusted, "127.0.0.1"));
    assert_false(believes(&trusted, "162.159.61.3")); /* DNS over HTTPS only */
    assert_true(trusted.by_default && trusted.unset);
    assert_int_equal(trusted.system_count, 2);
    trusted_free(&trusted);
}

static void test_default_and_ones_own(void **state)
{
    struct trusted trusted =
        trusted_of("interfaces = { \"e\" } resolvers = { \"198.51.100.1%e\", \"default\" }",
                   "nameserver 192.0.2.53\n", NULL);
    char text[TRUSTED_TEXT_MAX];

    (void)state;
    assert_true(believes(&trusted, "198.51.100.1"));
    assert_true(believes(&trusted, "192.0.2.53"));
    assert_true(believes(&trusted, "1.1.1.1"));
    assert_string_equal(trusted.resolvers[0].interface, "e");
    assert_false(trusted.unset);
    assert_non_null(strstr(trusted_to_text(&trusted, text), "198.51.100.1%e, 192.0.2.53 (/tmp/"));
    assert_non_null(strstr(text, "well-known public ones (as of 20"));
    trusted_free(&trusted);
}

/* The stub answers programs here; the servers behind it are whose answers pass by. */
static void test_the_servers_behind_the_stub_are_the_systems(void **state)
{
    static const char behind[] = "nameserver 192.0.2.53\nnameserver 192.0.2.54\n";
    struct trusted with = trusted_of("", "nameserver 127.0.0.53\noptions edns0\n", behind);
    struct trusted without = trusted_of("", "nameserver 127.0.0.1\n", behind);

    (void)state;
    assert_true(believes(&with, "127.0.0.53"));
    assert_true(believes(&with, "192.0.2.54"));
    assert_string_equal(with.system[0].file, resolv_conf);
    assert_string_equal(with.system[2].file, uplinks);
    assert_true(believes(&without, "127.0.0.1"));
    assert_false(believes(&without, "192.0.2.54"));
    trusted_free(&with);
    trusted_free(&without);
}

/* Whatever stands there: at most sixteen addresses, and never a network. */
static void test_what_a_file_may_hold(void **state)
{
    static const char *const nobody[] = {
        NULL,
        "",
        "nameserver\nnameserver x\nnameserver 0.0.0.0/0\nnameserver ::/0\nnameserver 1.2.3\n",
        "nameserver fe80::1%nowhere0\n",
        "options nameserver 192.0.2.53\n# nameserver 192.0.2.53\nnameservers 192.0.2.53\n",
    };
    char many[4096] = "", line[64];

    (void)state;
    for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
        struct trusted trusted = trusted_of("", nobody[i], NULL);
        assert_int_equal(trusted.system_count, 0);
        assert_true(believes(&trusted, "8.8.8.8"));
        assert_false(believes(&trusted, "192.0.2.53"));
        trusted_free(&trusted);
    }
    strcat(many, "nameserver 127.0.0.53\n");
    for (unsigned i = 0; i < 100; i++) {
        snprintf(line, sizeof(line), "nameserver 10.0.0.%u\n", i);
        strcat(many, line);
    }
    struct trusted trusted = trusted_of("", many, many);
    assert_int_equal(trusted.system_count, TRUSTED_SYSTEM_MAX);
    trusted_free(&trusted);
}

static void test_a_file_that_is_too_large_names_nobody(void **state)
{
    char *large = malloc(1 << 17);

    (void)state;
    assert_non_null(large);
    memset(large, '\n', (1 << 17) - 1);
    large[(1 << 17) - 1] = '\0';
    memcpy(large, "nameserver 192.0.2.53", 21);
    struct trusted trusted = trusted_of("", large, NULL);
    assert_int_equal(trusted.system_count, 0);
    trusted_free(&trusted);
    free(large);
}

static void test_a_link_local_server_belongs_to_its_interface(void **state)
{
    struct trusted trusted = trusted_of("", "nameserver fe80::1%lo\n", NULL);
    char text[TRUSTED_SERVER_TEXT_MAX];

    (void)state;
    assert_int_equal(trusted.system_count, 1);
    assert_string_equal(plan_resolver_to_text(&trusted.resolvers[0], text), "fe80::1%lo");
    trusted_free(&trusted);
}

static void test_only_a_change_is_one(void **state)
{
    struct trusted a = trusted_of("", "nameserver 192.0.2.53\n", NULL);
    struct trusted b = trusted_of("", "# the same\nnameserver  192.0.2.53\nsearch y\n", NULL);
    struct trusted c = trusted_of("", "nameserver 192.0.2.54\n", NULL);
    struct trusted none = {.count = 0};

    (void)state;
    assert_true(trusted_equal(&a, &b));
    assert_false(trusted_equal(&a, &c));
    assert_false(trusted_equal(&a, &none));
    assert_true(trusted_equal(&none, &none));
    trusted_free(&a);
    trusted_free(&b);
    trusted_free(&c);
}

static void test_long_lists_are_told_in_part(void **state)
{
    struct trusted trusted =
        trusted_of("resolvers = { 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0."
                   "0.5, 10.0.0.6, 10.0.0.7, 10.0.0.8, 10.0.0.9, 10.0.1.0, "
                   "10.0.1.1, 10.0.1.2, 10.0.1.3, 10.0.1.4, 10.0.1.5, 10.0.1."
                   "6, 10.0.1.7 }",
                   NULL, NULL);
    char text[TRUSTED_TEXT_MAX];

    (void)state;
    assert_non_null(strstr(trusted_to_text(&trusted, text), ", 10.0.1.6 and 1 more"));
    trusted_free(&trusted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_port_is_part_of_the_name),
        cmocka_unit_test(test_a_named_resolver_is_all),
        cmocka_unit_test(test_nothing_said_is_the_systems_and_the_public_ones),
        cmocka_unit_test(test_default_and_ones_own),
        cmocka_unit_test(test_the_servers_behind_the_stub_are_the_systems),
        cmocka_unit_test(test_what_a_file_may_hold),
        cmocka_unit_test(test_a_file_that_is_too_large_names_nobody),
        cmocka_unit_test(test_a_link_local_server_belongs_to_its_interface),
        cmocka_unit_test(test_only_a_change_is_one),
        cmocka_unit_test(test_long_lists_are_told_in_part),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
