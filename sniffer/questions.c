/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of questions.  Entries of one size in one array that the kernel backs with memory only
 * as it is used; what answers said lies in a second, smaller array, whose places go round: it is as
 * large as all else, and only the last questions answered are of use.  Index 0 means none
 * everywhere, so zeroed memory is an empty table.
 */
#include "sniffer/questions.h"

#include "runtime/siphash.h"
#include "sniffer/clients.h"
#include "sniffer/lazy.h"

#include <stddef.h>
#include <string.h>

enum {
    BUCKETS = 65536,
    SWEEP_MOST = 4, /* entries past their time that one question clears away */
};

struct entry {
    uint64_t hash[2];  /* of the whole key */
    uint64_t asked_ns; /* when it was last asked: the 10 s begin here */
    uint64_t seen_ns;  /* its last sight, duplicates included */
    uint32_t next;     /* in the bucket, or in the free list */
    uint32_t client;
    uint32_t answers; /* what they said; 0 before anything counted */
    uint8_t allowed;  /* distinct answers: one each time it was asked */
    uint8_t counted;
    bool truncated;        /* answers.truncated is filled */
    bool answered;         /* since it was last asked */
    enum client_list list; /* where the client keeps it */
};

struct answers {
    uint32_t question; /* whose they are; 0: nobody's any more */
    struct answer_digest counted[QUESTION_ANSWERS_MAX];
    struct answer_digest truncated;
    struct earlier_answer earlier; /* what the first one counted said */
};

struct questions {
    struct siphash_key key;
    struct clients *clients; /* keeps the order of age too */
    uint32_t used;           /* entries ever touched: 1..used */
    uint32_t free;           /* the last one freed: its memory is warm */
    uint32_t answers_last;   /* the last place given away, 1..QUESTIONS_SETTLED_MAX */
    uint64_t dropped;
    uint32_t buckets[BUCKETS];
    struct entry entries[QUESTIONS_MAX + 1];
    struct answers answers[QUESTIONS_SETTLED_MAX + 1];
};

struct questions *questions_new(void)
{
    struct questions *questions = lazy_new(sizeof(*questions));

    if (!questions)
        return NULL;
    if (siphash_key_random(&questions->key) == 0)
        questions->clients = clients_new(&questions->key);
    if (!questions->clients) {
        lazy_free(questions, sizeof(*questions));
        return NULL;
    }
    return questions;
}

void questions_free(struct questions *questions)
{
    if (!questions)
        return;
    clients_free(questions->clients);
    lazy_free(questions, sizeof(*questions));
}

/* A capture's clock may go back a little. */
static uint64_t age(uint64_t then_ns, uint64_t now_ns)
{
    return now_ns > then_ns ? now_ns - then_ns : 0;
}

/* Bytes only: no padding gets into the hash. */
struct flat_key {
    struct address client, resolver;
    uint8_t ports[4], id[2], transport;
    uint8_t question[QUESTION_BYTES_MAX];
};

static void hash_key(const struct questions *questions, const struct question_key *key,
                     uint64_t out[static 2])
{
    struct flat_key flat;
    size_t size = key->question_size < QUESTION_BYTES_MAX ? key->question_size : QUESTION_BYTES_MAX;

    flat.client = key->client;
    flat.resolver = key->resolver;
    memcpy(flat.ports, &key->client_port, 2);
    memcpy(flat.ports + 2, &key->resolver_port, 2);
    memcpy(flat.id, &key->id, 2);
    flat.transport = (uint8_t)key->transport;
    memcpy(flat.question, key->question, size);
    siphash128(&questions->key, &flat, offsetof(struct flat_key, question) + size, out);
}

static uint32_t find(const struct questions *questions, const uint64_t hash[static 2])
{
    uint32_t at = questions->buckets[hash[0] % BUCKETS];

    while (at &&
           (questions->entries[at].hash[0] != hash[0] || questions->entries[at].hash[1] != hash[1]))
        at = questions->entries[at].next;
    return at;
}

static uint32_t find_key(const struct questions *questions, const struct question_key *key)
{
    uint64_t hash[2];

    hash_key(questions, key, hash);
    return find(questions, hash);
}

static void forget(struct questions *questions, uint32_t index)
{
    struct entry *entry = &questions->entries[index];
    uint32_t *link = &questions->buckets[entry->hash[0] % BUCKETS];

    while (*link != index)
        link = &questions->entries[*link].next;
    *link = entry->next;
    questions->answers[entry->answers].question = 0;
    clients_remove(questions->clients, entry->client, index, entry->list);
    entry->next = questions->free;
    questions->free = index;
}

