/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that a source needs in the daemon: a plan.  This one has nothing to know, so that it is
 * an empty file.
 */
#include "tests/seams/test_source.h"

#include <errno.h>
#include <sys/mman.h>

static int test_plan(void *self, const struct source_knowledge *known, int *memfd)
{
    (void)self, (void)known;
    *memfd = memfd_create("nothing to know", MFD_CLOEXEC);
    return *memfd < 0 ? -errno : 0;
}

const struct source_row test_row = {
    .source = SOURCE_TEST,
    .plan = test_plan,
};
