/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's messages are as foreign as any: what does not hold together ends the datagram.
 * Netlink's own fields are in this machine's byte order, the queue's in that of the network.
 */
#include "daemon/hold/queued.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <string.h>

enum {
    IPV4_HEADER = 20,
    IPV4_SOURCE = 12,
    IPV4_DESTINATION = 16,
    IPV6_HEADER = 40,
    IPV6_SOURCE = 8,
    IPV6_DESTINATION = 24,
};

static void read_addresses(struct reader payload, struct queued *out)
{
    const uint8_t *bytes = reader_take(&payload, IPV4_HEADER);

    if (bytes && bytes[0] >> 4 == 4) {
        out->source = address_from_ipv4(bytes + IPV4_SOURCE);
        out->destination = address_from_ipv4(bytes + IPV4_DESTINATION);
    } else if (bytes && bytes[0] >> 4 == 6 && reader_take(&payload, IPV6_HEADER - IPV4_HEADER)) {
        out->source = address_from_ipv6(bytes + IPV6_SOURCE);
        out->destination = address_from_ipv6(bytes + IPV6_DESTINATION);
    }
}

/* What a length counts, and the padding up to the next header that it does not. */
static struct reader take_aligned(struct reader *reader, size_t size)
{
    struct reader taken = reader_split(reader, size);
    size_t padding = NLMSG_ALIGN(size) - size;

    /* Behind the last one there may be none. */
    (void)reader_take(reader, padding < reader->captured ? padding : reader->captured);
    return taken;
}

static enum queued_kind read_packet(struct reader message, struct queued *out)
{
    bool has_id = false;

    reader_take(&message, sizeof(struct nfgenmsg));
    while (message.state == READER_OK && message.captured > 0) {
        const uint8_t *bytes = reader_take(&message, sizeof(struct nlattr));
        struct nlattr head = {.nla_len = 0};

        if (bytes)
            memcpy(&head, bytes, sizeof(head));
        if (head.nla_len < sizeof(head))
            break;
        struct reader value = take_aligned(&message, head.nla_len - sizeof(head));
        switch (head.nla_type & NLA_TYPE_MASK) {
        case NFQA_PACKET_HDR:
            out->id = reader_u32(&value);
            has_id = value.state == READER_OK;
            break;
        case NFQA_PAYLOAD:
            read_addresses(value, out);
            break;
        }
    }
    return has_id ? QUEUED_PACKET : QUEUED_OTHER;
}

static enum queued_kind read_error(struct reader message, struct queued *out)
{
    const uint8_t *bytes = reader_take(&message, sizeof(out->error));

    if (!bytes)
        return QUEUED_OTHER;
    memcpy(&out->error, bytes, sizeof(out->error));
    return QUEUED_ERROR;
}

enum queued_kind queued_next(struct reader *datagram, struct queued *out)
{
    const uint8_t *bytes =
        datagram->captured > 0 ? reader_take(datagram, sizeof(struct nlmsghdr)) : NULL;
    struct nlmsghdr head;

    *out = (struct queued){.id = 0};
    if (!bytes)
        return QUEUED_END;
    memcpy(&head, bytes, sizeof(head));
    if (head.nlmsg_len < sizeof(head))
        return QUEUED_END;
    struct reader message = take_aligned(datagram, head.nlmsg_len - sizeof(head));
    if (message.state != READER_OK)
        return QUEUED_END;
    if (head.nlmsg_type == NLMSG_ERROR)
        return read_error(message, out);
    if (head.nlmsg_type == (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
        return read_packet(message, out);
    return QUEUED_OTHER;
}
