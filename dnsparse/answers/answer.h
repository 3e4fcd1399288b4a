/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one DNS response says about the addresses of the name that was asked for.  The records are
 * parsed by ldns; the chain of CNAME and DNAME records (RFC 1034 section 3.6.2, RFC 6672) is
 * followed from the question's name, in any record order.  It branches at a name with several
 * CNAMEs, and addresses beside a CNAME count: clients differ in which of them they use.  Pure: no
 * clock, no log.
 */
#ifndef WILDSET_DNSPARSE_ANSWERS_ANSWER_H
#define WILDSET_DNSPARSE_ANSWERS_ANSWER_H

#include "dnsparse/answers/wire.h"
#include "dnsparse/names/address.h"
#include "dnsparse/names/dname.h"
#include "dnsparse/names/record_type.h"

#include <stddef.h>
#include <stdint.h>

enum {
    ANSWER_CHAIN_MAX = 16,                   /* names behind the question's; more are refused */
    ANSWER_NAMES_MAX = ANSWER_CHAIN_MAX + 1, /* with the question's own */
    ANSWER_ALIASES_MAX = 64,     /* CNAME and DNAME records of one answer; no honest one has more */
    ANSWER_WORK_MAX = 1 << 20,   /* bytes of names looked at, for one answer: about a millisecond */
    ANSWER_ADDRESSES_MAX = 4096, /* more A records than a 64 KiB message can hold */
    ANSWER_TARGETS_MAX = 16, /* open ends: the chain's end, HTTPS/SVCB targets without addresses */
    ANSWER_STRAYS_MAX = 16,  /* addresses owned by a name off the chain, kept for the report */
};

/* Some of an answer's names: bit 0 is the question's, bit N that of chain[N - 1]. */
typedef uint32_t answer_names;

struct answer_address {
    struct address address;
    uint8_t record; /* enum record_type */
    uint32_t
        ttl; /* the least of the chain and this record; top bit set counts as 0 (RFC 2181, 8) */
    answer_names owners; /* not empty */
};

/* A name at which the chain stopped without an address. */
struct answer_target {
    struct dname name;
    uint32_t ttl;        /* the least of the chain up to and with the record that named it */
    answer_names owners; /* of what named it; for a chain's end itself that */
};

struct answer_stray {
    struct dname owner;
    struct answer_address address;
};

struct answer {
    struct dname question;
    uint16_t question_type;
    uint8_t rcode;
    bool truncated;
    bool negative; /* says that the chain's end has no such record: nothing is left to be asked */
    struct dname
        chain[ANSWER_CHAIN_MAX]; /* the aliases' targets, none twice: each behind what led to it */
    unsigned chain_count;        /* 0: the question's name is the end */
    answer_names
        leads[ANSWER_NAMES_MAX]; /* the names that each of them leads to, itself included */
    uint32_t chain_ttl;          /* the least of all aliases; UINT32_MAX with no chain */
    unsigned work;               /* bytes of names that were looked at for it */
    unsigned address_count;
    unsigned target_count;
    unsigned stray_count;
    struct answer_target targets[ANSWER_TARGETS_MAX];
    struct answer_stray strays[ANSWER_STRAYS_MAX];
    struct answer_address addresses[ANSWER_ADDRESSES_MAX]; /* no address and record type twice */
};

enum answer_outcome {
    ANSWER_OK,          /* whatever it holds; nothing is a whole answer too */
    ANSWER_NOT_NOERROR, /* rcode */
    ANSWER_NOT_CLASS_IN,
    ANSWER_QUESTION_COUNT, /* not exactly one question */
    ANSWER_MALFORMED, /* an answer section that is cut, lies about lengths, or costs too much to
                         read */
    ANSWER_LOOP,
    ANSWER_TOO_LONG_CHAIN,
};

/* 0: the question's name; N: chain[N - 1]. */
static inline const struct dname *answer_name(const struct answer *answer, unsigned index)
{
    return index > 0 ? &answer->chain[index - 1] : &answer->question;
}

/* The chain's end: the last alias's target, or the question's name. */
static inline const struct dname *answer_owner(const struct answer *answer)
{
    return answer_name(answer, answer->chain_count);
}

/*
 * The first address from `index` on that counts as this name's, where only those owned by one of
 * `names` count; address_count when there is none.  Of an address with several owners one counts.
 */
unsigned answer_next_owned(const struct answer *answer, unsigned index, answer_names names,
                           unsigned owner);

/*
 * `message` was filled by wire_read and is a response.  A truncated one (TC) teaches the whole
 * records that it holds.  On any outcome but ANSWER_OK only question and rcode are meaningful.
 * `out` is large: keep one and use it again.
 */
enum answer_outcome answer_read(const struct wire_message *message, struct answer *out);

#endif
