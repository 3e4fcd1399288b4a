/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another program's output, within bounds of size and time.
 */
#ifndef WILDSET_BASE_PROGRAM_H
#define WILDSET_BASE_PROGRAM_H

#include <stddef.h>

/*
 * Runs argv[0], looked for in the system's own directories, with neither input nor this process's
 * environment.  0 with its output, to be freed, when it ends well in time; -ENOENT without such a
 * program, -ETIMEDOUT, -EFBIG, or -EIO with the first line that it said on stderr in `said`.
 */
enum { PROGRAM_SAID_MAX = 256 };
int program_read(const char *const *argv, size_t most, unsigned timeout_ms, char **out,
                 size_t *size, char said[static PROGRAM_SAID_MAX]);

#endif
