/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The heap behind leases' next moments and whitelists' quotas.  Nodes know their place, so that
 * moving one costs no search.
 */
#include "base/heap.h"

#include <errno.h>
#include <stdlib.h>

enum { HEAP_FIRST_ROOM = 64 };

static void place(struct heap *heap, size_t index, struct heap_node *node)
{
    heap->nodes[index] = node;
    node->place = index + 1;
}

/* Up to below a parent that is no larger, or down to above children that are no smaller. */
static void settle(struct heap *heap, size_t index)
{
    struct heap_node *node = heap->nodes[index];

    while (index > 0 && heap->nodes[(index - 1) / 2]->key > node->key) {
        place(heap, index, heap->nodes[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    for (size_t child; (child = 2 * index + 1) < heap->count; index = child) {
        if (child + 1 < heap->count && heap->nodes[child + 1]->key < heap->nodes[child]->key)
            child++;
        if (heap->nodes[child]->key >= node->key)
            break;
        place(heap, index, heap->nodes[child]);
    }
    place(heap, index, node);
}

void heap_free(struct heap *heap)
{
    free(heap->nodes);
    *heap = (struct heap){0};
}

int heap_put(struct heap *heap, struct heap_node *node, uint64_t key)
{
    if (node->place != 0 && node->key == key)
        return 0;
    if (node->place == 0) {
        if (heap->count == heap->room) {
            size_t room = heap->room > 0 ? 2 * heap->room : HEAP_FIRST_ROOM;
            struct heap_node **nodes = reallocarray(heap->nodes, room, sizeof(*nodes));
            if (nodes == NULL)
                return -ENOMEM;
            heap->nodes = nodes;
            heap->room = room;
        }
        heap->count++;
        place(heap, heap->count - 1, node);
    }
    node->key = key;
    settle(heap, node->place - 1);
    return 0;
}

void heap_take(struct heap *heap, struct heap_node *node)
{
    if (node->place == 0)
        return;
    size_t index = node->place - 1;
    node->place = 0;
    heap->count--;
    if (index == heap->count)
        return;
    place(heap, index, heap->nodes[heap->count]);
    settle(heap, index);
}

struct heap_node *heap_top(const struct heap *heap)
{
    return heap->count > 0 ? heap->nodes[0] : NULL;
}
