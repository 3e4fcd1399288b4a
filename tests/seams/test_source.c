/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that a source needs in the daemon: a plan.  This one has nothing to know, so that it is
 * an empty file.  The rest asks the process for an address once, as soon as there is one to ask.
 */
#include "tests/seams/test_source.h"

#include "base/log.h"
#include "daemon/sources/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ASK_MS = 100 };

struct test {
    struct supervisor *supervisor;
    struct loop_watch *timer;
};

static void on_timer(void *context)
{
    struct test *test = context;
    struct source_request request;

    memset(&request, 0, sizeof(request));
    request.kind = SOURCE_REQUEST_DONE;
    if (supervisor_ask(test->supervisor, &request) != -ENOTSUP)
        log_error("the test source was written what its row does not take");
    request.kind = SOURCE_REQUEST_RESOLVE;
    if (!dname_from_text("asked.dormammu.lookback.io", &request.name) ||
        supervisor_ask(test->supervisor, &request) != 0)
        loop_timer_set(test->timer, ASK_MS);
}

static int test_open(struct supervisor *supervisor, const struct sources_options *options,
                     void **self)
{
    struct test *test = *self = calloc(1, sizeof(*test));

    (void)options;
    if (!test)
        return -ENOMEM;
    test->supervisor = supervisor;
    test->timer = loop_timer(supervisor->loop, on_timer, test);
    if (!test->timer)
        return -ENOMEM;
    loop_timer_set(test->timer, ASK_MS);
    return 0;
}

static void test_close(void *self)
{
    struct test *test = self;

    loop_unwatch(test->timer);
    free(test);
}

static int test_plan(void *self, const struct source_knowledge *known, int *memfd)
{
    (void)self, (void)known;
    *memfd = memfd_create("nothing to know", MFD_CLOEXEC);
    return *memfd < 0 ? -errno : 0;
}

const struct source_row test_row = {
    .source = SOURCE_TEST,
    .open = test_open,
    .close = test_close,
    .plan = test_plan,
};
