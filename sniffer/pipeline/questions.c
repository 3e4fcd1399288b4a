/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of questions.  Entries of one size in one array that the kernel backs with memory only
 * as it is used; what answers said lies in a second, smaller array, whose places go round: it is as
 * large as all else, and only the last questions answered are of use.  Index 0 means none
 * everywhere, so zeroed memory is an empty table.
 */
#include "sniffer/pipeline/questions.h"

#include "base/big_table.h"
#include "base/siphash.h"
#include "sniffer/pipeline/case_keepers.h"
#include "sniffer/pipeline/questions_clients.h"

#include <string.h>

enum {
    BUCKETS = 65536,
    SWEEP_MOST = 4, /* entries past their time that one question clears away */
};

struct question_hash {
    uint64_t key[2];      /* of the whole key, its name in lower case */
    uint64_t letter_case; /* of the name as it was; 0 without capitals, and over TCP */
};

struct entry {
    struct question_hash hash;
    uint64_t asked_ns;   /* when it was last asked: the 10 s begin here */
    uint64_t seen_ns;    /* its last sight, duplicates included */
    uint64_t counted_ns; /* when its answer came, if `answers` says that one did */
    uint32_t next;       /* in the bucket, or in the free list */
    uint32_t client;
    uint32_t answers;      /* what the one that counted said; 0 before it came */
    bool asked_again;      /* since it was new */
    bool answered;         /* since it was last asked */
    bool edns;             /* when it was last asked */
    bool other_case;       /* an answer came in another case, from a server that keeps it */
    enum client_list list; /* where the client keeps it */
    uint8_t place_count;   /* one more than there is room for: nothing is known of them */
    struct place places[QUESTION_PLACES_MAX];
};

struct answers {
    uint32_t question; /* whose they are; 0: nobody's any more */
    struct answer_digest counted;
    unsigned count; /* of addresses */
    struct address addresses[SIGHTING_ADDRESSES_MAX];
};

struct questions {
    struct siphash_key key;
    struct clients *clients; /* keeps the order of age too */
    struct case_keepers case_keepers;
    uint32_t used;         /* entries ever touched: 1..used */
    uint32_t free;         /* the last one freed: its memory is warm */
    uint32_t answers_last; /* the last place given away, 1..QUESTIONS_SETTLED_MAX */
    uint64_t dropped;
    uint32_t buckets[BUCKETS];
    struct entry entries[QUESTIONS_MAX + 1];
    struct answers answers[QUESTIONS_SETTLED_MAX + 1];
};

struct questions *questions_new(void)
{
    struct questions *questions = big_table_new(sizeof(*questions));

    if (!questions)
        return NULL;
    if (siphash_key_random(&questions->key) == 0)
        questions->clients = clients_new(&questions->key);
    if (!questions->clients) {
        big_table_free(questions, sizeof(*questions));
        return NULL;
    }
    return questions;
}

void questions_free(struct questions *questions)
{
    if (!questions)
        return;
    clients_free(questions->clients);
    big_table_free(questions, sizeof(*questions));
}

/* A capture's clock may go back a little. */
static uint64_t age(uint64_t then_ns, uint64_t now_ns)
{
    return now_ns > then_ns ? now_ns - then_ns : 0;
}

/* Bytes only: no padding gets into the hash.  The name in lower case, type and class as they are.
 */
struct flat_key {
    struct address client, resolver;
    uint8_t ports[4], id[2], transport;
    uint8_t question[QUESTION_BYTES_MAX];
};

static void hash_key(const struct questions *questions, const struct question_key *key,
                     struct question_hash *out)
{
    struct flat_key flat;
    size_t size = key->question_size < QUESTION_BYTES_MAX ? key->question_size : QUESTION_BYTES_MAX;
    bool capitals = false;

    flat.client = key->client;
    flat.resolver = key->resolver;
    memcpy(flat.ports, &key->client_port, 2);
    memcpy(flat.ports + 2, &key->resolver_port, 2);
    memcpy(flat.id, &key->id, 2);
    flat.transport = (uint8_t)key->transport;
    memcpy(flat.question, key->question, size);
    for (size_t i = 0; i + QUESTION_FIXED_SIZE < size; i++) {
        flat.question[i] = byte_lower(key->question[i]);
        capitals |= flat.question[i] != key->question[i];
    }
    siphash128(&questions->key, &flat, offsetof(struct flat_key, question) + size, out->key);
    out->letter_case = 0;
    if (capitals && key->transport != TRANSPORT_TCP)
        out->letter_case = siphash(&questions->key, key->question, size);
}

static uint32_t find_from(const struct questions *questions, uint32_t at,
                          const struct question_hash *hash)
{
    while (at && (questions->entries[at].hash.key[0] != hash->key[0] ||
                  questions->entries[at].hash.key[1] != hash->key[1]))
        at = questions->entries[at].next;
    return at;
}

/* In whatever case: the last one asked. */
static uint32_t find_folded(const struct questions *questions, const struct question_hash *hash)
{
    return find_from(questions, questions->buckets[hash->key[0] % BUCKETS], hash);
}

