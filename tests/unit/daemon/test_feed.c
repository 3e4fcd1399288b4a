/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in a feed, in which order and for how long; and the file that it becomes. */
#include "daemon/outputs/feed.h"
#include "daemon/outputs/feed_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINGER = 300 };

static const struct feed_limits limits = {.linger_ns = LINGER, .most = 8};

static struct address address_of(const char *text)
{
    struct address address;
    assert_true(address_from_text(text, &address));
    return address;
}

static void hold(struct feed *feed, const char *text, uint64_t end_ns)
{
    struct address address = address_of(text);
    assert_int_equal(feed_hold(feed, &address, end_ns), 0);
}

static void drop(struct feed *feed, const char *text)
{
    struct address address = address_of(text);
    feed_drop(feed, &address);
}

static void assert_text(const struct feed *feed, const char *wanted)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    feed_print(feed, stream);
    fclose(stream);
    assert_string_equal(text, wanted);
    free(text);
}

static struct feed *make(void)
{
    struct feed *feed = feed_new(&limits);
    assert_non_null(feed);
    return feed;
}

static void test_addresses_are_sorted_and_stand_once(void **state)
{
    struct feed *feed = make();

    (void)state;
    assert_text(feed, "");
    hold(feed, "2001:db8::10", 100);
    hold(feed, "198.51.100.20", 100);
    hold(feed, "198.51.100.3", 100);
    hold(feed, "2001:db8::9", 100);
    hold(feed, "198.51.100.20", 90);
    assert_text(feed, "198.51.100.3\n198.51.100.20\n2001:db8::9\n2001:db8::10\n");
    assert_int_equal(feed_count(feed), 4);
    assert_int_equal(feed_changes(feed), 4);
    feed_free(feed);
}

static void test_an_address_lingers_past_its_lease(void **state)
{
    struct feed *feed = make();

    (void)state;
    assert_int_equal(feed_due(feed), UINT64_MAX);
    hold(feed, "198.51.100.1", 100);
    hold(feed, "198.51.100.2", 50);
    assert_int_equal(feed_due(feed), 50 + LINGER);
    hold(feed, "198.51.100.2", 200);
    hold(feed, "198.51.100.2", 10);
    assert_int_equal(feed_due(feed), 100 + LINGER);
    feed_run(feed, 100 + LINGER - 1);
    assert_int_equal(feed_count(feed), 2);
    feed_run(feed, 100 + LINGER);
    assert_text(feed, "198.51.100.2\n");
    hold(feed, "198.51.100.2", UINT64_MAX - 1);
    assert_int_equal(feed_due(feed), UINT64_MAX);
    feed_free(feed);
}

static void test_an_extension_is_no_change(void **state)
{
    struct feed *feed = make();
    uint64_t before;

    (void)state;
    hold(feed, "198.51.100.1", 100);
    before = feed_changes(feed);
    hold(feed, "198.51.100.1", 200);
    drop(feed, "198.51.100.9");
    feed_run(feed, 100 + LINGER);
    assert_int_equal(feed_changes(feed), before);
    drop(feed, "198.51.100.1");
    assert_int_not_equal(feed_changes(feed), before);
    assert_text(feed, "");
    feed_free(feed);
}

static void test_the_one_that_would_leave_next_makes_room(void **state)
{
    struct feed *feed = make();
    char text[32];

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        snprintf(text, sizeof(text), "198.51.100.%u", i);
        hold(feed, text, 1000 - i);
    }
    assert_int_equal(feed_count(feed), limits.most);
    assert_text(feed, "198.51.100.0\n198.51.100.1\n198.51.100.2\n198.51.100.3\n198.51.100.4\n"
                      "198.51.100.5\n198.51.100.6\n198.51.100.19\n");
    feed_free(feed);
}

