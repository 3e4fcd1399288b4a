/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last good list in its file: read as it was written, or not at all. */
#include "registry/list/list_cache.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct matcher *matcher;
static int fd;

static int set_up(void **context)
{
    struct whitelist_pattern pattern = {.whitelist = 0};
    (void)context;

    pattern_from_text("*.a.net", &pattern.pattern);
    matcher = matcher_new(&pattern, 1);
    fd = memfd_create("kept", 0);
    return matcher && fd >= 0 ? 0 : -1;
}

static int tear_down(void **context)
{
    (void)context;
    matcher_free(matcher);
    return close(fd);
}

static struct accepted accepted_of(unsigned hosts)
{
    struct accepted accepted;

    accepted_init(&accepted, matcher, 0, true);
    for (unsigned i = 0; i < hosts; i++) {
        char text[32];
        struct entry host, address;

        snprintf(text, sizeof(text), "h%u.a.net", i);
        host = entry_from_text(text, strlen(text), true);
        snprintf(text, sizeof(text), "203.0.%u.%u", i / 256, i % 256);
        address = entry_from_text(text, strlen(text), true);
        accepted_take(&accepted, &host, NULL);
        accepted_take(&accepted, &address, i % 2 ? &host.name : NULL);
    }
    return accepted;
}

static void write_list(struct list_cache *cache, unsigned hosts)
{
    struct accepted accepted = accepted_of(hosts);

    assert_int_equal(list_cache_write(fd, cache, &accepted), 0);
    accepted_free(&accepted);
}

static int read_list(struct list_cache *cache, struct accepted *accepted)
{
    accepted_init(accepted, matcher, 0, true);
    return list_cache_read(fd, cache, accepted);
}

static void test_it_comes_back(void **context)
{
    struct list_cache cache = {.origin = 1, .judged = 2, .good_ns = 3, .etag = "\"x\""}, found;
    struct accepted accepted, wanted = accepted_of(5);
    (void)context;

    assert_int_equal(read_list(&found, &accepted), -ENOENT);
    write_list(&cache, 5);
    assert_int_equal(read_list(&found, &accepted), 0);
    assert_memory_equal(&found, &cache, sizeof(cache));
    assert_int_equal(accepted.host_count, 5);
    assert_int_equal(accepted.address_count, 5);
    assert_memory_equal(accepted.hosts, wanted.hosts, 5 * sizeof(*accepted.hosts));
    assert_memory_equal(accepted.addresses, wanted.addresses, 5 * sizeof(*accepted.addresses));
    accepted_free(&accepted);
    accepted_free(&wanted);
}

static void test_the_newer_counts(void **context)
{
    struct list_cache cache = {.origin = 1}, found;
    struct accepted accepted;
    (void)context;

    for (unsigned i = 1; i < 6; i++) {
        write_list(&cache, i);
        assert_int_equal(read_list(&found, &accepted), 0);
        assert_int_equal(accepted.host_count, i);
        accepted_free(&accepted);
    }
}

static void test_the_largest_fits(void **context)
{
    struct list_cache cache = {.origin = 1}, found;
    struct accepted accepted;
    (void)context;

    write_list(&cache, ACCEPTED_HOSTS_MAX);
    write_list(&cache, ACCEPTED_HOSTS_MAX);
    assert_int_equal(read_list(&found, &accepted), 0);
    assert_int_equal(accepted.address_count, ACCEPTED_ADDRESSES_MAX);
    accepted_free(&accepted);
}

/* A crash while the newer one is written: each byte that is not there, or another. */
static void test_half_a_list_is_not_believed(void **context)
{
    struct list_cache cache = {.origin = 1}, found;
    struct accepted accepted;
    uint8_t byte;
    off_t slot;
    (void)context;

    write_list(&cache, 2);
    write_list(&cache, 3);
    slot = (off_t)(cache.sequence % 2) * LIST_CACHE_SLOT_SIZE;
    for (off_t at = 0; at < 660; at += at < 24 ? 1 : 13) {
        assert_int_equal(pread(fd, &byte, 1, slot + at), 1);
        byte ^= 0x41;
        assert_int_equal(pwrite(fd, &byte, 1, slot + at), 1);
        assert_int_equal(read_list(&found, &accepted), 0);
        if (accepted.host_count != 2)
            fail_msg("byte %d: %zu hosts", (int)at, accepted.host_count);
        accepted_free(&accepted);
        byte ^= 0x41;
        assert_int_equal(pwrite(fd, &byte, 1, slot + at), 1);
    }
    assert_int_equal(read_list(&found, &accepted), 0);
    assert_int_equal(accepted.host_count, 3);
    accepted_free(&accepted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_newer_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_largest_fits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_half_a_list_is_not_believed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
