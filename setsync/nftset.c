/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftables over netlink.  Facts that this rests on, measured on 5.10 to 6.18: a commit is done when
 * the send returns and its errors are queued by then; silence is success, an ack is not; a message
 * may hold at most 64 KiB of elements and libnftnl does not check.
 */
#include "setsync/nftset.h"

#include "runtime/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    ELEMENTS_PER_MESSAGE = 256, /* under 64 KiB with the longest comments */
    ELEMENT_ROOM = 512,         /* one element with the longest comment, twice over */
    BUFFER_START = 256 * 1024,
    BUFFER_KEPT = 1024 * 1024,
    BUFFER_MARGIN = 192 * 1024, /* what is free before a message is begun: builders do not check */
    SEND_BUFFER = 16 * 1024 * 1024, /* the kernel doubles it: 200 000 elements in one transaction */
    READS_AT_ONCE = 64,             /* replies that surely fit into the receive buffer */
    RECEIVE_BUFFER = 64 * 1024,
    DUMP_ATTEMPTS = 4,
};

struct nftset {
    struct mnl_socket *command; /* requests, transactions and their errors */
    struct mnl_socket *event;   /* notifications; NULL when not to be had */
    uint32_t port;              /* of `command`: our own changes carry it */
    uint32_t sequence;
    char *buffer;
    size_t size, used;
    struct nftnl_set_elem *element; /* one, filled again for each */
    char receive[RECEIVE_BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* ---- sockets ---- */

static int open_socket(struct mnl_socket **out)
{
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket == NULL)
        return -errno;
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
        int r = -errno;
        mnl_socket_close(socket);
        return r;
    }
    *out = socket;
    return 0;
}

/* Short errors, with the place of the fault; and room for large transactions.  All are optional. */
static void tune_command(struct mnl_socket *socket)
{
    int on = 1;
    int size = SEND_BUFFER;
    int fd = mnl_socket_get_fd(socket);
    (void)mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof(on));
    (void)mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/*
 * Only NEWGEN, the one message at each transaction's end: the elements' own would overflow the
 * socket when someone loads a large set.  BPF loads big-endian, netlink is in the host's order.
 */
static int attach_filter(int fd)
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

static int open_events(struct mnl_socket **out)
{
    struct mnl_socket *socket;
    int r = open_socket(&socket);
    if (r < 0)
        return r;
    int group = NFNLGRP_NFTABLES;
    r = attach_filter(mnl_socket_get_fd(socket));
    if (r == 0 && mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
        r = -errno;
    if (r < 0) {
        mnl_socket_close(socket);
        return r;
    }
    *out = socket;
    return 0;
}

int nftset_open(struct nftset **out)
{
    struct nftset *nft = calloc(1, sizeof(*nft));
    if (nft == NULL)
        return -ENOMEM;
    nft->size = BUFFER_START;
    nft->buffer = malloc(nft->size);
    nft->element = nftnl_set_elem_alloc();
    int r = nft->buffer != NULL && nft->element != NULL ? open_socket(&nft->command) : -ENOMEM;
    if (r < 0) {
        nftset_close(nft);
        return r;
    }
    tune_command(nft->command);
    nft->port = mnl_socket_get_portid(nft->command);
    (void)open_events(&nft->event);
    *out = nft;
    return 0;
}

void nftset_close(struct nftset *nft)
{
    if (nft == NULL)
        return;
    if (nft->event != NULL)
        mnl_socket_close(nft->event);
    if (nft->command != NULL)
        mnl_socket_close(nft->command);
    if (nft->element != NULL)
        nftnl_set_elem_free(nft->element);
    free(nft->buffer);
    free(nft);
}

/* ---- notifications ---- */

int nftset_event_fd(const struct nftset *nft)
{
    return nft->event != NULL ? mnl_socket_get_fd(nft->event) : -1;
}

static bool holds_foreign_change(const struct nftset *nft, size_t size)
{
    int left = (int)size;
    const struct nlmsghdr *header = (const void *)nft->receive;
    for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left))
        if (header->nlmsg_pid != nft->port)
            return true;
    return false;
}

