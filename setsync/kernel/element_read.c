/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading elements: single ones, and whole sets.
 */
#include "setsync/kernel/netlink.h"

#include "base/clock.h"

#include <libnftnl/udata.h>

enum {
    READS_AT_ONCE = 64, /* replies that surely fit into the receive buffer */
    DUMP_ATTEMPTS = 4,
};

/* ---- an element ---- */

static void element_comment(struct nftnl_set_elem *element, struct nftset_element *out)
{
    uint32_t size = 0;
    const uint8_t *data = nftnl_set_elem_get(element, NFTNL_SET_ELEM_USERDATA, &size);
    while (data && size >= 2 && data[1] <= size - 2) {
        if (data[0] == NFTNL_UDATA_SET_ELEM_COMMENT) {
            memcpy(out->comment, data + 2, data[1]);
            return; /* zeroed before, and longer than any length byte: the NUL is there */
        }
        size -= 2U + data[1];
        data += 2 + data[1];
    }
}

/* False for what is no address: another key, the catch-all. */
static bool element_key(struct nftnl_set_elem *element, struct address *out)
{
    uint32_t size = 0;
    const uint8_t *key = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &size);
    if (!key || (size != 4 && size != 16))
        return false;
    *out = size == 4 ? address_from_ipv4(key) : address_from_ipv6(key);
    return true;
}

/* False for an interval's end, too. */
static bool element_read(struct nftnl_set_elem *element, struct nftset_element *out)
{
    *out = (struct nftset_element){.exists = true};
    if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_FLAGS) &&
        nftnl_set_elem_get_u32(element, NFTNL_SET_ELEM_FLAGS) != 0)
        return false;
    if (!element_key(element, &out->address))
        return false;
    if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_TIMEOUT))
        out->timeout_ms = nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_TIMEOUT);
    if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_EXPIRATION))
        out->expires_ms = nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_EXPIRATION);
    if (out->timeout_ms == 0 && out->expires_ms > 0)
        out->timeout_ms = out->expires_ms; /* the kernel leaves the set's own default out */
    element_comment(element, out);
    return true;
}

typedef int element_act(struct nftnl_set_elem *element, void *context);

static void message_each_element(const struct nlmsghdr *header, element_act *act, void *context)
{
    if (header->nlmsg_type != ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWSETELEM))
        return;
    struct nftnl_set *set = nftnl_set_alloc();
    if (!set)
        return;
    if (nftnl_set_elems_nlmsg_parse(header, set) >= 0)
        nftnl_set_elem_foreach(set, act, context);
    nftnl_set_free(set);
}

static struct nlmsghdr *request_put(struct nftset *nft, const struct set_name *set, uint16_t flags)
{
    struct nlmsghdr *header = nftset_begin(nft, NFT_MSG_GETSETELEM, set->family, flags);
    mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, set->table);
    mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, set->set);
    return header;
}

/* ---- single ones ---- */

/* A reply has its request's number; an absent element has none. */
struct gather {
    struct nftset_element *out;
    const struct address *const *addresses;
    size_t count;
    bool is_interval; /* two requests an address: what covers it, and what covers the one above */
    uint32_t first;   /* the number of the first request */
    uint32_t at;      /* of the message being read, from 0 */
    uint64_t read_ns;
};

/* What begins below the address, or covers the one above too, holds more than the address. */
static void gather_covering(const struct gather *gather, const struct nftset_element *found)
{
    struct nftset_element *out = &gather->out[gather->at / 2];
    const struct address *wanted = gather->addresses[gather->at / 2];
    bool begins_here = address_equal(&found->address, wanted);
    if (gather->at % 2 == 0) {
        *out = *found;
        out->is_wide = !begins_here;
    } else if (begins_here) {
        out->is_wide = true;
    }
}

static int gather_element(struct nftnl_set_elem *element, void *context)
{
    const struct gather *gather = context;
    struct nftset_element found;
    if (!element_read(element, &found))
        return 0;
    found.read_ns = gather->read_ns;
    if (gather->is_interval)
        gather_covering(gather, &found);
    else if (address_equal(&found.address, gather->addresses[gather->at]))
        gather->out[gather->at] = found;
    return 0;
}

static void gather_reply(void *context, const struct nlmsghdr *header)
{
    struct gather *gather = context;
    gather->at = header->nlmsg_seq - gather->first;
    gather->read_ns = clock_now().boot_ns;
    if (gather->at < (gather->is_interval ? 2 : 1) * gather->count)
        message_each_element(header, gather_element, gather);
}

static int gather_put(struct nftset *nft, const struct set_name *set, const struct address *address)
{
    struct nlmsghdr *header = request_put(nft, set, 0);
    struct nlattr *list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
    int result = nftset_put_key(nft, header, address, 0);
    mnl_attr_nest_end(header, list);
    nftset_end(nft, header);
    return result;
}

