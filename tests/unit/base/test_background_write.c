/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/background_write.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE = 10000 }; /* milliseconds */

/* Memory that parent and child share: the child has no descriptor of its parent's. */
struct shared {
    atomic_bool open; /* the child goes on when it is */
    int told;
};

struct writing {
    struct shared *shared;
    int value;
};

static int write_value(void *context)
{
    const struct writing *writing = context;

    for (int i = 0; i < PATIENCE && !writing->shared->open; i++)
        usleep(1000);
    if (!writing->shared->open)
        return -EPROTO;
    writing->shared->told = writing->value;
    return -ENOSPC;
}

static void open_gate(struct writing *writing)
{
    writing->shared->open = true;
}

static void begin(struct writing *writing)
{
    writing->shared = mmap(NULL, sizeof(*writing->shared), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(writing->shared != MAP_FAILED);
    writing->value = 1;
}

static void end(struct writing *writing)
{
    munmap(writing->shared, sizeof(*writing->shared));
}

static void test_the_child_has_a_still_picture(void **state)
{
    struct background_write write = {0};
    struct writing writing;
    int result = 0;

    (void)state;
    begin(&writing);
    assert_false(background_write_wait(&write, &result));
    assert_int_equal(background_write_start(&write, write_value, &writing), 0);
    assert_false(background_write_ended(&write, &result));
    writing.value = 2;
    open_gate(&writing);
    assert_true(background_write_wait(&write, &result));
    assert_int_equal(result, -ENOSPC);
    assert_int_equal(writing.shared->told, 1);
    assert_false(background_write_ended(&write, &result));
    end(&writing);
}

/* A socket of a parent that was killed would go on in its child, and take who comes. */
static void test_the_child_keeps_no_descriptor(void **state)
{
    struct background_write write = {0};
    struct writing writing;
    int result = 0, ends[2];
    char byte;

    (void)state;
    begin(&writing);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(background_write_start(&write, write_value, &writing), 0);
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0); /* at its end, while the child is at work */
    assert_false(background_write_ended(&write, &result));
    open_gate(&writing);
    assert_true(background_write_wait(&write, &result));
    close(ends[0]);
    end(&writing);
}

/* Those that end the parent are for the parent: the child ends with its work. */
static void test_the_child_hears_no_signal(void **state)
{
    struct background_write write = {0};
    struct writing writing;
    int result = 0;

    (void)state;
    begin(&writing);
    assert_int_equal(background_write_start(&write, write_value, &writing), 0);
    assert_int_equal(kill(write.child, SIGTERM), 0);
    open_gate(&writing);
    assert_true(background_write_wait(&write, &result));
    assert_int_equal(result, -ENOSPC);
    end(&writing);
}

static void test_what_is_cancelled_has_no_result(void **state)
{
    struct background_write write = {0};
    struct writing writing;
    int result = 0;

    (void)state;
    begin(&writing);
    assert_int_equal(background_write_start(&write, write_value, &writing), 0);
    background_write_cancel(&write);
    assert_int_equal(write.child, 0);
    assert_false(background_write_ended(&write, &result));
    background_write_cancel(&write);
    open_gate(&writing);
    end(&writing);
}

static void test_a_killed_child_has_failed(void **state)
{
    struct background_write write = {0};
    struct writing writing;
    int result = 0;

    (void)state;
    begin(&writing);
    assert_int_equal(background_write_start(&write, write_value, &writing), 0);
    assert_int_equal(kill(write.child, SIGKILL), 0);
    assert_true(background_write_wait(&write, &result));
    assert_int_equal(result, -EINTR);
    open_gate(&writing);
    end(&writing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_child_has_a_still_picture),
        cmocka_unit_test(test_the_child_keeps_no_descriptor),
        cmocka_unit_test(test_the_child_hears_no_signal),
        cmocka_unit_test(test_what_is_cancelled_has_no_result),
        cmocka_unit_test(test_a_killed_child_has_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
