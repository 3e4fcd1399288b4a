/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables and sets: what is there, and making what is not.
 */
#include "setsync/kernel/netlink.h"

#include <libnftnl/table.h>
#include <libnftnl/udata.h>

/* ---- what is there ---- */

static void view_table(void *context, const struct nlmsghdr *header)
{
    struct nftset_view *view = context;
    struct nftnl_table *table = nftnl_table_alloc();
    if (!table)
        return;
    if (nftnl_table_nlmsg_parse(header, table) >= 0) {
        view->table_exists = true;
        view->table_handle = nftnl_table_get_u64(table, NFTNL_TABLE_HANDLE);
        view->table_owned =
            (nftnl_table_get_u32(table, NFTNL_TABLE_FLAGS) & NFT_TABLE_F_OWNER) != 0;
    }
    nftnl_table_free(table);
}

static void view_set(void *context, const struct nlmsghdr *header)
{
    struct nftset_view *view = context;
    struct nftnl_set *set = nftnl_set_alloc();
    if (!set)
        return;
    if (nftnl_set_nlmsg_parse(header, set) >= 0) {
        view->exists = true;
        view->handle = nftnl_set_get_u64(set, NFTNL_SET_HANDLE);
        view->flags = nftnl_set_get_u32(set, NFTNL_SET_FLAGS);
        view->key_type = nftnl_set_get_u32(set, NFTNL_SET_KEY_TYPE);
        view->key_length = nftnl_set_get_u32(set, NFTNL_SET_KEY_LEN);
        view->size = nftnl_set_get_u32(set, NFTNL_SET_DESC_SIZE);
        view->gc_interval_ms = nftnl_set_get_u32(set, NFTNL_SET_GC_INTERVAL);
        view->timeout_ms = nftnl_set_get_u64(set, NFTNL_SET_TIMEOUT);
    }
    nftnl_set_free(set);
}

static void view_reply(void *context, const struct nlmsghdr *header)
{
    if (header->nlmsg_type == ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWTABLE))
        view_table(context, header);
    else if (header->nlmsg_type == ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWSET))
        view_set(context, header);
}

/* Both in one go: the less time a look takes, the fewer changes of others come between. */
int nftset_inspect(struct nftset *nft, const struct set_name *name, struct nftset_view *out)
{
    struct nftset_view view = {0};
    nft->used = 0;
    struct nlmsghdr *header = nftset_begin(nft, NFT_MSG_GETTABLE, name->family, 0);
    mnl_attr_put_strz(header, NFTA_TABLE_NAME, name->table);
    nftset_end(nft, header);
    header = nftset_begin(nft, NFT_MSG_GETSET, name->family, 0);
    mnl_attr_put_strz(header, NFTA_SET_TABLE, name->table);
    mnl_attr_put_strz(header, NFTA_SET_NAME, name->set);
    nftset_end(nft, header);
    int result = nftset_ask(nft, view_reply, &view);
    if (result == 0)
        *out = view;
    return result;
}

struct walk {
    uint8_t family;
    const char *table;
    nftset_each_view *each;
    void *context;
};

static bool walk_set(void *context, const struct nlmsghdr *header)
{
    const struct walk *walk = context;
    struct nftset_view view = {0};
    struct set_name name = {.family = walk->family};
    struct nftnl_set *set = nftnl_set_alloc();
    if (!set)
        return false;
    const char *text =
        nftnl_set_nlmsg_parse(header, set) >= 0 ? nftnl_set_get_str(set, NFTNL_SET_NAME) : NULL;
    bool fits = text && strlen(text) < sizeof(name.set);
    if (fits) {
        strcpy(name.set, text);
        strcpy(name.table, walk->table);
    }
    nftnl_set_free(set);
    if (fits) {
        view_set(&view, header);
        walk->each(walk->context, &name, &view);
    }
    return true;
}

int nftset_each_set(struct nftset *nft, uint8_t family, const char *table, nftset_each_view *each,
                    void *context)
{
    struct walk walk = {.family = family, .table = table, .each = each, .context = context};
    nft->used = 0;
    struct nlmsghdr *header = nftset_begin(nft, NFT_MSG_GETSET, family, NLM_F_DUMP);
    mnl_attr_put_strz(header, NFTA_SET_TABLE, table);
    nftset_end(nft, header);
    int result = nftset_dump_all(nft, walk_set, &walk);
    return result == -ENOENT || result == -EINTR ? 0 : result;
}

static int nftset_put_table(struct nftset *nft, const struct set_name *name)
{
    struct nftnl_table *table = nftnl_table_alloc();
    if (!table)
        return -ENOMEM;
    nftnl_table_set_str(table, NFTNL_TABLE_NAME, name->table);
    struct nlmsghdr *header =
        nftset_begin(nft, NFT_MSG_NEWTABLE, name->family, NLM_F_CREATE | NLM_F_EXCL);
    nftnl_table_nlmsg_build_payload(header, table);
    nftset_end(nft, header);
    nftnl_table_free(table);
    return 0;
}

/* nft prints a key by the byte order that it finds in the set's userdata: 2 is network order. */
static int set_put_byte_order(struct nftnl_set *set)
{
    struct nftnl_udata_buf *userdata = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
    if (!userdata)
        return -ENOMEM;
    nftnl_udata_put_u32(userdata, NFTNL_UDATA_SET_KEYBYTEORDER, 2);
    int result = nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(userdata),
                                    nftnl_udata_buf_len(userdata));
    nftnl_udata_buf_free(userdata);
    return result < 0 ? -ENOMEM : 0;
}

static int nftset_put_set(struct nftset *nft, const struct set_name *name,
                          enum address_family family, uint32_t size)
{
    bool is_ipv4 = family == ADDRESS_IPV4;
    struct nftnl_set *set = nftnl_set_alloc();
    if (!set)
        return -ENOMEM;
    nftnl_set_set_str(set, NFTNL_SET_TABLE, name->table);
    nftnl_set_set_str(set, NFTNL_SET_NAME, name->set);
    nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_TIMEOUT);
    nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, is_ipv4 ? NFTSET_KEY_IPV4 : NFTSET_KEY_IPV6);
    nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, is_ipv4 ? 4 : 16);
    nftnl_set_set_u32(set, NFTNL_SET_ID, 1);
    nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, size);
    int result = set_put_byte_order(set);
    if (result == 0) {
        struct nlmsghdr *header =
            nftset_begin(nft, NFT_MSG_NEWSET, name->family, NLM_F_CREATE | NLM_F_EXCL);
        nftnl_set_nlmsg_build_payload(header, set);
        nftset_end(nft, header);
    }
    nftnl_set_free(set);
    return result;
}

int nftset_create(struct nftset *nft, const struct set_name *name, enum address_family family,
                  uint32_t size, bool table_exists)
{
    nftset_begin_batch(nft, 0);
    int result = table_exists ? 0 : nftset_put_table(nft, name);
    if (result == 0)
        result = nftset_put_set(nft, name, family, size);
    if (result < 0)
        return result;
    nftset_end_batch(nft);
    nftset_drain(nft);
    nft->known = 0; /* the others' sets may have changed before this */
    result = nftset_send(nft);
    return result < 0 ? result : nftset_errors(nft, NULL, NULL);
}
