/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * They stand in two orders: by address in the C library's search tree, which is balanced whoever
 * chooses the addresses, and by the time at which they leave in a heap.
 */
#include "daemon/outputs/feed.h"

#include "base/heap.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

struct held {
    struct address address;
    bool confirmed;  /* since feed_compare_begin */
    uint64_t end_ns; /* of its lease */
    struct heap_node leaves;
};

struct feed {
    struct feed_limits limits;
    void *by_address;
    struct heap by_time;
    uint64_t changes;
};

static int held_compare(const void *a, const void *b)
{
    const struct held *left = a, *right = b;
    return address_compare(&left->address, &right->address);
}

static struct held *held_at(struct heap_node *node)
{
    return heap_entry(node, struct held, leaves);
}

static struct held *feed_find(const struct feed *feed, const struct address *address)
{
    const struct held wanted = {.address = *address};
    void *found = tfind(&wanted, &feed->by_address, held_compare);
    return found ? *(struct held **)found : NULL;
}

static uint64_t leaves_ns(const struct feed *feed, uint64_t end_ns)
{
    return end_ns < UINT64_MAX - feed->limits.linger_ns ? end_ns + feed->limits.linger_ns
                                                        : UINT64_MAX;
}

static void feed_remove(struct feed *feed, struct held *held)
{
    tdelete(held, &feed->by_address, held_compare);
    heap_take(&feed->by_time, &held->leaves);
    free(held);
    feed->changes++;
}

struct feed *feed_new(const struct feed_limits *limits)
{
    struct feed *feed = calloc(1, sizeof(*feed));
    if (feed)
        feed->limits = *limits;
    return feed;
}

void feed_clear(struct feed *feed)
{
    while (feed->by_time.count > 0)
        feed_remove(feed, held_at(heap_top(&feed->by_time)));
}

void feed_free(struct feed *feed)
{
    if (!feed)
        return;
    feed_clear(feed);
    heap_free(&feed->by_time);
    free(feed);
}

int feed_hold(struct feed *feed, const struct address *address, uint64_t end_ns)
{
    struct held *held = feed_find(feed, address);

    if (held) {
        held->confirmed = true;
        if (end_ns <= held->end_ns)
            return 0;
        held->end_ns = end_ns;
        return heap_put(&feed->by_time, &held->leaves, leaves_ns(feed, end_ns));
    }
    while (feed->by_time.count >= feed->limits.most)
        feed_remove(feed, held_at(heap_top(&feed->by_time)));
    held = calloc(1, sizeof(*held));
    if (!held)
        return -ENOMEM;
    *held = (struct held){.address = *address, .confirmed = true, .end_ns = end_ns};
    if (!tsearch(held, &feed->by_address, held_compare)) {
        free(held);
        return -ENOMEM;
    }
    if (heap_put(&feed->by_time, &held->leaves, leaves_ns(feed, end_ns)) < 0) {
        tdelete(held, &feed->by_address, held_compare);
        free(held);
        return -ENOMEM;
    }
    feed->changes++;
    return 0;
}

void feed_drop(struct feed *feed, const struct address *address)
{
    struct held *held = feed_find(feed, address);
    if (held)
        feed_remove(feed, held);
}

uint64_t feed_due(const struct feed *feed)
{
    const struct heap_node *first = heap_top(&feed->by_time);
    return first ? first->key : UINT64_MAX;
}

void feed_run(struct feed *feed, uint64_t now_ns)
{
    while (feed_due(feed) <= now_ns)
        feed_remove(feed, held_at(heap_top(&feed->by_time)));
}

/* All of them, in an array to free, since the heap moves under who changes it.  NULL when empty or
 * out of memory. */
static struct held **feed_list_held(const struct feed *feed, size_t *count)
{
    struct held **all = calloc(feed->by_time.count + 1, sizeof(struct held *));

    *count = all ? feed->by_time.count : 0;
    for (size_t i = 0; i < *count; i++)
        all[i] = held_at(feed->by_time.nodes[i]);
    return all;
}

int feed_compare_begin(struct feed *feed, const struct feed_limits *limits)
{
    size_t count;
    struct held **all = feed_list_held(feed, &count);

    if (!all)
        return -ENOMEM;
    feed->limits = *limits;
    for (size_t i = 0; i < count; i++) {
        all[i]->confirmed = false;
        (void)heap_put(&feed->by_time, &all[i]->leaves, leaves_ns(feed, all[i]->end_ns));
    }
    free(all);
    while (feed->by_time.count > feed->limits.most)
        feed_remove(feed, held_at(heap_top(&feed->by_time)));
    return 0;
}

void feed_compare_end(struct feed *feed, uint64_t now_ns)
{
    size_t count;
    struct held **all = feed_list_held(feed, &count);

    for (size_t i = 0; i < count; i++)
        if (!all[i]->confirmed && all[i]->end_ns > now_ns)
            feed_remove(feed, all[i]);
    free(all);
}

size_t feed_count(const struct feed *feed)
{
    return feed->by_time.count;
}

uint64_t feed_changes(const struct feed *feed)
{
    return feed->changes;
}

static void held_print(const void *node, VISIT visit, void *out)
{
    const struct held *held = *(struct held *const *)node;
    char text[ADDRESS_TEXT_MAX];

    if (visit == postorder || visit == leaf)
        fprintf(out, "%s\n", address_to_text(&held->address, text));
}

void feed_print(const struct feed *feed, FILE *out)
{
    twalk_r(feed->by_address, held_print, out);
}