static int gather_put_all(struct nftset *nft, const struct set_name *set,
                          const struct gather *gather)
{
    int result = 0;
    nft->used = 0;
    for (size_t i = 0; i < gather->count && result == 0; i++) {
        struct address above = *gather->addresses[i];
        result = gather_put(nft, set, gather->addresses[i]);
        if (!gather->is_interval || result < 0)
            continue;
        (void)address_above(gather->addresses[i], &above);
        result = gather_put(nft, set, &above);
    }
    return result;
}

static int gather_read(struct nftset *nft, const struct set_name *set, struct gather *gather)
{
    for (size_t i = 0; i < gather->count; i++)
        gather->out[i] = (struct nftset_element){.address = *gather->addresses[i]};
    gather->first = nft->sequence + 1;
    int result = gather_put_all(nft, set, gather);
    if (result == 0)
        result = nftset_ask(nft, gather_reply, gather);
    for (size_t i = 0; i < gather->count; i++)
        gather->out[i].address = *gather->addresses[i];
    return result;
}

int nftset_read(struct nftset *nft, const struct set_name *set, bool is_interval,
                const struct address *const *addresses, size_t count, struct nftset_element *out)
{
    const size_t most = is_interval ? READS_AT_ONCE / 2 : READS_AT_ONCE;
    for (size_t at = 0; at < count; at += most) {
        struct gather gather = {.out = out + at,
                                .addresses = addresses + at,
                                .count = count - at < most ? count - at : most,
                                .is_interval = is_interval};
        int result = gather_read(nft, set, &gather);
        if (result < 0)
            return result;
    }
    return 0;
}

/* ---- a whole set ---- */

struct visit {
    nftset_each *each;
    void *context;
    size_t count, most;
    uint64_t read_ns;
};

static int visit_element(struct nftnl_set_elem *element, void *context)
{
    struct visit *visit = context;
    struct nftset_element read;
    if (!element_read(element, &read) || visit->count++ >= visit->most)
        return 0;
    read.read_ns = visit->read_ns;
    visit->each(visit->context, &read);
    return 0;
}

static bool visit_message(void *context, const struct nlmsghdr *header)
{
    struct visit *visit = context;
    visit->read_ns = clock_now().boot_ns;
    message_each_element(header, visit_element, visit);
    return visit->count <= visit->most;
}

/* A walk that was disturbed is done again: an element may come twice. */
int nftset_dump(struct nftset *nft, const struct set_name *set, size_t most, nftset_each *each,
                void *context)
{
    int result = -EINTR;
    for (unsigned i = 0; result == -EINTR && i < DUMP_ATTEMPTS; i++) {
        struct visit visit = {.each = each, .context = context, .most = most};
        nft->used = 0;
        nftset_end(nft, request_put(nft, set, NLM_F_DUMP));
        result = nftset_dump_all(nft, visit_message, &visit);
    }
    return result;
}

/* ---- a whole set, a little at a time ---- */

struct nftset_walk {
    struct mnl_socket *socket;
};

int nftset_walk_open(struct nftset *nft, const struct set_name *set, struct nftset_walk **out)
{
    struct nftset_walk *walk = calloc(1, sizeof(*walk));
    if (!walk)
        return -ENOMEM;
    int result = nftset_socket(&walk->socket);
    nft->used = 0;
    nftset_end(nft, request_put(nft, set, NLM_F_DUMP));
    if (result == 0 && mnl_socket_sendto(walk->socket, nft->buffer, nft->used) < 0)
        result = -errno;
    if (result < 0)
        nftset_walk_close(walk);
    else
        *out = walk;
    return result;
}

int nftset_walk_step(struct nftset *nft, struct nftset_walk *walk, nftset_each *each, void *context)
{
    struct visit visit = {.each = each, .context = context, .most = SIZE_MAX};
    ssize_t size = mnl_socket_recvfrom(walk->socket, nft->receive, sizeof(nft->receive));
    if (size < 0 && errno == EINTR)
        return 1;
    if (size <= 0)
        return size < 0 ? -errno : -EIO;
    int left = (int)size;
    const struct nlmsghdr *header = (const void *)nft->receive;
    for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
        int error = nftset_error(header);
        if (error < 0)
            return error;
        if (header->nlmsg_type == NLMSG_DONE)
            return 0;
        visit_message(&visit, header);
    }
    return 1;
}

void nftset_walk_close(struct nftset_walk *walk)
{
    if (!walk)
        return;
    if (walk->socket)
        mnl_socket_close(walk->socket);
    free(walk);
}
