/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of a response's answer section that can say something about addresses, or name where
 * to ask for them: A, AAAA, CNAME, DNAME, SVCB, HTTPS, SRV, MX and NAPTR of class IN, parsed by
 * ldns.
 */
#ifndef WILDSET_DNSPARSE_ANSWERS_RECORDS_H
#define WILDSET_DNSPARSE_ANSWERS_RECORDS_H

#include "dnsparse/answers/answer.h"
#include "dnsparse/answers/rr.h"
#include "dnsparse/answers/wire.h"
#include "dnsparse/names/dname.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record {
    const uint8_t *owner; /* uncompressed, any case */
    size_t owner_size;
    const uint8_t
        *rdata; /* names in it are uncompressed; SRV, MX and NAPTR: the target's name alone */
    size_t rdata_size; /* A: 4, AAAA: 16 */
    uint32_t ttl;      /* top bit set counts as 0 (RFC 2181 section 8) */
    uint16_t type;     /* enum rr_type */
};

struct records {
    size_t count;
    struct record *list;
    unsigned alias_count;
    uint16_t aliases[ANSWER_ALIASES_MAX]; /* where CNAME and DNAME records stand in the list */
    unsigned work;                        /* as in struct answer */
    uint8_t rcode_high; /* the extended bits of an OPT record (RFC 6891 section 6.1.3) */
    bool negative;      /* the authority section holds a SOA record (RFC 2308 section 2) */
    void *parsed;       /* the library's own, borrowed by `list` */
};

/*
 * ANSWER_OK; or, with nothing to free, ANSWER_MALFORMED when the answer section is not whole and
 * well-formed or costs too much, ANSWER_TOO_LONG_CHAIN when it has too many aliases.  A truncated
 * message may end within one of its records.  Whatever stands behind that section may be cut, or
 * something else.  Borrows the message.
 */
enum answer_outcome records_read(const struct wire_message *message, struct records *out);
void records_free(struct records *records);

static inline bool record_is_owned_by(const struct record *record, const struct dname *name)
{
    return dname_is_wire(name, record->owner, record->owner_size);
}

#endif
