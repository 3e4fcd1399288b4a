/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tells a process that hangs from one that is kept waiting. */
#include "daemon/sources/vitals.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_the_fields_are_read(void **state)
{
    struct vitals vitals = vitals_from_text(
        "4242 (sniffer) S 1 4242 4242 0 -1 4194304 100 0 7 0 31 11 0 0 20 0 1 0 99 1 2 3");

    (void)state;
    assert_int_equal(vitals.state, 'S');
    assert_int_equal(vitals.cpu_ticks, 42);
}

/* It has chosen its name. */
static void test_a_name_cannot_pass_for_fields(void **state)
{
    struct vitals vitals =
        vitals_from_text("4242 (x) R 1 1 1 0 -1 0 0 0 0 0 0 0 (y) T 1 1 1 0 -1 0 0 0 0 0 5 6 0");

    (void)state;
    assert_int_equal(vitals.state, 'T');
    assert_int_equal(vitals.cpu_ticks, 11);
}

static void test_what_is_cut_is_not_known(void **state)
{
    (void)state;
    assert_int_equal(vitals_from_text("").state, 0);
    assert_int_equal(vitals_from_text("4242 (x").state, 0);
    assert_int_equal(vitals_from_text("4242 (x)").state, 0);
    assert_int_equal(vitals_from_text("4242 (x) S 1 1 1 0 -1 0 0 0 0 0 7").state, 0);
}

static void test_a_busy_machine_is_no_fault_of_the_process(void **state)
{
    const struct vitals before = {'R', 1000};
    static const struct {
        struct vitals now;
        enum vitals_verdict verdict;
    } cases[] = {
        {{'R', 1000}, VITALS_WAITS}, {{'R', 1003}, VITALS_WAITS},   {{'R', 1100}, VITALS_HANGS},
        {{'D', 1000}, VITALS_WAITS}, {{'S', 1000}, VITALS_HANGS},   {{'T', 1000}, VITALS_STOPPED},
        {{0, 0}, VITALS_HANGS},      {{'t', 1000}, VITALS_STOPPED}, {{'Z', 1000}, VITALS_HANGS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(vitals_judge(&before, &cases[i].now), cases[i].verdict);
}

static void test_a_real_process_is_seen(void **state)
{
    pid_t pid = fork();
    struct vitals vitals;

    (void)state;
    while (pid == 0)
        pause();
    kill(pid, SIGSTOP);
    waitpid(pid, NULL, WUNTRACED);
    vitals = vitals_read(pid);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(vitals.state, 'T');
    assert_int_equal(vitals_read(pid).state, 0);
    assert_int_equal(vitals_read(getpid()).state, 'R');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_fields_are_read),
        cmocka_unit_test(test_a_name_cannot_pass_for_fields),
        cmocka_unit_test(test_what_is_cut_is_not_known),
        cmocka_unit_test(test_a_busy_machine_is_no_fault_of_the_process),
        cmocka_unit_test(test_a_real_process_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
