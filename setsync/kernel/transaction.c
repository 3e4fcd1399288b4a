/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions: changes of elements, all or nothing.  A message may hold at most 64 KiB of
 * elements, and libnftnl does not check.
 */
#include "setsync/kernel/netlink.h"

enum {
    ELEMENTS_PER_MESSAGE = 256, /* under 64 KiB with the longest comments */
    LARGE = 512,                /* changes: worth the four calls that a silence takes */
};

/* The passes of a transaction, in this order; each change takes part in some of them. */
static const struct pass {
    uint16_t type;
    uint8_t actions; /* bit N: enum nftset_action N */
    bool whole;
} passes[] = {
    {NFT_MSG_NEWSETELEM, 1 << NFTSET_DELETE | 1 << NFTSET_REPLACE, true},
    {NFT_MSG_DELSETELEM, 1 << NFTSET_DELETE | 1 << NFTSET_REPLACE, false},
    {NFT_MSG_NEWSETELEM, 1 << NFTSET_ADD | 1 << NFTSET_UPDATE | 1 << NFTSET_REPLACE, true},
};

enum { PASS_COUNT = sizeof(passes) / sizeof(passes[0]) };

static bool pass_includes(const struct pass *pass, const struct nftset_change *change)
{
    return (pass->actions >> change->action & 1) != 0;
}

/* The changes that share a message: of one pass and one set, in order. */
struct run {
    unsigned pass;
    size_t first, end; /* members lie in [first, end), with others between that take no part */
};

static void run_find_end(const struct nftset_change *changes, size_t count, struct run *run)
{
    unsigned elements = 0;
    const struct set_name *set = changes[run->first].set;
    run->end = run->first;
    for (size_t at = run->first; at < count && elements < ELEMENTS_PER_MESSAGE; at++) {
        if (changes[at].set != set)
            return;
        if (!pass_includes(&passes[run->pass], &changes[at]))
            continue;
        elements++;
        run->end = at + 1;
    }
}

/* Steps to the next message, beginning with a run of all zeros; false behind the last one. */
static bool run_next(const struct nftset_change *changes, size_t count, struct run *run)
{
    for (; run->pass < PASS_COUNT; run->pass++, run->end = 0) {
        for (size_t at = run->end; at < count; at++) {
            if (!pass_includes(&passes[run->pass], &changes[at]))
                continue;
            run->first = at;
            run_find_end(changes, count, run);
            return true;
        }
    }
    return false;
}

static int run_put(struct nftset *nft, const struct nftset_change *changes, const struct run *run)
{
    int result = nftset_reserve(nft);
    if (result < 0)
        return result;
    const struct pass *pass = &passes[run->pass];
    const struct set_name *set = changes[run->first].set;
    uint16_t flags = pass->type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0;
    struct nlmsghdr *header = nftset_begin(nft, pass->type, set->family, flags);
    mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, set->table);
    mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, set->set);
    struct nlattr *list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
    for (size_t at = run->first; at < run->end && result == 0; at++)
        if (pass_includes(pass, &changes[at]))
            result = nftset_put_change(nft, header, &changes[at], pass->whole);
    mnl_attr_nest_end(header, list);
    nftset_end(nft, header);
    return result;
}

/* What it takes to name the changes of a message that failed. */
struct blame {
    struct nftset_change *changes;
    size_t count;
    uint32_t begin; /* the sequence number of the batch's begin; the messages follow it */
};

static void blame_message(void *context, uint32_t sequence, int error)
{
    const struct blame *blame = context;
    uint32_t at_sequence = blame->begin;
    struct run run = {0};
    while (run_next(blame->changes, blame->count, &run)) {
        if (++at_sequence != sequence)
            continue;
        for (size_t at = run.first; at < run.end; at++)
            if (pass_includes(&passes[run.pass], &blame->changes[at]))
                blame->changes[at].error = error;
        return;
    }
}

static int batch_build(struct nftset *nft, const struct nftset_change *changes, size_t count)
{
    struct run run = {0};
    while (run_next(changes, count, &run)) {
        int result = run_put(nft, changes, &run);
        if (result < 0)
            return result;
    }
    nftset_end_batch(nft);
    return 0;
}

static int batch_commit(struct nftset *nft, struct nftset_change *changes, size_t count)
{
    nftset_begin_batch(nft, nft->known);
    struct blame blame = {.changes = changes, .count = count, .begin = nft->sequence};
    int result = batch_build(nft, changes, count);
    if (result < 0)
        return result;
    nftset_drain(nft);
    result = nftset_send(nft);
    nftset_trim(nft);
    return result < 0 ? result : nftset_errors(nft, blame_message, &blame);
}

int nftset_commit(struct nftset *nft, struct nftset_change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        changes[i].error = 0;
    if (nft->known == 0)
        return -ERESTART; /* nothing was looked at, so nothing may be written */
    bool is_silent = count >= LARGE && nftset_silence_begin(nft);
    int result = batch_commit(nft, changes, count);
    if (is_silent)
        nftset_silence_end(nft, result == 0);
    else if (result == 0)
        nftset_follow(nft);
    return result;
}

void nftset_warm(struct nftset *nft, const struct nftset_change *change)
{
    struct nftset_element absent;
    nftset_begin_batch(nft, nft->known);
    (void)batch_build(nft, change, 1);
    (void)nftset_read(nft, change->set, change->is_interval, &change->address, 1, &absent);
    nftset_begin_batch(nft, nft->known);
    nftset_end_batch(nft);
    nftset_drain(nft);
    if (nftset_send(nft) == 0)
        (void)nftset_errors(nft, NULL, NULL);
}
