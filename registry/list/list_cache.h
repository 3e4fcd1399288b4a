/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last good list, kept over restarts in a file that the daemon opens and hands over: the
 * process can open nothing itself.  Two slots are written in turn, each with a sequence number and
 * a checksum over all of it: a crash while one is written leaves the other, and half a list is
 * never trusted.
 */
#ifndef WILDSET_REGISTRY_LIST_LIST_CACHE_H
#define WILDSET_REGISTRY_LIST_LIST_CACHE_H

#include "registry/fetch/fetch.h"
#include "registry/list/accepted.h"

enum {
    LIST_CACHE_SLOT_SIZE = 2 << 20, /* bytes: the largest list and its head fit */
    LIST_CACHE_FILE_SIZE_MAX = 2 * LIST_CACHE_SLOT_SIZE,
};

struct list_cache {
    uint64_t sequence;
    uint64_t origin; /* list_cache_digest of the URL: another list's is not this one's */
    uint64_t
        judged; /* list_cache_digest of what it was judged by: with another the tags do not hold */
    uint64_t good_ns; /* CLOCK_REALTIME when it was last seen to be right */
    char etag[FETCH_TAG_MAX], modified[FETCH_TAG_MAX];
};

uint64_t list_cache_digest(uint64_t before, const void *data, size_t size);

/* Writes what was accepted to the older slot and counts `cache->sequence` up.  0 or -errno. */
int list_cache_write(int fd, struct list_cache *cache, const struct accepted *accepted);
/*
 * The newer good slot: fills *out, and `accepted` by its own judgement.  -ENOENT when no slot is
 * good (an empty file too), or -errno.
 */
int list_cache_read(int fd, struct list_cache *out, struct accepted *accepted);
/* One slot's bytes: what list_cache_read does with it.  False when it is not whole and right. Pure.
 */
bool list_cache_parse(const uint8_t *bytes, size_t size, struct list_cache *out,
                      struct accepted *accepted);

#endif