/* In this case. */
static uint32_t question_find(const struct questions *questions, const struct question_hash *hash)
{
    uint32_t at = find_folded(questions, hash);

    while (at && questions->entries[at].hash.letter_case != hash->letter_case)
        at = find_from(questions, questions->entries[at].next, hash);
    return at;
}

static void question_forget(struct questions *questions, uint32_t index)
{
    struct entry *entry = &questions->entries[index];
    uint32_t *link = &questions->buckets[entry->hash.key[0] % BUCKETS];

    while (*link != index)
        link = &questions->entries[*link].next;
    *link = entry->next;
    questions->answers[entry->answers].question = 0;
    clients_remove(questions->clients, entry->client, index, entry->list);
    entry->next = questions->free;
    questions->free = index;
}

static uint32_t question_take_entry(struct questions *questions, uint64_t now_ns)
{
    uint32_t index;

    if (!questions->free && questions->used < QUESTIONS_MAX)
        return ++questions->used;
    if (!questions->free) {
        index = clients_make_room(questions->clients);
        const struct entry *entry = &questions->entries[index];

        /* One that nobody waits for any more makes room without a count. */
        if (entry->list == CLIENT_WAITING && age(entry->asked_ns, now_ns) <= QUESTION_LIFETIME_NS)
            questions->dropped++;
        question_forget(questions, index);
    }
    index = questions->free;
    questions->free = questions->entries[index].next;
    return index;
}

static bool was_seen_at(const struct entry *entry, const struct place *place)
{
    for (unsigned i = 0; i < entry->place_count && i < QUESTION_PLACES_MAX; i++) {
        if (place_equal(&entry->places[i], place))
            return true;
    }
    return false;
}

/* With one place too many nothing is known of any: no answer pairs. */
static void note_place(struct entry *entry, const struct place *place)
{
    if (was_seen_at(entry, place))
        return;
    if (entry->place_count < QUESTION_PLACES_MAX)
        entry->places[entry->place_count] = *place;
    if (entry->place_count <= QUESTION_PLACES_MAX)
        entry->place_count++;
}

static void question_enter(struct questions *questions, const struct question_key *key,
                           const struct question_hash *hash, uint64_t now_ns)
{
    uint32_t *bucket = &questions->buckets[hash->key[0] % BUCKETS];
    uint32_t index = question_take_entry(questions, now_ns);

    questions->entries[index] = (struct entry){
        .hash = *hash,
        .asked_ns = now_ns,
        .seen_ns = now_ns,
        .next = *bucket,
        .client = clients_add(questions->clients, &key->client, index),
        .list = CLIENT_WAITING,
        .edns = key->edns,
        .place_count = 1,
        .places = {key->place},
    };
    *bucket = index;
}

/*
 * Nobody waits for the answer of before any more: an answer to the question as it is now is
 * another.  So it is where a client that has had its answer asks without EDNS, at once and with the
 * same id: systemd-resolved does that after each "no such name", for servers that mistake EDNS for
 * one (DVE-2018-0001).
 */
static bool question_is_over(const struct entry *entry, const struct question_key *key,
                             uint64_t now_ns)
{
    if (age(entry->asked_ns, now_ns) > QUESTION_LIFETIME_NS)
        return true;
    if (entry->answers && entry->edns != key->edns)
        return true;
    if (!entry->answers || age(entry->seen_ns, now_ns) <= QUESTION_REPEAT_NS)
        return false;
    return key->transport == TRANSPORT_TCP || age(entry->counted_ns, now_ns) > QUESTION_LIFETIME_NS;
}

enum question_outcome questions_ask(struct questions *questions, const struct question_key *key,
                                    uint64_t now_ns)
{
    struct question_hash hash;

    for (unsigned i = 0; i < SWEEP_MOST; i++) {
        uint32_t oldest = clients_oldest(questions->clients);

        if (!oldest || age(questions->entries[oldest].asked_ns, now_ns) <= QUESTION_KEPT_NS)
            break;
        question_forget(questions, oldest);
    }
    hash_key(questions, key, &hash);
    uint32_t index = question_find(questions, &hash);
    if (index && question_is_over(&questions->entries[index], key, now_ns)) {
        question_forget(questions, index);
        index = 0;
    }
    if (!index) {
        question_enter(questions, key, &hash, now_ns);
        return QUESTION_NEW;
    }
    struct entry *entry = &questions->entries[index];
    bool repeated = age(entry->seen_ns, now_ns) <= QUESTION_REPEAT_NS;
    note_place(entry, &key->place);
    entry->seen_ns = now_ns;
    if (repeated)
        return QUESTION_REPEATED;
    entry->asked_ns = now_ns;
    entry->answered = false;
    entry->asked_again = true;
    clients_renew(questions->clients, entry->client, index, entry->list);
    return QUESTION_RETRANSMITTED;
}

/* Of an interface that shows both ways. */
static bool has_sides(const struct place *place)
{
    const struct place opposite = place_opposite(place);

    return !place_equal(&opposite, place);
}