/* A reload took .1 back without a word; .2 had ended before and lingers; .3 is still leased. */
static void test_a_comparison_takes_out_what_was_taken_back(void **state)
{
    const struct feed_limits other = {.linger_ns = 2 * LINGER, .most = 8};
    struct feed *feed = make();

    (void)state;
    hold(feed, "198.51.100.1", 500);
    hold(feed, "198.51.100.2", 100);
    hold(feed, "198.51.100.3", 500);
    assert_int_equal(feed_compare_begin(feed, &other), 0);
    hold(feed, "198.51.100.3", 500);
    hold(feed, "198.51.100.4", 500);
    feed_compare_end(feed, 200);
    assert_text(feed, "198.51.100.2\n198.51.100.3\n198.51.100.4\n");
    assert_int_equal(feed_due(feed), 100 + 2 * LINGER);
    feed_free(feed);
}

/* ---- the file ---- */

static char folder[64], path[96];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/wildset-feed-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/feed.txt", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    assert_return_code(rmdir(folder), errno); /* no draft is left behind */
    return 0;
}

static void assert_file(const char *wanted)
{
    char text[256] = "";
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, wanted);
}

static ino_t inode(void)
{
    struct stat status;
    assert_return_code(stat(path, &status), errno);
    assert_int_equal(status.st_mode & 07777, 0644);
    return status.st_ino;
}

static void test_a_file_is_replaced_only_by_another(void **state)
{
    struct feed *feed = make();
    mode_t before = umask(0077);
    ino_t first;

    (void)state;
    assert_int_equal(feedfile_write(path, feed), 0);
    assert_file("");
    hold(feed, "198.51.100.1", 100);
    hold(feed, "2001:db8::1", 100);
    assert_int_equal(feedfile_write(path, feed), 0);
    assert_file("198.51.100.1\n2001:db8::1\n");
    first = inode();
    assert_int_equal(feedfile_write(path, feed), 0);
    assert_int_equal(inode(), first);
    assert_return_code(chmod(path, 0600), errno);
    assert_int_equal(feedfile_write(path, feed), 0);
    assert_int_not_equal(inode(), first);
    drop(feed, "198.51.100.1");
    assert_int_equal(feedfile_write(path, feed), 0);
    assert_file("2001:db8::1\n");
    umask(before);
    feed_free(feed);
}

/* More than one block, and equal in length: the bytes decide. */
static void test_long_files_are_compared_to_their_end(void **state)
{
    const struct feed_limits many = {.linger_ns = 0, .most = 100000};
    struct feed *feed = feed_new(&many);
    char text[32];
    ino_t first;

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), "198.51.%u.%u", 100 + i / 100, 100 + i % 100);
        hold(feed, text, 100);
    }
    assert_int_equal(feedfile_write(path, feed), 0);
    first = inode();
    assert_int_equal(feedfile_write(path, feed), 0);
    assert_int_equal(inode(), first);
    drop(feed, "198.51.149.199");
    hold(feed, "198.51.149.200", 100);
    assert_int_equal(feedfile_write(path, feed), 0);
    assert_int_not_equal(inode(), first);
    feed_free(feed);
}

static void test_a_file_that_cannot_be_is_an_error(void **state)
{
    struct feed *feed = make();
    char other[128];

    (void)state;
    snprintf(other, sizeof(other), "%s/missing/feed.txt", folder);
    assert_int_equal(feedfile_write(other, feed), -ENOENT);
    assert_int_equal(feedfile_try(other), -ENOENT);
    assert_int_equal(feedfile_try(path), 0);
    assert_int_equal(feedfile_write(folder, feed), -EISDIR);
    snprintf(other, sizeof(other), "%s.new", folder);
    assert_int_equal(access(other, F_OK), -1);
    /* What stands in for the draft is not followed. */
    snprintf(other, sizeof(other), "%s.new", path);
    assert_return_code(symlink("/dev/null", other), errno);
    assert_int_equal(feedfile_write(path, feed), -ELOOP);
    unlink(other);
    feed_free(feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_are_sorted_and_stand_once),
        cmocka_unit_test(test_an_address_lingers_past_its_lease),
        cmocka_unit_test(test_an_extension_is_no_change),
        cmocka_unit_test(test_the_one_that_would_leave_next_makes_room),
        cmocka_unit_test(test_a_comparison_takes_out_what_was_taken_back),
        cmocka_unit_test_setup_teardown(test_a_file_is_replaced_only_by_another, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_long_files_are_compared_to_their_end, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_a_file_that_cannot_be_is_an_error, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
