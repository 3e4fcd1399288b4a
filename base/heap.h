/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A binary min-heap of nodes that live inside other objects: what comes next, and how to take out
 * or move any member in logarithmic time.
 */
#ifndef WILDSET_BASE_HEAP_H
#define WILDSET_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_node {
    uint64_t key;
    size_t place; /* its index plus one; 0: in no heap */
};

struct heap {
    struct heap_node **nodes; /* [0] has the least key */
    size_t count, room;
};

void heap_free(struct heap *heap);
/* Inserts a node, or moves one that is in.  0, or -ENOMEM and nothing changed. */
int heap_put(struct heap *heap, struct heap_node *node, uint64_t key);
/* Takes a node out; nothing when it is not in. */
void heap_take(struct heap *heap, struct heap_node *node);
/* The node with the least key, or NULL. */
struct heap_node *heap_top(const struct heap *heap);

#define heap_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

#endif