bool questions_pairs(const struct questions *questions, struct question_found found,
                     const struct question_key *key)
{
    const struct entry *entry = &questions->entries[found.number];
    bool pairs = false;

    if (entry->place_count > QUESTION_PLACES_MAX ||
        (has_sides(&key->place) && was_seen_at(entry, &key->place)))
        return false;
    for (unsigned i = 0; i < entry->place_count; i++)
        pairs |= place_pairs(&entry->places[i], &key->place);
    return pairs;
}

/*
 * A server that keeps the case answers in no other.  One that does so to question after question
 * was only made to look so; where it could not have answered, it did not.
 */
static bool takes_any_case(struct questions *questions, uint32_t number,
                           const struct question_key *key)
{
    struct entry *entry = &questions->entries[number];
    const struct question_found found = {.number = number};

    if (!case_keepers_has(&questions->case_keepers, &questions->key, &key->resolver))
        return true;
    if (entry->other_case || entry->answers || !questions_pairs(questions, found, key))
        return false;
    entry->other_case = true;
    return case_keepers_doubt(&questions->case_keepers, &questions->key, &key->resolver);
}

struct question_found questions_find(struct questions *questions, const struct question_key *key)
{
    struct question_found found = {0};
    struct question_hash hash;

    hash_key(questions, key, &hash);
    found.number = question_find(questions, &hash);
    if (found.number) {
        found.case_keeper = hash.letter_case ? &key->resolver : NULL;
        return found;
    }
    uint32_t folded = find_folded(questions, &hash);
    if (folded && takes_any_case(questions, folded, key))
        found.number = folded;
    return found;
}

void questions_doubt(struct questions *questions, struct question_found found,
                     const struct question_key *key)
{
    const struct place opposite = place_opposite(&key->place);
    struct entry *entry = &questions->entries[found.number];

    if (has_sides(&key->place) && was_seen_at(entry, &key->place))
        note_place(entry, &opposite);
}

bool questions_is_late(const struct questions *questions, struct question_found found,
                       uint64_t now_ns)
{
    return age(questions->entries[found.number].asked_ns, now_ns) > QUESTION_LIFETIME_NS;
}

enum settle_outcome questions_compare(const struct questions *questions,
                                      struct question_found found,
                                      const struct answer_digest *digest,
                                      struct earlier_answer *earlier)
{
    const struct entry *entry = &questions->entries[found.number];
    const struct answers *answers = &questions->answers[entry->answers];

    if (!entry->answers)
        return SETTLE_COUNTS;
    if (answers->counted.value[0] == digest->value[0] &&
        answers->counted.value[1] == digest->value[1])
        return SETTLE_DUPLICATE;
    earlier->asked_again = entry->asked_again;
    earlier->count = answers->count;
    memcpy(earlier->addresses, answers->addresses, sizeof(earlier->addresses));
    return SETTLE_EXTRA;
}

enum settle_outcome questions_settle(struct questions *questions, struct question_found found,
                                     const struct answer_digest *digest,
                                     const struct answer_address *addresses, size_t address_count,
                                     uint64_t now_ns, struct earlier_answer *earlier)
{
    struct entry *entry = &questions->entries[found.number];
    enum settle_outcome outcome = questions_compare(questions, found, digest, earlier);

    if (outcome != SETTLE_COUNTS)
        return outcome;
    if (found.case_keeper)
        case_keepers_note(&questions->case_keepers, &questions->key, found.case_keeper);
    /* The question that has had its place for longest gives it up, and is forgotten with it. */
    uint32_t place = questions->answers_last % QUESTIONS_SETTLED_MAX + 1;
    struct answers *answers = &questions->answers[place];
    if (answers->question)
        question_forget(questions, answers->question);
    answers->question = found.number;
    questions->answers_last = entry->answers = place;
    entry->counted_ns = now_ns;
    answers->counted = *digest;
    answers->count = 0;
    for (size_t i = 0; i < address_count && answers->count < SIGHTING_ADDRESSES_MAX; i++)
        answers->addresses[answers->count++] = addresses[i].address;
    return SETTLE_COUNTS;
}

bool questions_answered(struct questions *questions, struct question_found found)
{
    struct entry *entry = &questions->entries[found.number];

    if (entry->answered)
        return false;
    entry->answered = true;
    if (entry->list == CLIENT_WAITING)
        clients_move(questions->clients, entry->client, found.number, CLIENT_WAITING,
                     CLIENT_ANSWERED);
    entry->list = CLIENT_ANSWERED;
    return true;
}

/* A sum does not mind the order; with a 128-bit keyed hash nobody can aim at one. */
void questions_digest(const struct questions *questions, struct answer_digest *digest,
                      const void *data, size_t size)
{
    uint64_t hash[2];

    siphash128(&questions->key, data, size, hash);
    digest->value[0] += hash[0];
    digest->value[1] += hash[1];
}

unsigned questions_open(const struct questions *questions)
{
    return clients_waiting(questions->clients);
}

uint64_t questions_dropped(const struct questions *questions)
{
    return questions->dropped;
}