/* One that nobody waits for any more makes room without a count. */
static void make_room(struct questions *questions, uint32_t index, uint64_t now_ns)
{
    const struct entry *entry = &questions->entries[index];

    if (entry->list == CLIENT_WAITING && age(entry->asked_ns, now_ns) <= QUESTION_LIFETIME_NS)
        questions->dropped++;
    forget(questions, index);
}

static void sweep(struct questions *questions, uint64_t now_ns)
{
    for (unsigned i = 0; i < SWEEP_MOST; i++) {
        uint32_t oldest = clients_oldest(questions->clients);

        if (!oldest || age(questions->entries[oldest].asked_ns, now_ns) <= QUESTION_KEPT_NS)
            return;
        forget(questions, oldest);
    }
}

static uint32_t take_entry(struct questions *questions, uint64_t now_ns)
{
    uint32_t index;

    if (!questions->free && questions->used == QUESTIONS_MAX)
        make_room(questions, clients_oldest(questions->clients), now_ns);
    if (!questions->free)
        return ++questions->used;
    index = questions->free;
    questions->free = questions->entries[index].next;
    return index;
}

static void enter(struct questions *questions, const struct question_key *key,
                  const uint64_t hash[static 2], uint64_t now_ns)
{
    uint32_t own = clients_full(questions->clients, &key->client, CLIENT_WAITING);
    uint32_t *bucket = &questions->buckets[hash[0] % BUCKETS];

    if (own)
        make_room(questions, own, now_ns);
    uint32_t index = take_entry(questions, now_ns);
    questions->entries[index] = (struct entry){
        .hash = {hash[0], hash[1]},
        .asked_ns = now_ns,
        .seen_ns = now_ns,
        .next = *bucket,
        .client = clients_add(questions->clients, &key->client, index),
        .allowed = 1,
        .list = CLIENT_WAITING,
    };
    *bucket = index;
}

static void ask_again(struct questions *questions, uint32_t index, uint64_t now_ns)
{
    struct entry *entry = &questions->entries[index];

    entry->asked_ns = now_ns;
    entry->seen_ns = now_ns;
    entry->answered = false;
    if (entry->allowed < QUESTION_ANSWERS_MAX)
        entry->allowed++;
    clients_renew(questions->clients, entry->client, index, entry->list);
}

enum question_outcome questions_ask(struct questions *questions, const struct question_key *key,
                                    uint64_t now_ns)
{
    uint64_t hash[2];

    sweep(questions, now_ns);
    hash_key(questions, key, hash);
    uint32_t index = find(questions, hash);
    if (index && age(questions->entries[index].asked_ns, now_ns) > QUESTION_LIFETIME_NS) {
        forget(questions, index);
        index = 0;
    }
    if (!index) {
        enter(questions, key, hash, now_ns);
        return QUESTION_NEW;
    }
    if (age(questions->entries[index].seen_ns, now_ns) <= QUESTION_REPEAT_NS) {
        questions->entries[index].seen_ns = now_ns;
        return QUESTION_REPEATED;
    }
    ask_again(questions, index, now_ns);
    return QUESTION_RETRANSMITTED;
}

static enum settle_outcome look(const struct questions *questions, uint32_t index, uint64_t now_ns)
{
    if (!index)
        return SETTLE_NONE;
    if (age(questions->entries[index].asked_ns, now_ns) > QUESTION_LIFETIME_NS)
        return SETTLE_LATE;
    return SETTLE_COUNTS;
}

enum settle_outcome questions_look(const struct questions *questions,
                                   const struct question_key *key, uint64_t now_ns)
{
    return look(questions, find_key(questions, key), now_ns);
}

static bool digest_equal(const struct answer_digest *a, const struct answer_digest *b)
{
    return a->value[0] == b->value[0] && a->value[1] == b->value[1];
}

static bool was_counted(const struct questions *questions, uint32_t index,
                        const struct answer_digest *digest)
{
    const struct answers *answers = &questions->answers[questions->entries[index].answers];

    for (unsigned i = 0; i < questions->entries[index].counted; i++) {
        if (digest_equal(&answers->counted[i], digest))
            return true;
    }
    return questions->entries[index].truncated && digest_equal(&answers->truncated, digest);
}

bool questions_counted(const struct questions *questions, const struct question_key *key,
                       const struct answer_digest *digest)
{
    uint32_t index = find_key(questions, key);

    return index && was_counted(questions, index, digest);
}

/* What settling and teaching have in common; SETTLE_COUNTS: the caller writes down that it counts.
 */
static enum settle_outcome judge(const struct questions *questions, uint32_t index,
                                 const struct answer_digest *digest, uint64_t now_ns,
                                 struct earlier_answer *earlier)
{
    enum settle_outcome outcome = look(questions, index, now_ns);

