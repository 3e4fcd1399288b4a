/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others change: one notification for each of their transactions, and the ruleset's generation
 * where none is to be had.
 */
#include "setsync/kernel/netlink.h"

#include <linux/filter.h>

/* ---- the socket ---- */

/*
 * Only NEWGEN, the one message at each transaction's end: the elements' own would overflow the
 * socket when someone loads a large set.  BPF loads big-endian, netlink is in the host's order.
 */
static int event_filter(int fd)
{
    const uint16_t type = htons((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWGEN);
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
        return -errno;
    return 0;
}

int nftset_open_events(struct mnl_socket **out)
{
    struct mnl_socket *socket;
    int result = nftset_socket(&socket);
    if (result < 0)
        return result;
    int group = NFNLGRP_NFTABLES;
    result = event_filter(mnl_socket_get_fd(socket));
    if (result == 0 &&
        mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
        result = -errno;
    if (result < 0) {
        mnl_socket_close(socket);
        return result;
    }
    *out = socket;
    return 0;
}

/* ---- notifications ---- */

int nftset_event_fd(const struct nftset *nft)
{
    return nft->event ? mnl_socket_get_fd(nft->event) : -1;
}

bool nftset_is_told(const struct nftset *nft)
{
    return nft->event && !nft->deaf;
}

static void generation_read(void *context, const struct nlmsghdr *header)
{
    uint32_t *generation = context;
    const struct nlattr *attribute;
    mnl_attr_for_each(attribute, header, sizeof(struct nfgenmsg))
    {
        if (mnl_attr_get_type(attribute) == NFTA_GEN_ID &&
            mnl_attr_get_payload_len(attribute) == sizeof(uint32_t))
            *generation = ntohl(mnl_attr_get_u32(attribute));
    }
}

/* A transaction of ours was made for the known generation, and made the one after it. */
static void generation_follow(struct nftset *nft, uint32_t generation)
{
    if (nft->known != 0 && generation == nft->known + 1)
        nft->known = generation;
}

static bool event_is_foreign(struct nftset *nft, size_t size)
{
    bool foreign = false;
    int left = (int)size;
    const struct nlmsghdr *header = (const void *)nft->receive;
    for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
        uint32_t generation = 0;
        if (header->nlmsg_type != ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWGEN))
            continue;
        generation_read(&generation, header);
        if (header->nlmsg_pid == nft->port)
            generation_follow(nft, generation);
        else
            foreign = true;
    }
    return foreign;
}

bool nftset_foreign_change(struct nftset *nft)
{
    bool foreign = false;
    if (!nft->event)
        return false;
    for (;;) {
        ssize_t size = mnl_socket_recvfrom(nft->event, nft->receive, sizeof(nft->receive));
        if (size > 0)
            foreign |= event_is_foreign(nft, (size_t)size);
        else if (size < 0 && errno == ENOBUFS)
            foreign = true; /* some were lost: whose, nobody knows */
        else if (size == 0 || errno != EINTR)
            return foreign;
    }
}

/* ---- the generation ---- */

int nftset_generation(struct nftset *nft, uint32_t *out)
{
    uint32_t generation = 0;
    nft->used = 0;
    nftset_end(nft, nftset_begin(nft, NFT_MSG_GETGEN, NFPROTO_UNSPEC, 0));
    int result = nftset_ask(nft, generation_read, &generation);
    if (result == 0)
        *out = generation;
    return result;
}

int nftset_mark(struct nftset *nft)
{
    uint32_t generation;
    int result = nftset_generation(nft, &generation);
    nft->known = result == 0 ? generation : 0;
    return result;
}

/* Our own notification is there already; one of others is told at the next occasion. */
void nftset_follow(struct nftset *nft)
{
    uint32_t generation;
    if (nftset_is_told(nft))
        nft->missed |= nftset_foreign_change(nft);
    else if (nftset_generation(nft, &generation) == 0)
        generation_follow(nft, generation);
}

bool nftset_missed(struct nftset *nft)
{
    bool missed = nft->missed;
    nft->missed = false;
    return missed;
}

/* ---- silence ---- */

static int event_membership(struct nftset *nft, int how)
{
    int group = NFNLGRP_NFTABLES;
    return mnl_socket_setsockopt(nft->event, how, &group, sizeof(group));
}

/*
 * While somebody listens the kernel makes a message of 4 KiB for every element that changes, and
 * keeps all of them until the commit: a large transaction takes twice as long then, and hundreds of
 * megabytes.  So we do not listen to our own large ones, and the generation tells whether someone
 * else changed something meanwhile.
 */
bool nftset_silence_begin(struct nftset *nft)
{
    return nftset_is_told(nft) && event_membership(nft, NETLINK_DROP_MEMBERSHIP) >= 0;
}

void nftset_silence_end(struct nftset *nft, bool committed)
{
    uint32_t generation;
    nft->deaf = event_membership(nft, NETLINK_ADD_MEMBERSHIP) < 0;
    if (nftset_generation(nft, &generation) < 0)
        generation = 0;
    if (committed)
        generation_follow(nft, generation);
    nft->missed |= nft->deaf || generation == 0 || generation != nft->known;
}
