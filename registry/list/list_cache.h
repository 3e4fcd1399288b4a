/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last good list, kept over restarts in a file that the daemon opens and hands over: the
 * process can open nothing itself.  Two slots are written in turn, each with a sequence number and
 * a checksum over all of it: a crash while one is written leaves the other, and half a list is
 * never believed.
 */
#ifndef WILDSET_REGISTRY_LIST_LIST_CACHE_H
#define WILDSET_REGISTRY_LIST_LIST_CACHE_H

#include "registry/fetch/fetch.h"
#include "registry/list/accepted.h"

enum {
    KEPT_SLOT_SIZE = 2 << 20, /* bytes: the largest list and its head fit */
    KEPT_FILE_SIZE_MAX = 2 * KEPT_SLOT_SIZE,
};

struct kept {
    uint64_t sequence;
    uint64_t origin;  /* kept_digest of the URL: another list's is not this one's */
    uint64_t judged;  /* kept_digest of what it was judged by: with another the tags do not hold */
    uint64_t good_ns; /* CLOCK_REALTIME when it was last seen to be right */
    char etag[FETCH_TAG_MAX], modified[FETCH_TAG_MAX];
};

uint64_t kept_digest(uint64_t before, const void *data, size_t size);

/* Writes what was accepted to the older slot and counts `kept->sequence` up.  0 or -errno. */
int kept_write(int fd, struct kept *kept, const struct accepted *accepted);
/*
 * The newer good slot: fills *out, and `accepted` by its own judgement.  -ENOENT when no slot is
 * good (an empty file too), or -errno.
 */
int kept_read(int fd, struct kept *out, struct accepted *accepted);
/* One slot's bytes: what kept_read does with it.  False when it is not whole and right.  Pure. */
bool kept_parse(const uint8_t *bytes, size_t size, struct kept *out, struct accepted *accepted);

#endif