bool nftset_foreign_change(struct nftset *nft)
{
    bool foreign = false;
    if (nft->event == NULL)
        return false;
    for (;;) {
        ssize_t size = mnl_socket_recvfrom(nft->event, nft->receive, sizeof(nft->receive));
        if (size > 0)
            foreign |= holds_foreign_change(nft, (size_t)size);
        else if (size < 0 && errno == ENOBUFS)
            foreign = true; /* some were lost: whose, nobody knows */
        else if (size == 0 || errno != EINTR)
            return foreign;
    }
}

/* ---- messages ---- */

/* Free room for one more message; the buffer may move. */
static int reserve(struct nftset *nft)
{
    if (nft->size - nft->used >= BUFFER_MARGIN)
        return 0;
    char *buffer = realloc(nft->buffer, 2 * nft->size);
    if (buffer == NULL)
        return -ENOMEM;
    nft->buffer = buffer;
    nft->size *= 2;
    return 0;
}

static struct nlmsghdr *begin_message(struct nftset *nft, uint16_t type, uint8_t family,
                                      uint16_t flags)
{
    return nftnl_nlmsg_build_hdr(nft->buffer + nft->used, type, family, flags, ++nft->sequence);
}

static void end_message(struct nftset *nft, const struct nlmsghdr *header)
{
    nft->used += NLMSG_ALIGN(header->nlmsg_len);
}

static void begin_batch(struct nftset *nft)
{
    nft->used = 0;
    end_message(nft, nftnl_batch_begin(nft->buffer, ++nft->sequence));
}

static void end_batch(struct nftset *nft)
{
    end_message(nft, nftnl_batch_end(nft->buffer + nft->used, ++nft->sequence));
}

/* Errors that an earlier call did not read must not be taken for this one's. */
static void drain(struct nftset *nft)
{
    while (mnl_socket_recvfrom(nft->command, nft->receive, sizeof(nft->receive)) > 0 ||
           errno == EINTR || errno == ENOBUFS)
        ;
}

static int send_buffer(struct nftset *nft)
{
    for (;;) {
        if (mnl_socket_sendto(nft->command, nft->buffer, nft->used) >= 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

/* The -errno of an error message, 0 for an ack, 1 for any other message. */
static int message_error(const struct nlmsghdr *header)
{
    if (header->nlmsg_type != NLMSG_ERROR)
        return 1;
    if (header->nlmsg_len < mnl_nlmsg_size(sizeof(struct nlmsgerr)))
        return -EBADMSG;
    const struct nlmsgerr *error = mnl_nlmsg_get_payload(header);
    return error->error;
}

typedef void error_each(void *context, uint32_t sequence, int error);

/* All that the kernel says about a batch: it is queued already.  The first error, or 0. */
static int read_errors(struct nftset *nft, error_each *each, void *context)
{
    int first = 0;
    for (;;) {
        ssize_t size = mnl_socket_recvfrom(nft->command, nft->receive, sizeof(nft->receive));
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == ENOBUFS) {
            first = first != 0 ? first : -ENOBUFS;
            continue;
        }
        if (size <= 0)
            return first;
        int left = (int)size;
        const struct nlmsghdr *header = (const void *)nft->receive;
        for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
            int error = message_error(header);
            if (error >= 0)
                continue;
            first = first != 0 ? first : error;
            if (each != NULL)
                each(context, header->nlmsg_seq, error);
        }
    }
}

typedef void reply_each(void *context, const struct nlmsghdr *header);

/*
 * Replies to the requests in the buffer, one each, and none has to be waited for.  -ENOENT counts
 * as a reply that says no.  0 or the first other -errno.
 */
static int ask(struct nftset *nft, reply_each *each, void *context)
{
    drain(nft);
    int r = send_buffer(nft);
    for (;;) {
        ssize_t size = mnl_socket_recvfrom(nft->command, nft->receive, sizeof(nft->receive));
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == ENOBUFS)
            r = r != 0 ? r : -ENOBUFS;
        else if (size <= 0)
            return r;
        int left = (int)size;
        const struct nlmsghdr *header = (const void *)nft->receive;
        for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
            int error = message_error(header);
            if (error > 0)
                each(context, header);
            else if (error < 0 && error != -ENOENT && r == 0)
                r = error;
        }
    }
}

