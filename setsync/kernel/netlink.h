/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this directory share: one command socket, one buffer that requests and
 * transactions are built in, and how the kernel's answers are read.  Nobody else includes this.
 */
#ifndef WILDSET_SETSYNC_KERNEL_NETLINK_H
#define WILDSET_SETSYNC_KERNEL_NETLINK_H

#include "setsync/kernel/nftset.h"

#include <arpa/inet.h> /* before linux/netfilter.h, which has its own in_addr else */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

enum {
    NFTSET_RECEIVE_BUFFER = 64 * 1024,
    NFTSET_BUFFER_START = 256 * 1024,
};

struct nftset {
    struct mnl_socket *command; /* requests, transactions and their errors */
    struct mnl_socket *event;   /* notifications; NULL when not to be had */
    uint32_t port;              /* of `command`: our own changes carry it */
    bool deaf;                  /* `event` is there, but cannot listen any more */
    bool missed;                /* others changed something, and no notification tells */
    uint32_t known;             /* the generation up to which the sets were looked at; 0: none */
    bool unread; /* what the kernel said to the last request was not read to its end */
    uint32_t sequence;
    char *buffer;
    size_t size, used;
    struct nftnl_set_elem *element; /* one, filled again for each */
    char receive[NFTSET_RECEIVE_BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* ---- netlink.c ---- */

/* A socket of its own, not blocking.  0 or -errno. */
int nftset_socket(struct mnl_socket **out);

/* Free room for one more message of up to 192 KiB; the buffer may move.  0 or -ENOMEM. */
int nftset_reserve(struct nftset *nft);
/* Gives the memory of a large transaction back: the next ones are small. */
void nftset_trim(struct nftset *nft);
struct nlmsghdr *nftset_begin(struct nftset *nft, uint16_t type, uint8_t family, uint16_t flags);
void nftset_end(struct nftset *nft, const struct nlmsghdr *header);
/* Only for this generation of the ruleset: -ERESTART otherwise; 0: for any. */
void nftset_begin_batch(struct nftset *nft, uint32_t generation);
void nftset_end_batch(struct nftset *nft);

/* Errors that an earlier call did not read must not be taken for this one's. */
void nftset_drain(struct nftset *nft);
/* The buffer, in one go.  0 or -errno. */
int nftset_send(struct nftset *nft);
/* The -errno of an error message, 0 for an ack, 1 for any other message. */
int nftset_error(const struct nlmsghdr *header);

typedef void nftset_each_error(void *context, uint32_t sequence, int error);
/* All that the kernel says about a batch: it is queued already.  The first error, or 0. */
int nftset_errors(struct nftset *nft, nftset_each_error *each, void *context);

typedef void nftset_each_reply(void *context, const struct nlmsghdr *header);
/*
 * Sends the buffer and tells each reply; none has to be waited for.  -ENOENT counts as a reply that
 * says no.  0 or the first other -errno.
 */
int nftset_ask(struct nftset *nft, nftset_each_reply *each, void *context);

typedef bool nftset_visit(void *context, const struct nlmsghdr *header);
/*
 * Sends the buffer, a request for a dump, and tells each reply until `visit` has had enough:
 * -E2BIG. -EINTR when something changed under the walk; 0 or another -errno.
 */
int nftset_dump_all(struct nftset *nft, nftset_visit *visit, void *context);

/* ---- generation.c ---- */

/* One that hears of each transaction's end.  0 or -errno. */
int nftset_open_events(struct mnl_socket **out);
/* After a transaction of ours: what was known is known of the generation that it made, too. */
void nftset_follow(struct nftset *nft);
/* Around a large transaction, which then takes half the time.  True: nobody listens now. */
bool nftset_silence_begin(struct nftset *nft);
void nftset_silence_end(struct nftset *nft, bool committed);

/* ---- element.c ---- */

/* One element into a message: the key alone. */
int nftset_put_key(struct nftset *nft, struct nlmsghdr *header, const struct address *address,
                   uint32_t flags);
/* A change's element: the key alone, or the whole, with its time and comment. */
int nftset_put_change(struct nftset *nft, struct nlmsghdr *header,
                      const struct nftset_change *change, bool whole);

#endif
