/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reloads one at a time: who asks meanwhile shares the next one. */
#include "daemon/control/reloads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct scene {
    struct loop *loop;
    struct reloads *reloads;
    struct loop_watch *follow; /* timer: the sources need a moment */
    unsigned begun, ended;
    bool follows, refused;
    unsigned stop_at; /* so many have ended */
    unsigned asks;    /* while one is under way */
};

static bool on_begin(void *context, char error[static RELOADS_ERROR_MAX])
{
    struct scene *scene = context;

    scene->begun++;
    scene->follows = false;
    loop_timer_set(scene->follow, 20);
    for (; scene->asks > 0; scene->asks--)
        assert_int_equal(reloads_ask(scene->reloads), scene->begun + 1);
    if (scene->refused)
        strcpy(error, "wildset.conf:7: no such key");
    return !scene->refused;
}

static bool follows(void *context)
{
    const struct scene *scene = context;
    return scene->follows;
}

static void on_ended(void *context)
{
    struct scene *scene = context;
    if (++scene->ended == scene->stop_at)
        loop_stop(scene->loop);
}

static void on_follow(void *context)
{
    struct scene *scene = context;
    scene->follows = true;
    reloads_look(scene->reloads);
}

static int set_up(void **state)
{
    static struct scene scene;
    const struct reloads_hooks hooks = {
        .begin = on_begin, .follows = follows, .ended = on_ended, .context = &scene};

    scene = (struct scene){.stop_at = 1};
    *state = &scene;
    if (loop_new(&scene.loop) < 0 || reloads_new(scene.loop, &hooks, &scene.reloads) < 0)
        return -1;
    scene.follow = loop_timer(scene.loop, on_follow, &scene);
    return scene.follow ? 0 : -1;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    reloads_free(scene->reloads);
    loop_unwatch(scene->follow);
    loop_free(scene->loop);
    return 0;
}

static void test_it_ends_when_the_sources_follow(void **state)
{
    struct scene *scene = *state;
    uint64_t number = reloads_ask(scene->reloads);
    const char *problem;

    assert_int_equal(scene->begun, 0); /* never at once */
    assert_false(reloads_have_ended(scene->reloads, number, &problem));
    assert_int_equal(loop_run(scene->loop), 0);
    assert_true(scene->follows);
    assert_true(reloads_have_ended(scene->reloads, number, &problem));
    assert_string_equal(problem, "");
    assert_false(reloads_are_under_way(scene->reloads));
}

/* 300 of them, and 300 more while the first one is under way: two. */
static void test_many_are_few(void **state)
{
    struct scene *scene = *state;
    const char *problem;

    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(reloads_ask(scene->reloads), 1);
    scene->asks = 300;
    scene->stop_at = 2;
    assert_int_equal(loop_run(scene->loop), 0);
    assert_int_equal(scene->begun, 2);
    assert_true(reloads_have_ended(scene->reloads, 2, &problem));
    assert_false(reloads_have_ended(scene->reloads, 3, &problem));
}

static void test_a_refusal_is_kept_until_a_file_is_taken(void **state)
{
    struct scene *scene = *state;
    uint64_t number = reloads_ask(scene->reloads);
    const char *problem;

    scene->refused = true;
    assert_int_equal(loop_run(scene->loop), 0);
    assert_true(reloads_have_ended(scene->reloads, number, &problem));
    assert_string_equal(problem, "wildset.conf:7: no such key");
    assert_string_equal(reloads_refusal(scene->reloads), problem);

    scene->refused = false;
    scene->stop_at = 2;
    number = reloads_ask(scene->reloads);
    assert_int_equal(loop_run(scene->loop), 0);
    assert_true(reloads_have_ended(scene->reloads, number, &problem));
    assert_string_equal(problem, "");
    assert_string_equal(reloads_refusal(scene->reloads), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_ends_when_the_sources_follow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_are_few, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_refusal_is_kept_until_a_file_is_taken, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