    if (index && was_counted(questions, index, digest))
        return SETTLE_DUPLICATE;
    if (outcome != SETTLE_COUNTS)
        return outcome;
    if (questions->entries[index].counted < questions->entries[index].allowed)
        return SETTLE_COUNTS;
    *earlier = questions->answers[questions->entries[index].answers].earlier;
    return SETTLE_EXTRA;
}

/* The question that has had its place for longest gives it up, and is forgotten with it. */
static struct answers *answers_of(struct questions *questions, uint32_t index)
{
    struct entry *entry = &questions->entries[index];

    if (!entry->answers) {
        uint32_t place = questions->answers_last % QUESTIONS_SETTLED_MAX + 1;

        if (questions->answers[place].question)
            forget(questions, questions->answers[place].question);
        questions->answers[place].question = index;
        questions->answers_last = entry->answers = place;
    }
    return &questions->answers[entry->answers];
}

static void keep_earlier(struct earlier_answer *earlier, const struct answer_address *addresses,
                         size_t count)
{
    *earlier = (struct earlier_answer){0};
    for (size_t i = 0; i < count && earlier->count < SIGHTING_ADDRESSES_MAX; i++)
        earlier->addresses[earlier->count++] = addresses[i].address;
}

enum settle_outcome questions_settle(struct questions *questions, const struct question_key *key,
                                     const struct answer_digest *digest,
                                     const struct answer_address *addresses, size_t address_count,
                                     uint64_t now_ns, struct earlier_answer *earlier)
{
    uint32_t index = find_key(questions, key);
    enum settle_outcome outcome = judge(questions, index, digest, now_ns, earlier);

    if (outcome != SETTLE_COUNTS)
        return outcome;
    struct entry *entry = &questions->entries[index];
    struct answers *answers = answers_of(questions, index);
    if (entry->counted == 0)
        keep_earlier(&answers->earlier, addresses, address_count);
    answers->counted[entry->counted++] = *digest;
    return SETTLE_COUNTS;
}

enum settle_outcome questions_teach(struct questions *questions, const struct question_key *key,
                                    const struct answer_digest *digest, uint64_t now_ns,
                                    struct earlier_answer *earlier)
{
    uint32_t index = find_key(questions, key);
    enum settle_outcome outcome = judge(questions, index, digest, now_ns, earlier);

    if (outcome != SETTLE_COUNTS)
        return outcome;
    answers_of(questions, index)->truncated = *digest;
    questions->entries[index].truncated = true;
    return SETTLE_COUNTS;
}

/* The client's oldest answered one makes room, but never this one: it was moved last. */
static void move_to_answered(struct questions *questions, const struct question_key *key,
                             uint32_t index)
{
    struct entry *entry = &questions->entries[index];
    uint32_t oldest = clients_full(questions->clients, &key->client, CLIENT_ANSWERED);

    if (oldest)
        forget(questions, oldest);
    clients_move(questions->clients, entry->client, index, CLIENT_WAITING, CLIENT_ANSWERED);
    entry->list = CLIENT_ANSWERED;
}

bool questions_answered(struct questions *questions, const struct question_key *key)
{
    uint32_t index = find_key(questions, key);

    if (!index || questions->entries[index].answered)
        return false;
    questions->entries[index].answered = true;
    if (questions->entries[index].list == CLIENT_WAITING)
        move_to_answered(questions, key, index);
    return true;
}

/* A sum does not mind the order; with a 128-bit keyed hash nobody can aim at one. */
static void digest_add(const struct questions *questions, struct answer_digest *digest,
                       const void *data, size_t size)
{
    uint64_t hash[2];

    siphash128(&questions->key, data, size, hash);
    digest->value[0] += hash[0];
    digest->value[1] += hash[1];
}

/* The open names tell answers apart only where there are no addresses to do it. */
void questions_digest(const struct questions *questions, const struct answer *answer,
                      struct answer_digest *out)
{
    *out = (struct answer_digest){.value = {answer->rcode, answer->rcode}};
    for (unsigned i = 0; i < answer->address_count; i++)
        digest_add(questions, out, &answer->addresses[i].address, sizeof(struct address));
    if (answer->address_count > 0)
        return;
    for (unsigned i = 0; i < answer->target_count; i++)
        digest_add(questions, out, &answer->targets[i].name, sizeof(struct dname));
}

unsigned questions_open(const struct questions *questions)
{
    return clients_waiting(questions->clients);
}

uint64_t questions_dropped(const struct questions *questions)
{
    return questions->dropped;
}
