/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of contents of a source.
 */
#include "source/program.h"

#include "base/log.h"
#include "source/fds.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

int source_fd_if_open(int fd)
{
    return fcntl(fd, F_GETFD) < 0 ? -1 : fd;
}

static int fail(const char *doing, int error)
{
    log_error("%s: %s", doing, strerror(-error));
    return EXIT_FAILURE;
}

int source_main(const struct source_program *program, void *self)
{
    int result;

    log_open(program->name, LOG_LEVEL_INFO);
    if (source_fd_if_open(SOURCE_CHANNEL_FD) < 0) {
        log_error("not to be started by hand: it needs descriptors from wildsetd%s",
                  program->by_hand);
        return EXIT_FAILURE;
    }
    program->prepare(self);
    result = program->plan(self, SOURCE_PLAN_FD);
    if (result < 0)
        return fail("reading the plan", result);
    result = program->open(self);
    if (result < 0)
        return fail(program->opening, result);
    result = sandbox_drop_capabilities();
    if (result == 0)
        result = sandbox_enter(program->sandbox());
    if (result < 0)
        return fail("entering the sandbox, without which nothing is read", result);
    result = program->run(self);
    return result < 0 ? fail(program->working, result) : EXIT_SUCCESS;
}
