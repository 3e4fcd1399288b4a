/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process is given at exec and nobody can change: a struct and the arrays that it points to,
 * as bytes in a memfd, sealed.  Writer and reader are of one build on one machine, so values lie
 * there as they are.  They are checked all the same: a process must not be what a stray descriptor
 * makes of it.
 *
 * The bytes: magic, the number of elements of each array, the struct's values, the arrays one
 * behind the other.
 */
#ifndef WILDSET_BASE_SEALED_H
#define WILDSET_BASE_SEALED_H

#include <stdbool.h>
#include <stddef.h>

enum { SEALED_ARRAYS_MAX = 8 };

struct sealed_array {
    size_t pointer, count; /* where the struct has them; the count is a size_t */
    size_t size;           /* of an element */
    size_t most;           /* elements */
    bool (*is_valid)(const void *sealed, const void *element);
};

/* The row of an array that stands in the struct as `member` and `count`. */
#define SEALED_ARRAY(type, member, count, most, is_valid)                                          \
    {                                                                                              \
        offsetof(type, member), offsetof(type, count), sizeof(*((type *)0)->member), most,         \
            is_valid                                                                               \
    }

/* The arrays' order keeps each of them aligned; neither values nor elements have padding. */
struct sealed_layout {
    const char *name; /* of the memfd, in /proc */
    char magic[8];
    size_t values, values_size; /* where the struct has what is neither pointer nor count */
    bool (*values_are_valid)(const void *sealed); /* NULL: there are none */
    struct sealed_array arrays[SEALED_ARRAYS_MAX];
    size_t array_count;
};

/* A read-only memfd, close-on-exec.  The descriptor; -E2BIG or another -errno. */
int sealed_make(const struct sealed_layout *layout, const void *sealed);
/*
 * What sealed_make made: seals, sizes, counts and values are checked.  The arrays lie in a mapping
 * that lives as long as the process.  0; -EBADMSG when it is not of that layout, or -errno.  What
 * *out is then has no meaning.
 */
int sealed_open(const struct sealed_layout *layout, int fd, void *out);
/* The checks of sealed_open on bytes, aligned as by malloc; the arrays lie in them. */
bool sealed_read(const struct sealed_layout *layout, const void *bytes, size_t size, void *out);

#endif
