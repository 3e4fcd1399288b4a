/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions seen on the wire that may matter, until their answers come.  An answer counts when it
 * settles one of them: same client, resolver, ports, transport, id and question, within 10 s. Keyed
 * by a keyed 128-bit hash of all that, so an entry has one size.  The letters' case of the question
 * counts over UDP, towards a server that has been seen to keep it.
 *
 * One answer counts.  Over UDP a distinct one is an alarm, however often the question was asked
 * again: the client took the first one too.  Over TCP, which nobody can write into from outside, a
 * question that is asked again is a new one.
 *
 * Bounded: 65 536 questions in all.  While there is room a client may have any number, as a
 * forwarder has; then the one with the most makes room, and where none has more than 64 the oldest
 * of all.  Of those whose answers counted the last 16 384 are known: to an older one no answer
 * counts any more.
 */
#ifndef WILDSET_SNIFFER_PIPELINE_QUESTIONS_H
#define WILDSET_SNIFFER_PIPELINE_QUESTIONS_H

#include "base/clock.h"
#include "dnsparse/answers/answer.h"
#include "dnsparse/names/address.h"
#include "sniffer/decode/place.h"
#include "source/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QUESTIONS_MAX = 65536,
    QUESTIONS_SHARE = 64, /* no client makes room for another one's before it has more than this */
    QUESTIONS_SETTLED_MAX = 16384,
    QUESTION_FIXED_SIZE = 4,  /* type and class, behind the name */
    QUESTION_BYTES_MAX = 259, /* name, type, class */
    QUESTION_PLACES_MAX = 8,  /* where it was seen; on its way through a host of containers: 6 */
};
#define QUESTION_LIFETIME_NS (10 * NS_PER_SECOND)
/* Kept that long, so that an answer that comes late is told from one that nobody asked for. */
#define QUESTION_KEPT_NS (20 * NS_PER_SECOND)
/* Sooner again: the same packet seen twice. */
#define QUESTION_REPEAT_NS (100 * NS_PER_MS)

struct question_key {
    struct address client, resolver;
    uint16_t client_port, resolver_port;
    uint16_t id;
    enum transport transport;
    const uint8_t *question; /* name, type and class as on the wire, borrowed */
    size_t question_size;
    bool edns;          /* asked with an OPT record: not what tells questions apart either */
    struct place place; /* where the message was seen: not what tells questions apart */
};

enum question_outcome {
    QUESTION_NEW,
    QUESTION_REPEATED,      /* within 100 ms: a duplicate sight */
    QUESTION_RETRANSMITTED, /* later: the client has had no answer yet */
};

/* A question in the table, or none: good until the next one is asked. */
struct question_found {
    uint32_t number; /* 0: none */
    const struct address
        *case_keeper; /* the key's resolver, if it kept the case of capitals in it */
};

enum settle_outcome {
    SETTLE_COUNTS,    /* the first that the client is done with: learn it */
    SETTLE_DUPLICATE, /* says the same as the one that counted */
    SETTLE_EXTRA,     /* says something else: the alarm; `earlier` is filled */
};

/* All that an answer could grant, and how it ended; order does not matter. */
struct answer_digest {
    uint64_t value[2];
};

struct earlier_answer {
    bool asked_again; /* two true answers may differ: addresses that rotate */
    unsigned count;
    struct address addresses[SIGHTING_ADDRESSES_MAX];
};

struct questions;

/* NULL when memory or randomness is out. */
struct questions *questions_new(void);
void questions_free(struct questions *questions);

enum question_outcome questions_ask(struct questions *questions, const struct question_key *key,
                                    uint64_t now_ns);
/*
 * The question that an answer with this key answers, however old; in another case where the
 * resolver has not been seen to keep it, or not for many questions.
 */
struct question_found questions_find(struct questions *questions, const struct question_key *key);
/*
 * Whether it was seen going the other way where the answer with this key was seen, and not that way
 * too: then whoever is on that wire may have sent both.
 */
bool questions_pairs(const struct questions *questions, struct question_found found,
                     const struct question_key *key);
/*
 * An answer with this key went the way that the question had gone: what then goes the other way
 * there may be that answer, sent back by this machine, and does not pair any more.
 */
void questions_doubt(struct questions *questions, struct question_found found,
                     const struct question_key *key);
/* Asked more than 10 s ago. */
bool questions_is_late(const struct questions *questions, struct question_found found,
                       uint64_t now_ns);
/*
 * An answer, in time, after which the client waits for no other: one that says nothing too, but no
 * error behind which it asks again.  On SETTLE_COUNTS the first addresses are kept for a later
 * alarm.
 */
enum settle_outcome questions_settle(struct questions *questions, struct question_found found,
                                     const struct answer_digest *digest,
                                     const struct answer_address *addresses, size_t address_count,
                                     uint64_t now_ns, struct earlier_answer *earlier);
/* What questions_settle would say, however old the question is; settles nothing. */
enum settle_outcome questions_compare(const struct questions *questions,
                                      struct question_found found,
                                      const struct answer_digest *digest,
                                      struct earlier_answer *earlier);
/* An answer of any kind came: true for the first since the question was last asked. */
bool questions_answered(struct questions *questions, struct question_found found);
/*
 * Adds something that the answer could grant to its digest.  Keyed: nobody can make two answers
 * that say different things look the same.
 */
void questions_digest(const struct questions *questions, struct answer_digest *digest,
                      const void *data, size_t size);
/* Questions that wait for their first answer; those of the last 20 s are in it. */
unsigned questions_open(const struct questions *questions);
/* Questions that had to make room since the start. */
uint64_t questions_dropped(const struct questions *questions);

#endif
