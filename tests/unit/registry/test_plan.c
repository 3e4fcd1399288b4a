/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registry's plan through its descriptor, and what is no plan. */
#include "registry/plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct registry_whitelist whitelists[2];
static struct whitelist_pattern patterns[2];
static struct address resolver;
static struct registry_plan plan;

static int set_up(void **context)
{
    (void)context;
    memset(whitelists, 0, sizeof(whitelists));
    strcpy(whitelists[0].name, "a");
    strcpy(whitelists[0].url, "https://example.net/list");
    strcpy(whitelists[1].name, "b");
    for (unsigned i = 0; i < 2; i++) {
        whitelists[i].interval = 600;
        whitelists[i].ttl_max = 60;
        patterns[i].whitelist = (uint8_t)i;
    }
    pattern_from_text("*.a.net", &patterns[0].pattern);
    pattern_from_text("b.net", &patterns[1].pattern);
    address_from_text("192.0.2.53", &resolver);
    plan = (struct registry_plan){.whitelists = whitelists,
                                  .whitelist_count = 2,
                                  .patterns = patterns,
                                  .pattern_count = 2,
                                  .resolvers = &resolver,
                                  .resolver_count = 1};
    return 0;
}

static int pass(struct registry_plan *out)
{
    int fd = registry_plan_seal(&plan), result;

    assert_true(fd >= 0);
    result = registry_plan_open(fd, out);
    close(fd);
    return result;
}

static void test_it_comes_through(void **context)
{
    struct registry_plan found;
    (void)context;

    assert_int_equal(pass(&found), 0);
    assert_int_equal(found.whitelist_count, 2);
    assert_memory_equal(found.whitelists, whitelists, sizeof(whitelists));
    assert_memory_equal(found.patterns, patterns, sizeof(patterns));
    assert_memory_equal(found.resolvers, &resolver, sizeof(resolver));
}

static void test_whether_it_is_needed(void **context)
{
    (void)context;
    assert_true(registry_plan_is_needed(&plan));
    whitelists[0].url[0] = '\0';
    whitelists[1].discovers = 1;
    assert_true(registry_plan_is_needed(&plan));
    whitelists[1].discovers = 0;
    assert_false(registry_plan_is_needed(&plan));
    whitelists[0].resolves = 1;
    assert_false(registry_plan_is_needed(&plan)); /* its one name is a wildcard */
    whitelists[1].resolves = 1;
    assert_true(registry_plan_is_needed(&plan));
}

#define SPOIL(field, value)                                                                        \
    do {                                                                                           \
        struct registry_plan found;                                                                \
        set_up(NULL);                                                                              \
        (field) = (value);                                                                         \
        assert_int_equal(pass(&found), -EBADMSG);                                                  \
    } while (0)

static void test_every_field_is_checked(void **context)
{
    (void)context;
    SPOIL(whitelists[0].interval, 0);
    SPOIL(whitelists[0].shrink, 101);
    SPOIL(whitelists[0].ttl_min, 61);
    SPOIL(whitelists[0].takes_addresses, 2);
    SPOIL(whitelists[0].resolves, 2);
    SPOIL(whitelists[0].follows, 2);
    SPOIL(whitelists[0].discovers, 2);
    SPOIL(whitelists[0].url[4], ':'); /* http */
    SPOIL(whitelists[0].ca[0], 'x');
    SPOIL(patterns[0].whitelist, 2);
    SPOIL(patterns[0].pattern.kind, 9);
    SPOIL(patterns[0].pattern.name.wire[1], 'A');
    SPOIL(resolver.family, 5);
    SPOIL(resolver.family, 0);
}

static void test_an_open_descriptor_is_no_plan(void **context)
{
    struct registry_plan found;
    int fd = memfd_create("x", MFD_ALLOW_SEALING);
    (void)context;

    assert_int_equal(write(fd, "wspoll1", 8), 8);
    assert_int_equal(registry_plan_open(fd, &found), -EBADMSG);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_it_comes_through, set_up),
        cmocka_unit_test_setup(test_whether_it_is_needed, set_up),
        cmocka_unit_test_setup(test_every_field_is_checked, set_up),
        cmocka_unit_test_setup(test_an_open_descriptor_is_no_plan, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