/* ---- the generation ---- */

static void view_generation(void *context, const struct nlmsghdr *header)
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

int nftset_generation(struct nftset *nft, uint32_t *out)
{
    uint32_t generation = 0;
    nft->used = 0;
    end_message(nft, begin_message(nft, NFT_MSG_GETGEN, NFPROTO_UNSPEC, 0));
    int r = ask(nft, view_generation, &generation);
    if (r == 0)
        *out = generation;
    return r;
}

/* ---- tables and sets ---- */

static void view_table(void *context, const struct nlmsghdr *header)
{
    struct nftset_view *view = context;
    struct nftnl_table *table = nftnl_table_alloc();
    if (table == NULL)
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
    if (set == NULL)
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

static int ask_table(struct nftset *nft, const struct set_name *name, struct nftset_view *view)
{
    nft->used = 0;
    struct nlmsghdr *header = begin_message(nft, NFT_MSG_GETTABLE, name->family, 0);
    mnl_attr_put_strz(header, NFTA_TABLE_NAME, name->table);
    end_message(nft, header);
    return ask(nft, view_table, view);
}

static int ask_set(struct nftset *nft, const struct set_name *name, struct nftset_view *view)
{
    nft->used = 0;
    struct nlmsghdr *header = begin_message(nft, NFT_MSG_GETSET, name->family, 0);
    mnl_attr_put_strz(header, NFTA_SET_TABLE, name->table);
    mnl_attr_put_strz(header, NFTA_SET_NAME, name->set);
    end_message(nft, header);
    return ask(nft, view_set, view);
}

int nftset_inspect(struct nftset *nft, const struct set_name *name, struct nftset_view *out)
{
    struct nftset_view view = {0};
    int r = ask_table(nft, name, &view);
    if (r == 0 && view.table_exists)
        r = ask_set(nft, name, &view);
    if (r == 0)
        *out = view;
    return r;
}

static int put_table(struct nftset *nft, const struct set_name *name)
{
    struct nftnl_table *table = nftnl_table_alloc();
    if (table == NULL)
        return -ENOMEM;
    nftnl_table_set_str(table, NFTNL_TABLE_NAME, name->table);
    struct nlmsghdr *header =
        begin_message(nft, NFT_MSG_NEWTABLE, name->family, NLM_F_CREATE | NLM_F_EXCL);
    nftnl_table_nlmsg_build_payload(header, table);
    end_message(nft, header);
    nftnl_table_free(table);
    return 0;
}

/* nft prints a key by the byte order that it finds in the set's userdata: 2 is network order. */
static int set_byte_order(struct nftnl_set *set)
{
    struct nftnl_udata_buf *userdata = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
    if (userdata == NULL)
        return -ENOMEM;
    nftnl_udata_put_u32(userdata, NFTNL_UDATA_SET_KEYBYTEORDER, 2);
    int r = nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(userdata),
                               nftnl_udata_buf_len(userdata));
    nftnl_udata_buf_free(userdata);
    return r < 0 ? -ENOMEM : 0;
}

static int put_set(struct nftset *nft, const struct set_name *name, enum address_family family,
                   uint32_t size)
{
    bool is_ipv4 = family == ADDRESS_IPV4;
    struct nftnl_set *set = nftnl_set_alloc();
    if (set == NULL)
        return -ENOMEM;
    nftnl_set_set_str(set, NFTNL_SET_TABLE, name->table);
    nftnl_set_set_str(set, NFTNL_SET_NAME, name->set);
    nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_TIMEOUT);
    nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, is_ipv4 ? NFTSET_KEY_IPV4 : NFTSET_KEY_IPV6);
    nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, is_ipv4 ? 4 : 16);
    nftnl_set_set_u32(set, NFTNL_SET_ID, 1);
    nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, size);
    int r = set_byte_order(set);
    if (r == 0) {
        struct nlmsghdr *header =
            begin_message(nft, NFT_MSG_NEWSET, name->family, NLM_F_CREATE | NLM_F_EXCL);
        nftnl_set_nlmsg_build_payload(header, set);
        end_message(nft, header);
    }
    nftnl_set_free(set);
    return r;
}

