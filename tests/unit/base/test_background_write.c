/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/background_write.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

struct writing {
    int gate[2]; /* the child goes on when it is closed */
    int told[2];
    int value;
};

static int write_value(void *context)
{
    const struct writing *writing = context;
    char byte;

    close(writing->gate[1]);
    if (read(writing->gate[0], &byte, 1) != 0)
        return -EPROTO;
    return write(writing->told[1], &writing->value, sizeof(writing->value)) < 0 ? -errno : -ENOSPC;
}

static void open_pipes(struct writing *writing)
{
    assert_int_equal(pipe(writing->gate), 0);
    assert_int_equal(pipe(writing->told), 0);
    writing->value = 1;
}

static void close_pipes(struct writing *writing)
{
    close(writing->gate[0]);
    close(writing->told[0]);
    close(writing->told[1]);
}

static void test_the_child_has_a_still_picture(void **state)
{
    struct background_write write = {0};
    struct writing writing;
    int result = 0, value = 0;

    (void)state;
    open_pipes(&writing);
    assert_false(background_write_wait(&write, &result));
    assert_int_equal(background_write_start(&write, write_value, &writing), 0);
    assert_false(background_write_ended(&write, &result));
    writing.value = 2;
    close(writing.gate[1]);
    assert_true(background_write_wait(&write, &result));
    assert_int_equal(result, -ENOSPC);
    assert_int_equal(read(writing.told[0], &value, sizeof(value)), sizeof(value));
    assert_int_equal(value, 1);
    assert_false(background_write_ended(&write, &result));
    close_pipes(&writing);
}

/* Those that end the parent are for the parent: the child ends with its work. */
static void test_the_child_hears_no_signal(void **state)
{
    struct background_write write = {0};
    struct writing writing;
    int result = 0;

    (void)state;
    open_pipes(&writing);
    assert_int_equal(background_write_start(&write, write_value, &writing), 0);
    assert_int_equal(kill(write.child, SIGTERM), 0);
    close(writing.gate[1]);
    assert_true(background_write_wait(&write, &result));
    assert_int_equal(result, -ENOSPC);
    close_pipes(&writing);
}

static void test_what_is_cancelled_has_no_result(void **state)
{
    struct background_write write = {0};
    struct writing writing;
    int result = 0;

    (void)state;
    open_pipes(&writing);
    assert_int_equal(background_write_start(&write, write_value, &writing), 0);
    background_write_cancel(&write);
    assert_int_equal(write.child, 0);
    assert_false(background_write_ended(&write, &result));
    background_write_cancel(&write);
    close(writing.gate[1]);
    close_pipes(&writing);
}

static void test_a_killed_child_has_failed(void **state)
{
    struct background_write write = {0};
    struct writing writing;
    int result = 0;

    (void)state;
    open_pipes(&writing);
    assert_int_equal(background_write_start(&write, write_value, &writing), 0);
    assert_int_equal(kill(write.child, SIGKILL), 0);
    assert_true(background_write_wait(&write, &result));
    assert_int_equal(result, -EINTR);
    close(writing.gate[1]);
    close_pipes(&writing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_child_has_a_still_picture),
        cmocka_unit_test(test_the_child_hears_no_signal),
        cmocka_unit_test(test_what_is_cancelled_has_no_result),
        cmocka_unit_test(test_a_killed_child_has_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
