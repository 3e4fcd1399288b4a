/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes that a process is given at exec and nobody can change: a memfd, sealed.
 */
#ifndef WILDSET_BASE_SEALED_H
#define WILDSET_BASE_SEALED_H

#include <stddef.h>

struct sealed_part {
    const void *data;
    size_t size;
};

/* The parts one behind the other; close-on-exec.  The descriptor or -errno. */
int sealed_make(const char *name, const struct sealed_part *parts, size_t count);
/*
 * Maps what sealed_make made, for reading, until sealed_unmap or the process's end.  0; -EBADMSG
 * when it is not sealed or empty; or -errno.
 */
int sealed_map(int fd, const void **bytes, size_t *size);
void sealed_unmap(const void *bytes, size_t size);

#endif
