/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a resource record begins and ends on the wire (RFC 1035 section 4.1.3), and nothing else:
 * every length is held against the message before a library looks at the record.
 */
#ifndef WILDSET_DNSPARSE_ANSWERS_RR_H
#define WILDSET_DNSPARSE_ANSWERS_RR_H

#include "dnsparse/answers/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rr_type {
    RR_TYPE_A = 1,
    RR_TYPE_CNAME = 5,
    RR_TYPE_SOA = 6,
    RR_TYPE_MX = 15,
    RR_TYPE_AAAA = 28,
    RR_TYPE_SRV = 33,
    RR_TYPE_NAPTR = 35,
    RR_TYPE_DNAME = 39,
    RR_TYPE_OPT = 41,
    RR_TYPE_SVCB = 64,
    RR_TYPE_HTTPS = 65,
    RR_TYPE_ANY = 255,
};

/* Whether the answer to such a question can hold addresses, or names to ask for addresses. */
static inline bool rr_type_is_asked_for_addresses(uint16_t type)
{
    return type == RR_TYPE_A || type == RR_TYPE_AAAA || type == RR_TYPE_MX || type == RR_TYPE_SRV ||
           type == RR_TYPE_NAPTR || type == RR_TYPE_SVCB || type == RR_TYPE_HTTPS ||
           type == RR_TYPE_ANY;
}

enum {
    RR_SIZE_MIN = 11, /* the root's name, type, class, TTL, rdata's length */
};

struct rr {
    uint16_t type;
    uint16_t class;
    uint32_t ttl;  /* as it stands */
    size_t rdata;  /* where it starts in the message */
    size_t end;    /* where the next record starts */
    unsigned work; /* bytes and pointers of names that were looked at */
};

enum rr_outcome {
    RR_WHOLE,
    RR_CUT, /* the message ends within the record */
    RR_BAD, /* a label type, pointer, name or length that cannot be */
};

/*
 * Reads the record at `at`.  Its owner, and the name at the end of the rdata of a CNAME, DNAME,
 * SRV, MX or NAPTR, are checked: pointers lead strictly backwards and never into the header, the
 * name has at most 255 bytes, and the rdata ends with it.
 */
enum rr_outcome rr_read(const uint8_t *message, size_t size, size_t at, struct rr *out);

/* The sections behind the question. */
enum rr_section {
    RR_ANSWER,
    RR_AUTHORITY,
    RR_ADDITIONAL,
};

/* How many records the header says the section has. */
unsigned rr_count(const struct wire_message *message, enum rr_section section);
/*
 * The size of a message with one question by what it says itself: where the last record ends.  What
 * stands behind that is padding, or another message.  0 when it is not whole.
 */
size_t rr_message_size(const struct wire_message *message);

#endif