int nftset_create(struct nftset *nft, const struct set_name *name, enum address_family family,
                  uint32_t size, bool table_exists)
{
    begin_batch(nft);
    int r = table_exists ? 0 : put_table(nft, name);
    if (r == 0)
        r = put_set(nft, name, family, size);
    if (r < 0)
        return r;
    end_batch(nft);
    drain(nft);
    r = send_buffer(nft);
    return r < 0 ? r : read_errors(nft, NULL, NULL);
}

/* ---- elements ---- */

static bool is_comment_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("._*:-", byte) != NULL);
}

const char *nftset_comment(const struct dname *name, char out[static NFTSET_COMMENT_MAX])
{
    char text[DNAME_TEXT_MAX];
    dname_to_text(name, text);
    const char *from = text;
    size_t length = strlen(text);
    while (length >= NFTSET_COMMENT_MAX) {
        const char *dot = strchr(from, '.');
        from = dot != NULL ? dot + 1 : text + strlen(text) - (NFTSET_COMMENT_MAX - 1);
        length = strlen(from);
    }
    for (size_t i = 0; i < length; i++)
        out[i] = is_comment_byte(from[i]) ? from[i] : '_';
    out[length] = '\0';
    return out;
}

static int set_comment(struct nftnl_set_elem *element, const struct dname *name)
{
    /* A TLV of our own making: type, length, text and its NUL. */
    char userdata[2 + NFTSET_COMMENT_MAX];
    nftset_comment(name, userdata + 2);
    size_t length = strlen(userdata + 2) + 1;
    userdata[0] = NFTNL_UDATA_SET_ELEM_COMMENT;
    userdata[1] = (char)length;
    return nftnl_set_elem_set(element, NFTNL_SET_ELEM_USERDATA, userdata, (uint32_t)(2 + length));
}

/* The key alone, or the key with its time and comment. */
static int put_element(struct nftset *nft, struct nlmsghdr *header,
                       const struct nftset_change *change, bool whole)
{
    struct nftnl_set_elem *element = nft->element;
    const struct address *address = change->address;
    int r = nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, address->bytes, address_size(address));
    nftnl_set_elem_unset(element, NFTNL_SET_ELEM_TIMEOUT);
    nftnl_set_elem_unset(element, NFTNL_SET_ELEM_EXPIRATION);
    nftnl_set_elem_unset(element, NFTNL_SET_ELEM_USERDATA);
    if (whole) {
        nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT, change->timeout_ms);
        nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_EXPIRATION, change->timeout_ms);
        if (change->name != NULL && change->name->length > 0)
            r |= set_comment(element, change->name);
    }
    if (r < 0)
        return -ENOMEM;
    nftnl_set_elem_nlmsg_build(header, element, 1);
    return 0;
}

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

static bool takes_part(const struct pass *pass, const struct nftset_change *change)
{
    return (pass->actions >> change->action & 1) != 0;
}

/* The changes that share a message: of one pass and one set, in order. */
struct run {
    unsigned pass;
    size_t first, end; /* members lie in [first, end), with others between that take no part */
};

static void find_end(const struct nftset_change *changes, size_t count, struct run *run)
{
    unsigned elements = 0;
    const struct set_name *set = changes[run->first].set;
    run->end = run->first;
    for (size_t at = run->first; at < count && elements < ELEMENTS_PER_MESSAGE; at++) {
        if (changes[at].set != set)
            return;
        if (!takes_part(&passes[run->pass], &changes[at]))
            continue;
        elements++;
        run->end = at + 1;
    }
}

/* Steps to the next message, beginning with a run of all zeros; false behind the last one. */
static bool next_run(const struct nftset_change *changes, size_t count, struct run *run)
{
    for (; run->pass < PASS_COUNT; run->pass++, run->end = 0) {
        for (size_t at = run->end; at < count; at++) {
            if (!takes_part(&passes[run->pass], &changes[at]))
                continue;
            run->first = at;
            find_end(changes, count, run);
            return true;
        }
    }
    return false;
}

