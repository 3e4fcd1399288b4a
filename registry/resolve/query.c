/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RFC 1035 section 4.1, written and checked.
 */
#include "registry/resolve/query.h"

#include "dnsparse/answers/rr.h"
#include "dnsparse/names/dns.h"

#include <string.h>

enum { FLAG_RECURSION_DESIRED = 0x01 };

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* Lengths of labels are below 64, no letters: the whole name can be gone through byte by byte. */
static void mix_case(uint8_t *name, size_t size, const uint8_t *bits)
{
    for (size_t i = 0; i < size; i++)
        if (name[i] >= 'a' && name[i] <= 'z' && bits[i / 8] >> i % 8 & 1)
            name[i] = (uint8_t)(name[i] - 'a' + 'A');
}

void query_make(struct query *query, const struct dname *name, uint16_t type,
                const uint8_t random[static QUERY_RANDOM_SIZE], bool edns)
{
    uint8_t *at = query->bytes + WIRE_HEADER_SIZE;

    memset(query, 0, sizeof(*query));
    memcpy(query->bytes, random, 2);
    query->bytes[2] = FLAG_RECURSION_DESIRED;
    put16(query->bytes + 4, 1);
    put16(query->bytes + 10, edns);
    memcpy(at, name->wire, name->length);
    mix_case(at, name->length, random + 2);
    at += name->length;
    put16(at, type);
    put16(at + 2, CLASS_IN);
    query->question_size = (uint16_t)(name->length + 4);
    query->size = (uint16_t)(WIRE_HEADER_SIZE + query->question_size);
    if (!edns)
        return;
    at += 4; /* the root's name, OPT, the payload as class, all else zero */
    put16(at + 1, RR_TYPE_OPT);
    put16(at + 3, QUERY_PAYLOAD);
    query->size = (uint16_t)(query->size + RR_SIZE_MIN);
}

static bool query_same_question(const struct query *query, const struct wire_message *message,
                                bool any_case)
{
    const uint8_t *asked = query->bytes + WIRE_HEADER_SIZE;
    const uint8_t *answered = wire_question(message);
    size_t name_size = query->question_size - 4u;
    struct dname ours, theirs;

    if (message->question_count != 1 || message->name_size != name_size ||
        memcmp(asked + name_size, answered + name_size, 4) != 0)
        return false;
    if (!any_case)
        return memcmp(asked, answered, name_size) == 0;
    return dname_from_wire(asked, name_size, &ours) > 0 &&
           dname_from_wire(answered, name_size, &theirs) > 0 && dname_equal(&ours, &theirs);
}

enum query_verdict query_check(const struct query *query, const uint8_t *bytes, size_t size,
                               bool any_case, struct wire_message *out)
{
    struct wire_message message;

    if (!wire_read(bytes, size, &message) || !message.response || message.opcode != 0 ||
        memcmp(bytes, query->bytes, 2) != 0)
        return QUERY_MISMATCH;
    /* A server that cannot read OPT may leave the question out (RFC 6891 section 7). */
    if (message.question_count == 0 && message.rcode != RCODE_NOERROR &&
        message.rcode != RCODE_NXDOMAIN) {
        *out = message;
        return QUERY_REFUSED;
    }
    if (!query_same_question(query, &message, any_case))
        return QUERY_MISMATCH;
    *out = message;
    if (message.rcode != RCODE_NOERROR && message.rcode != RCODE_NXDOMAIN)
        return QUERY_REFUSED;
    return message.truncated ? QUERY_TRUNCATED : QUERY_ANSWERED;
}
