/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions seen on the wire that may matter, until their answers come.  An answer counts when it
 * settles one of them: same client, resolver, ports, transport, id and question byte for byte (0x20
 * case included), within 10 s.  Keyed by a keyed 128-bit hash of all that, so an entry has one size.
 * Bounded: 64 open questions a client and 65 536 in all; a client's own oldest makes room first.  Of
 * those whose answers counted the last 16 384 are known: to an older one no answer counts any more.
 */
#ifndef WILDSET_SNIFFER_QUESTIONS_H
#define WILDSET_SNIFFER_QUESTIONS_H

#include "dnsparse/address.h"
#include "dnsparse/answer.h"
#include "runtime/sighting.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A question waits until its first answer, of whatever kind; those that have had one are kept apart,
 * so that a busy client's answered questions do not push out the ones that still wait for theirs.
 */
enum {
    QUESTIONS_MAX = 65536,
    QUESTIONS_PER_CLIENT = 64,
    QUESTIONS_SETTLED_MAX = 16384,
    QUESTION_ANSWERS_MAX = 8,     /* distinct answers that retransmissions may allow */
    QUESTION_BYTES_MAX = 259,     /* name, type, class */
};
#define QUESTION_LIFETIME_NS (10 * UINT64_C(1000000000))
/* Kept that long, so that an answer that comes late is told from one that nobody asked for. */
#define QUESTION_KEPT_NS (20 * UINT64_C(1000000000))
#define QUESTION_REPEAT_NS (100 * UINT64_C(1000000)) /* sooner again: the same packet seen twice */

struct question_key {
    struct address client, resolver;
    uint16_t client_port, resolver_port;
    uint16_t id;
    enum transport transport;
    const uint8_t *question; /* name, type and class as on the wire, borrowed */
    size_t question_size;
};

enum question_outcome {
    QUESTION_NEW,
    QUESTION_REPEATED,       /* within 100 ms: a duplicate sight */
    QUESTION_RETRANSMITTED,  /* allows one more distinct answer */
};

enum settle_outcome {
    SETTLE_COUNTS,    /* learn it */
    SETTLE_DUPLICATE, /* same rcode and addresses as one that counted */
    SETTLE_EXTRA,     /* distinct, beyond the allowance: the alarm; `earlier` is filled */
    SETTLE_LATE,      /* its question is too old */
    SETTLE_NONE,      /* no such question */
};

/* What an answer says, for "the same answer": order does not matter. */
struct answer_digest {
    uint64_t value[2];
};

struct earlier_answer {
    unsigned count;
    struct address addresses[SIGHTING_ADDRESSES_MAX];
};

struct questions;

/* NULL when memory or randomness is out. */
struct questions *questions_new(void);
void questions_free(struct questions *questions);

enum question_outcome questions_ask(struct questions *questions, const struct question_key *key,
                                    uint64_t now_ns);
/* Whether the question was seen and is young enough: SETTLE_COUNTS, SETTLE_LATE or SETTLE_NONE. */
enum settle_outcome questions_look(const struct questions *questions, const struct question_key *key,
                                   uint64_t now_ns);
/*
 * An answer that holds addresses (an error, an empty or a truncated one settles nothing and is not
 * brought here).  On SETTLE_COUNTS the first one's addresses are kept for a later alarm.
 */
enum settle_outcome questions_settle(struct questions *questions, const struct question_key *key,
                                     const struct answer_digest *digest,
                                     const struct answer_address *addresses, size_t address_count,
                                     uint64_t now_ns, struct earlier_answer *earlier);
/*
 * The same for a truncated answer: held against what was counted before, but it settles nothing.  Only
 * the last truncated one is remembered.
 */
enum settle_outcome questions_teach(struct questions *questions, const struct question_key *key,
                                    const struct answer_digest *digest, uint64_t now_ns,
                                    struct earlier_answer *earlier);
/* Whether an answer that says the same was counted for this question, however old it is now. */
bool questions_counted(const struct questions *questions, const struct question_key *key,
                       const struct answer_digest *digest);
/* An answer of any kind came: true for the first since the question was last asked. */
bool questions_answered(struct questions *questions, const struct question_key *key);
/* Keyed: nobody can make two answers that say different things look the same. */
void questions_digest(const struct questions *questions, const struct answer *answer,
                      struct answer_digest *out);
/* Questions that wait for their first answer; those of the last 20 s are in it. */
unsigned questions_open(const struct questions *questions);
/* Questions that had to make room since the start. */
uint64_t questions_dropped(const struct questions *questions);

#endif