static int put_run(struct nftset *nft, const struct nftset_change *changes, const struct run *run)
{
    int r = reserve(nft);
    if (r < 0)
        return r;
    const struct pass *pass = &passes[run->pass];
    const struct set_name *set = changes[run->first].set;
    uint16_t flags = pass->type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0;
    struct nlmsghdr *header = begin_message(nft, pass->type, set->family, flags);
    mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, set->table);
    mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, set->set);
    struct nlattr *list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
    for (size_t at = run->first; at < run->end && r == 0; at++)
        if (takes_part(pass, &changes[at]))
            r = put_element(nft, header, &changes[at], pass->whole);
    mnl_attr_nest_end(header, list);
    end_message(nft, header);
    return r;
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
    while (next_run(blame->changes, blame->count, &run)) {
        if (++at_sequence != sequence)
            continue;
        for (size_t at = run.first; at < run.end; at++)
            if (takes_part(&passes[run.pass], &blame->changes[at]))
                blame->changes[at].error = error;
        return;
    }
}

/* The memory of a large transaction goes back: the next ones are small. */
static void trim(struct nftset *nft)
{
    if (nft->size <= BUFFER_KEPT)
        return;
    char *buffer = realloc(nft->buffer, BUFFER_START);
    if (buffer == NULL)
        return;
    nft->buffer = buffer;
    nft->size = BUFFER_START;
}

int nftset_commit(struct nftset *nft, struct nftset_change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        changes[i].error = 0;
    begin_batch(nft);
    struct blame blame = {.changes = changes, .count = count, .begin = nft->sequence};
    struct run run = {0};
    while (next_run(changes, count, &run)) {
        int r = put_run(nft, changes, &run);
        if (r < 0)
            return r;
    }
    end_batch(nft);
    drain(nft);
    int r = send_buffer(nft);
    trim(nft);
    return r < 0 ? r : read_errors(nft, blame_message, &blame);
}

/* ---- reading elements ---- */

static void read_comment(struct nftnl_set_elem *element, struct nftset_element *out)
{
    uint32_t size = 0;
    const uint8_t *data = nftnl_set_elem_get(element, NFTNL_SET_ELEM_USERDATA, &size);
    while (data != NULL && size >= 2 && data[1] <= size - 2) {
        if (data[0] == NFTNL_UDATA_SET_ELEM_COMMENT) {
            memcpy(out->comment, data + 2, data[1]);
            return; /* zeroed before, and longer than any length byte: the NUL is there */
        }
        size -= 2U + data[1];
        data += 2 + data[1];
    }
}

/* False for what is no single address: an interval's end, the catch-all, another key. */
static bool read_element(struct nftnl_set_elem *element, struct nftset_element *out)
{
    uint32_t size = 0;
    const uint8_t *key = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &size);
    if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_FLAGS) &&
        nftnl_set_elem_get_u32(element, NFTNL_SET_ELEM_FLAGS) != 0)
        return false;
    if (key == NULL || (size != 4 && size != 16))
        return false;
    *out = (struct nftset_element){.exists = true};
    out->address = size == 4 ? address_from_ipv4(key) : address_from_ipv6(key);
    if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_TIMEOUT))
        out->timeout_ms = nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_TIMEOUT);
    if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_EXPIRATION))
        out->expires_ms = nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_EXPIRATION);
    read_comment(element, out);
    return true;
}

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
    if (!read_element(element, &read) || visit->count++ >= visit->most)
        return 0;
    if (read.timeout_ms == 0 && read.expires_ms > 0)
        read.timeout_ms = read.expires_ms; /* the kernel leaves the set's own default out */
    read.read_ns = visit->read_ns;
    visit->each(visit->context, &read);
    return 0;
}

