/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zeroed memory that costs nothing until it is touched, whatever the allocator would make of so
 * large a piece: tables are made for the worst case and used for the ordinary one.
 */
#ifndef WILDSET_BASE_BIG_TABLE_H
#define WILDSET_BASE_BIG_TABLE_H

#include <stddef.h>
#include <sys/mman.h>

/* NULL when out of memory. */
static inline void *big_table_new(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

static inline void big_table_free(void *memory, size_t size)
{
    if (memory)
        munmap(memory, size);
}

#endif
