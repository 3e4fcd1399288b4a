/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/wildset-file-XXXXXX";
static char path[PATH_MAX], draft[PATH_MAX];

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof(path), "%s/file", directory);
    snprintf(draft, sizeof(draft), "%s/file.new", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    unlink(draft);
    return rmdir(directory);
}

static int print_text(void *context, FILE *stream)
{
    fputs(context, stream);
    return 0;
}

static int print_half(void *context, FILE *stream)
{
    fputs(context, stream);
    return -ENOSPC;
}

static int keep_old(void *context, FILE *stream)
{
    fputs(context, stream);
    return FILE_KEEP;
}

static void put(const char *text)
{
    assert_int_equal(file_replace(path, 0644, false, print_text, (void *)(uintptr_t)text), 0);
}

static void assert_holds(const char *text)
{
    struct file_text got;

    assert_int_equal(file_read(path, 4096, 0, &got), 0);
    assert_int_equal(got.size, strlen(text));
    assert_string_equal(got.bytes, text);
    file_text_free(&got);
    assert_int_equal(access(draft, F_OK), -1);
}

static void test_what_is_written_is_read(void **state)
{
    (void)state;
    put("one\n");
    assert_holds("one\n");
    put("");
    assert_holds("");
}

static void test_a_file_may_be_as_large_as_the_bound_and_no_larger(void **state)
{
    struct file_text got;

    (void)state;
    put("12345678");
    assert_int_equal(file_read(path, 8, 0, &got), 0);
    assert_int_equal(got.size, 8);
    file_text_free(&got);
    assert_int_equal(file_read(path, 7, 0, &got), -EFBIG);
    assert_null(got.bytes);
}

/* Of a file in /proc the size is 0 and the content is not. */
static void test_a_file_that_is_larger_than_it_says(void **state)
{
    struct file_text got;

    (void)state;
    assert_int_equal(file_read("/proc/self/status", 1 << 20, 0, &got), 0);
    assert_true(got.size > 100 && strlen(got.bytes) == got.size);
    assert_int_equal(file_read("/proc/self/status", 100, 0, &(struct file_text){0}), -EFBIG);
    file_text_free(&got);
}

static void test_only_regular_files_are_read(void **state)
{
    struct file_text got;

    (void)state;
    assert_int_equal(file_read(directory, 4096, 0, &got), -EISDIR);
    assert_int_equal(file_read("/dev/zero", 4096, 0, &got), -ENODEV);
    assert_int_equal(file_read("/nowhere/at/all", 4096, 0, &got), -ENOENT);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(file_read(path, 4096, 0, &got), -ENODEV);
    unlink(path);
    assert_int_equal(symlink("/proc/self/status", path), 0);
    assert_int_equal(file_read(path, 4096, O_NOFOLLOW, &got), -ELOOP);
    unlink(path);
}

static void test_a_draft_that_fails_leaves_the_file(void **state)
{
    char text[] = "another";

    (void)state;
    put("as it was");
    assert_int_equal(file_replace(path, 0600, true, print_half, text), -ENOSPC);
    assert_holds("as it was");
    assert_int_equal(file_replace(path, 0600, true, keep_old, text), 0);
    assert_holds("as it was");
}

static void test_the_mode_is_what_was_asked_for(void **state)
{
    char text[] = "text";
    struct stat status;
    mode_t before = umask(077);

    (void)state;
    assert_int_equal(file_replace(path, 0644, true, print_text, text), 0);
    umask(before);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
    assert_int_equal(file_sync_directory(path), 0);
}

/* Whoever may write there could let us overwrite a file of ours. */
static void test_a_draft_is_no_link(void **state)
{
    char text[] = "text", other[PATH_MAX + 8];

    (void)state;
    snprintf(other, sizeof(other), "%s.other", path);
    assert_int_equal(symlink(other, draft), 0);
    assert_int_equal(file_replace(path, 0644, false, print_text, text), -ELOOP);
    assert_int_equal(access(other, F_OK), -1);
    unlink(draft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_a_file_may_be_as_large_as_the_bound_and_no_larger),
        cmocka_unit_test(test_a_file_that_is_larger_than_it_says),
        cmocka_unit_test(test_only_regular_files_are_read),
        cmocka_unit_test(test_a_draft_that_fails_leaves_the_file),
        cmocka_unit_test(test_the_mode_is_what_was_asked_for),
        cmocka_unit_test(test_a_draft_is_no_link),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