static void visit_message(void *context, const struct nlmsghdr *header)
{
    if (header->nlmsg_type != ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWSETELEM))
        return;
    struct nftnl_set *set = nftnl_set_alloc();
    if (set == NULL)
        return;
    struct visit *visit = context;
    visit->read_ns = clock_now().boot_ns;
    if (nftnl_set_elems_nlmsg_parse(header, set) >= 0)
        nftnl_set_elem_foreach(set, visit_element, visit);
    nftnl_set_free(set);
}

static struct nlmsghdr *put_get(struct nftset *nft, const struct set_name *set, uint16_t flags)
{
    struct nlmsghdr *header = begin_message(nft, NFT_MSG_GETSETELEM, set->family, flags);
    mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, set->table);
    mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, set->set);
    return header;
}

/* Replies come in the order of the requests, absent ones leave a gap: matched by address. */
struct gather {
    struct nftset_element *out;
    size_t count, at;
};

static void gather_element(void *context, const struct nftset_element *element)
{
    struct gather *gather = context;
    for (size_t i = gather->at; i < gather->count; i++) {
        if (!address_equal(&gather->out[i].address, &element->address))
            continue;
        gather->out[i] = *element;
        gather->at = i + 1;
        return;
    }
}

static int read_some(struct nftset *nft, const struct set_name *set,
                     const struct address *const *addresses, size_t count,
                     struct nftset_element *out)
{
    nft->used = 0;
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct nftset_element){.address = *addresses[i]};
        struct nlmsghdr *header = put_get(nft, set, 0);
        struct nlattr *list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
        struct nftset_change key = {.address = addresses[i]};
        int r = put_element(nft, header, &key, false);
        if (r < 0)
            return r;
        mnl_attr_nest_end(header, list);
        end_message(nft, header);
    }
    struct gather gather = {.out = out, .count = count};
    struct visit visit = {.each = gather_element, .context = &gather, .most = count};
    return ask(nft, visit_message, &visit);
}

int nftset_read(struct nftset *nft, const struct set_name *set,
                const struct address *const *addresses, size_t count, struct nftset_element *out)
{
    for (size_t at = 0; at < count; at += READS_AT_ONCE) {
        size_t some = count - at < READS_AT_ONCE ? count - at : READS_AT_ONCE;
        int r = read_some(nft, set, addresses + at, some, out + at);
        if (r < 0)
            return r;
    }
    return 0;
}

/* 0 at the end, -EINTR when the set changed under the walk, or another -errno. */
static int dump_replies(struct mnl_socket *socket, struct nftset *nft, struct visit *visit)
{
    bool interrupted = false;
    for (;;) {
        ssize_t size = mnl_socket_recvfrom(socket, nft->receive, sizeof(nft->receive));
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return size < 0 ? -errno : -EIO;
        int left = (int)size;
        const struct nlmsghdr *header = (const void *)nft->receive;
        for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
            int error = message_error(header);
            interrupted |= (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
            if (error < 0)
                return error;
            if (header->nlmsg_type == NLMSG_DONE)
                return interrupted ? -EINTR : 0;
            visit_message(visit, header);
        }
        if (visit->count > visit->most)
            return -E2BIG;
    }
}

/* On a socket of its own: a dump that is given up leaves nothing behind. */
static int dump_once(struct nftset *nft, const struct set_name *set, struct visit *visit)
{
    struct mnl_socket *socket;
    int r = open_socket(&socket);
    if (r < 0)
        return r;
    nft->used = 0;
    struct nlmsghdr *header = put_get(nft, set, NLM_F_DUMP);
    end_message(nft, header);
    r = mnl_socket_sendto(socket, nft->buffer, nft->used) < 0 ? -errno
                                                              : dump_replies(socket, nft, visit);
    mnl_socket_close(socket);
    return r;
}

/* A walk that was disturbed is done again: an element may come twice. */
int nftset_dump(struct nftset *nft, const struct set_name *set, size_t most, nftset_each *each,
                void *context)
{
    int r = -EINTR;
    for (unsigned i = 0; r == -EINTR && i < DUMP_ATTEMPTS; i++) {
        struct visit visit = {.each = each, .context = context, .most = most};
        r = dump_once(nft, set, &visit);
    }
    return r;
}
