/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another program's output, and the ways in which it is not to be had.
 */
#include "base/program.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000 };

static int run(const char *script, size_t most, unsigned timeout_ms, char **out, size_t *size,
               char said[static PROGRAM_SAID_MAX])
{
    const char *const argv[] = {"sh", "-c", script, NULL};

    return program_read(argv, most, timeout_ms, out, size, said);
}

static void test_its_output(void **state)
{
    char said[PROGRAM_SAID_MAX];
    char *out;
    size_t size;

    (void)state;
    assert_int_equal(run("cat; echo hello; echo unheard >&2", 1000, PATIENCE_MS, &out, &size, said),
                     0);
    assert_int_equal(size, 6);
    assert_memory_equal(out, "hello\n", 6);
    free(out);
    /* More than a pipe or a first buffer holds. */
    assert_int_equal(run("head -c 300000 /dev/zero", 1 << 20, PATIENCE_MS, &out, &size, said), 0);
    assert_int_equal(size, 300000);
    free(out);
}

static void test_nothing_of_our_environment(void **state)
{
    char said[PROGRAM_SAID_MAX];
    char *out;
    size_t size;

    (void)state;
    assert_int_equal(setenv("WILDSET_SECRET", "x", 1), 0);
    assert_int_equal(run("echo \"[$WILDSET_SECRET]\"", 1000, PATIENCE_MS, &out, &size, said), 0);
    assert_memory_equal(out, "[]\n", 3);
    free(out);
}

static void test_failures(void **state)
{
    const char *const absent[] = {"wildset-no-such-program", NULL};
    char said[PROGRAM_SAID_MAX];
    char *out = NULL;
    size_t size;

    (void)state;
    assert_int_equal(program_read(absent, 10, PATIENCE_MS, &out, &size, said), -ENOENT);
    assert_int_equal(
        run("echo bad luck >&2; echo more >&2; exit 3", 1000, PATIENCE_MS, &out, &size, said),
        -EIO);
    assert_string_equal(said, "bad luck");
    assert_int_equal(run("exec sleep 60", 1000, 200, &out, &size, said), -ETIMEDOUT);
    assert_int_equal(run("exec cat /dev/zero", 100000, PATIENCE_MS, &out, &size, said), -EFBIG);
    assert_null(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_its_output),
        cmocka_unit_test(test_nothing_of_our_environment),
        cmocka_unit_test(test_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
