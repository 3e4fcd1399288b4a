/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that an output needs: it counts what is granted, and says so in status.
 */
#include "tests/seams/test_output.h"

#include "setsync/policy/event.h"

#include <errno.h>
#include <stdlib.h>

static int test_open(const struct output_setting *setting, void **self, const char **what)
{
    (void)setting, (void)what;
    *self = calloc(1, sizeof(json_int_t));
    return *self ? 0 : -ENOMEM;
}

static void test_event(void *self, const struct event *event, uint64_t boot_ns)
{
    json_int_t *granted = self;

    (void)boot_ns;
    *granted += event->kind == EVENT_GRANTED;
}

static void test_status(const void *self, json_t *status)
{
    const json_int_t *granted = self;

    json_object_set_new(status, "test_output", json_integer(*granted));
}

const struct output test_output = {
    .name = "the test output",
    .open = test_open,
    .close = free,
    .event = test_event,
    .status = test_status,
};
