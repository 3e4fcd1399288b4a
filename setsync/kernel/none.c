/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftset.h for a program that never talks to the kernel: linked into replay, it keeps libnftnl and
 * libmnl out.  Such a program asks for no kernel (setsync_options), so nothing but nftset_open
 * would ever be called.
 */
#include "setsync/kernel/nftset.h"

#include <errno.h>

int nftset_open(struct nftset **out)
{
    (void)out;
    return -ENOSYS;
}

void nftset_close(struct nftset *nft)
{
    (void)nft;
}

int nftset_event_fd(const struct nftset *nft)
{
    (void)nft;
    return -1;
}

bool nftset_foreign_change(struct nftset *nft)
{
    (void)nft;
    return false;
}

int nftset_mark(struct nftset *nft)
{
    (void)nft;
    return -ENOTCONN;
}

bool nftset_is_told(const struct nftset *nft)
{
    (void)nft;
    return false;
}

bool nftset_missed(struct nftset *nft)
{
    (void)nft;
    return false;
}

int nftset_generation(struct nftset *nft, uint32_t *out)
{
    (void)nft;
    (void)out;
    return -ENOTCONN;
}

int nftset_inspect(struct nftset *nft, const struct set_name *name, struct nftset_view *out)
{
    (void)nft, (void)name, (void)out;
    return -ENOSYS;
}

int nftset_each_set(struct nftset *nft, uint8_t family, const char *table, nftset_each_view *each,
                    void *context)
{
    (void)nft, (void)family, (void)table, (void)each, (void)context;
    return -ENOSYS;
}

int nftset_create(struct nftset *nft, const struct set_name *name, enum address_family family,
                  uint32_t size, bool table_exists)
{
    (void)nft, (void)name, (void)family, (void)size, (void)table_exists;
    return -ENOSYS;
}

int nftset_commit(struct nftset *nft, struct nftset_change *changes, size_t count)
{
    (void)nft, (void)changes, (void)count;
    return -ENOSYS;
}

int nftset_read(struct nftset *nft, const struct set_name *set, bool is_interval,
                const struct address *const *addresses, size_t count, struct nftset_element *out)
{
    (void)nft, (void)set, (void)is_interval, (void)addresses, (void)count, (void)out;
    return -ENOSYS;
}

int nftset_dump(struct nftset *nft, const struct set_name *set, size_t most, nftset_each *each,
                void *context)
{
    (void)nft, (void)set, (void)most, (void)each, (void)context;
    return -ENOSYS;
}

void nftset_warm(struct nftset *nft, const struct nftset_change *change)
{
    (void)nft;
    (void)change;
}

int nftset_walk_open(struct nftset *nft, const struct set_name *set, struct nftset_walk **out)
{
    (void)nft, (void)set, (void)out;
    return -ENOSYS;
}

int nftset_walk_step(struct nftset *nft, struct nftset_walk *walk, nftset_each *each, void *context)
{
    (void)nft, (void)walk, (void)each, (void)context;
    return -ENOSYS;
}

void nftset_walk_close(struct nftset_walk *walk)
{
    (void)walk;
}
