/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftables sets through netlink: look at one, make one, change elements in one transaction, read
 * single elements, follow the changes of others.  Only this directory knows libnftnl and libmnl.
 * CAP_NET_ADMIN is needed by each call.  Nothing here waits: the kernel has answered when a send
 * returns.
 */
#ifndef WILDSET_SETSYNC_KERNEL_NFTSET_H
#define WILDSET_SETSYNC_KERNEL_NFTSET_H

#include "dnsparse/names/address.h"
#include "dnsparse/names/dname.h"
#include "setsync/leases/names.h"
#include "setsync/policy/whitelist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NFTSET_KEY_IPV4 = 7,      /* nft's number for ipv4_addr */
    NFTSET_KEY_IPV6 = 8,      /* ipv6_addr */
    NFTSET_COMMENT_MAX = 128, /* with its NUL: nft cannot load a saved ruleset with a longer one */
};

struct nftset;

/* 0 or -errno. */
int nftset_open(struct nftset **out);
void nftset_close(struct nftset *nft);

/* Readable when something changed in the ruleset, our own changes included; -1 when not to be had.
 */
int nftset_event_fd(const struct nftset *nft);
/* Reads the notifications that are there.  True when another program changed something. */
bool nftset_foreign_change(struct nftset *nft);

/*
 * The ruleset as it is from here on is what the caller will look at; transactions are made for that
 * generation only.  A set may have been replaced by another of its name since it was looked at, and
 * in an interval set what is written for a plain one matches every address above it.  0 or -errno.
 */
int nftset_mark(struct nftset *nft);

/* True when nftset_event_fd tells of others' changes; false: the generation has to be asked. */
bool nftset_is_told(const struct nftset *nft);
/* True once when others may have changed something that no notification told of. */
bool nftset_missed(struct nftset *nft);

/* The ruleset's generation: another number after each effective change, ours too.  0 or -errno. */
int nftset_generation(struct nftset *nft, uint32_t *out);

struct nftset_view {
    bool table_exists, exists;
    bool table_owned;      /* by a program (flags owner): others cannot write */
    uint64_t table_handle; /* changes when the table is made again; the set's own repeats */
    uint64_t handle;
    uint32_t flags; /* NFT_SET_... */
    uint32_t key_type, key_length;
    uint32_t size;           /* 0: no limit of its own */
    uint32_t gc_interval_ms; /* 0: the kernel's, one second */
    uint64_t timeout_ms;     /* default of new elements, 0: none */
};

/* A set or table that is not there is no error: see `exists`.  0 or -errno. */
int nftset_inspect(struct nftset *nft, const struct set_name *name, struct nftset_view *out);
typedef void nftset_each_view(void *context, const struct set_name *name,
                              const struct nftset_view *view);
/* The sets of a table, none when there is no such table.  0 or -errno. */
int nftset_each_set(struct nftset *nft, uint8_t family, const char *table, nftset_each_view *each,
                    void *context);
/*
 * Makes the set (flags timeout), and the table when it is not there either; never changes one that
 * is.  0, -EEXIST when someone else was faster, or another -errno.
 */
int nftset_create(struct nftset *nft, const struct set_name *name, enum address_family family,
                  uint32_t size, bool table_exists);

enum nftset_action {
    NFTSET_ADD, /* an element believed absent; one that lives keeps its time on kernels before 6.12
                 */
    NFTSET_UPDATE,  /* an element that lives, in place: kernels from 6.12 on */
    NFTSET_REPLACE, /* add, delete, add: right on every kernel, whether the element lives or not */
    NFTSET_DELETE,  /* add, delete: never fails, whether the element lives or not */
};

struct nftset_change {
    const struct set_name *set;
    const struct address *address;
    const struct kept_name *name; /* becomes the comment; NULL: none */
    uint64_t timeout_ms;          /* timeout and expiration, 1 or more */
    enum nftset_action action;
    bool is_interval; /* the set has the flag interval */
    int error;        /* out: 0, or -errno of the message that held it */
};

/*
 * One transaction: all or nothing, in the kernel when it returns 0.  Deletions come first, so that
 * they make room.  On failure the first -errno, and `error` in the changes that the kernel named;
 * none is named when the transaction failed as a whole (-EPERM, -ENOBUFS...); -ERESTART: someone
 * changed the ruleset since nftset_mark, and nothing was done.
 */
int nftset_commit(struct nftset *nft, struct nftset_change *changes, size_t count);
/*
 * The way of a commit but for the change itself: the transaction is built and not sent, an empty
 * one is sent instead, and the element, which is not there, asked for.
 */
void nftset_warm(struct nftset *nft, const struct nftset_change *change);

struct nftset_element {
    struct address address;
    bool exists;
    bool is_wide;        /* of nftset_read: an interval of more addresses than this one */
    uint64_t timeout_ms; /* 0: permanent */
    uint64_t expires_ms; /* time left */
    uint64_t read_ns;    /* at this CLOCK_BOOTTIME */
    char comment[NFTSET_COMMENT_MAX * 2];
};

/*
 * Single elements, in order; an absent one is no error.  In an interval set what covers the
 * address, which may be wide.  0 or -errno.
 */
int nftset_read(struct nftset *nft, const struct set_name *set, bool is_interval,
                const struct address *const *addresses, size_t count, struct nftset_element *out);

typedef void nftset_each(void *context, const struct nftset_element *element);
/*
 * A whole set, if it holds at most `most` elements: -E2BIG else, when that many have been told. The
 * kernel walks a large set again and again: a million elements take 50 s.  Of an interval only
 * its start is told; other keys are left out.  0 or -errno.
 */
int nftset_dump(struct nftset *nft, const struct set_name *set, size_t most, nftset_each *each,
                void *context);

/* The same a little at a time, on a socket of its own: some 400 elements a step. */
struct nftset_walk;
/* 0 or -errno. */
int nftset_walk_open(struct nftset *nft, const struct set_name *set, struct nftset_walk **out);
/* 1 while there are more, 0 at the end, or -errno; changes under the walk are no error. */
int nftset_walk_step(struct nftset *nft, struct nftset_walk *walk, nftset_each *each,
                     void *context);
void nftset_walk_close(struct nftset_walk *walk);

/*
 * All of the above, for setsync: it calls the kernel through this, so that a program that hands it
 * none links none of it, and a test may stand between.
 */
struct nftset_ops {
    __typeof__(nftset_open) *open;
    __typeof__(nftset_close) *close;
    __typeof__(nftset_event_fd) *event_fd;
    __typeof__(nftset_foreign_change) *foreign_change;
    __typeof__(nftset_mark) *mark;
    __typeof__(nftset_is_told) *is_told;
    __typeof__(nftset_missed) *missed;
    __typeof__(nftset_generation) *generation;
    __typeof__(nftset_inspect) *inspect;
    __typeof__(nftset_each_set) *each_set;
    __typeof__(nftset_create) *create;
    __typeof__(nftset_commit) *commit;
    __typeof__(nftset_warm) *warm;
    __typeof__(nftset_read) *read;
    __typeof__(nftset_dump) *dump;
    __typeof__(nftset_walk_open) *walk_open;
    __typeof__(nftset_walk_step) *walk_step;
    __typeof__(nftset_walk_close) *walk_close;
};
/* The kernel that runs here. */
const struct nftset_ops *nftset_kernel(void);

/* The name as an element's comment: [A-Za-z0-9._*:-] only; of a long one the labels at its end. */
const char *nftset_comment(const struct dname *name, char out[static NFTSET_COMMENT_MAX]);

#endif
