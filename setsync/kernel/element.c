/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One element as nftables has it: key, time, comment.
 */
#include "setsync/kernel/netlink.h"

#include <libnftnl/udata.h>

static bool comment_allows(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("._*:-", byte));
}

const char *nftset_comment(const struct dname *name, char out[static NFTSET_COMMENT_MAX])
{
    char text[DNAME_TEXT_MAX];
    dname_to_text(name, text);
    const char *from = text;
    size_t length = strlen(text);
    while (length >= NFTSET_COMMENT_MAX) {
        const char *dot = strchr(from, '.');
        from = dot ? dot + 1 : text + strlen(text) - (NFTSET_COMMENT_MAX - 1);
        length = strlen(from);
    }
    for (size_t i = 0; i < length; i++)
        out[i] = comment_allows(from[i]) ? from[i] : '_';
    out[length] = '\0';
    return out;
}

static int element_set_comment(struct nftnl_set_elem *element, const struct kept_name *kept)
{
    const struct dname name = kept_name_get(kept);
    /* A TLV of our own making: type, length, text and its NUL. */
    char userdata[2 + NFTSET_COMMENT_MAX];
    nftset_comment(&name, userdata + 2);
    size_t length = strlen(userdata + 2) + 1;
    userdata[0] = NFTNL_UDATA_SET_ELEM_COMMENT;
    userdata[1] = (char)length;
    return nftnl_set_elem_set(element, NFTNL_SET_ELEM_USERDATA, userdata, (uint32_t)(2 + length));
}

int nftset_put_key(struct nftset *nft, struct nlmsghdr *header, const struct address *address,
                   uint32_t flags)
{
    struct nftnl_set_elem *element = nft->element;
    int result =
        nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, address->bytes, address_size(address));
    if (result < 0)
        return -ENOMEM;
    if (flags != 0)
        nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_FLAGS, flags);
    nftnl_set_elem_nlmsg_build(header, element, 1);
    nftnl_set_elem_unset(element, NFTNL_SET_ELEM_FLAGS);
    return 0;
}

/* In an interval set the end has to follow: a start without one matches every address above it. */
int nftset_put_change(struct nftset *nft, struct nlmsghdr *header,
                      const struct nftset_change *change, bool whole)
{
    struct nftnl_set_elem *element = nft->element;
    struct address above;
    int result = 0;
    if (change->is_interval && !address_above(change->address, &above))
        return -ERANGE; /* the last address of all has no end */
    if (whole) {
        nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT, change->timeout_ms);
        nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_EXPIRATION, change->timeout_ms);
        if (change->name)
            result = element_set_comment(element, change->name);
    }
    if (result == 0)
        result = nftset_put_key(nft, header, change->address, 0);
    nftnl_set_elem_unset(element, NFTNL_SET_ELEM_TIMEOUT);
    nftnl_set_elem_unset(element, NFTNL_SET_ELEM_EXPIRATION);
    nftnl_set_elem_unset(element, NFTNL_SET_ELEM_USERDATA);
    if (result < 0)
        return -ENOMEM;
    return change->is_interval ? nftset_put_key(nft, header, &above, NFT_SET_ELEM_INTERVAL_END) : 0;
}
