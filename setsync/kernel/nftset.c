/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening nftables, and closing it.
 */
#include "setsync/kernel/netlink.h"

#include <sys/socket.h>

enum {
    SEND_BUFFER = 16 * 1024 * 1024, /* the kernel doubles it: 200 000 elements in one transaction */
};

/* Short errors, with the place of the fault; and room for large transactions.  All are optional. */
static void nftset_tune(struct mnl_socket *socket)
{
    int on = 1;
    int size = SEND_BUFFER;
    int fd = mnl_socket_get_fd(socket);
    (void)mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof(on));
    (void)mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

int nftset_open(struct nftset **out)
{
    struct nftset *nft = calloc(1, sizeof(*nft));
    if (!nft)
        return -ENOMEM;
    nft->size = NFTSET_BUFFER_START;
    nft->buffer = malloc(nft->size);
    nft->element = nftnl_set_elem_alloc();
    int result = nft->buffer && nft->element ? nftset_socket(&nft->command) : -ENOMEM;
    if (result < 0) {
        nftset_close(nft);
        return result;
    }
    nftset_tune(nft->command);
    nft->port = mnl_socket_get_portid(nft->command);
    (void)nftset_open_events(&nft->event);
    *out = nft;
    return 0;
}

void nftset_close(struct nftset *nft)
{
    if (!nft)
        return;
    if (nft->event)
        mnl_socket_close(nft->event);
    if (nft->command)
        mnl_socket_close(nft->command);
    if (nft->element)
        nftnl_set_elem_free(nft->element);
    free(nft->buffer);
    free(nft);
}

const struct nftset_ops *nftset_kernel(void)
{
    static const struct nftset_ops ops = {
        .open = nftset_open,
        .close = nftset_close,
        .event_fd = nftset_event_fd,
        .foreign_change = nftset_foreign_change,
        .mark = nftset_mark,
        .is_told = nftset_is_told,
        .missed = nftset_missed,
        .generation = nftset_generation,
        .inspect = nftset_inspect,
        .each_set = nftset_each_set,
        .create = nftset_create,
        .commit = nftset_commit,
        .warm = nftset_warm,
        .read = nftset_read,
        .dump = nftset_dump,
        .walk_open = nftset_walk_open,
        .walk_step = nftset_walk_step,
        .walk_close = nftset_walk_close,
    };
    return &ops;
}
