/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a response to what it says about the question's name: the chain, the addresses at its end,
 * and the names at which the addresses have yet to be asked for.
 */
#include "dnsparse/answer.h"

#include "dnsparse/chain.h"
#include "dnsparse/records.h"
#include "dnsparse/svcb.h"

#include <string.h>

enum { SLOTS_MAX = 2 * ANSWER_ADDRESSES_MAX };

/* The addresses learned so far, hashed: a message may hold thousands, and none counts twice. */
struct learner {
    struct answer *answer;
    unsigned slot_mask;
    uint16_t slots[SLOTS_MAX]; /* 1 + index into the answer's addresses; 0: empty */
};

static uint32_t ttl_least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Clears only as many slots as the message can hold addresses for. */
static void learner_start(struct learner *learner, struct answer *answer, size_t message_size)
{
    size_t most = message_size / 4, slots = 16;

    while (slots < 2 * most && slots < SLOTS_MAX)
        slots *= 2;
    learner->answer = answer;
    learner->slot_mask = (unsigned)slots - 1;
    memset(learner->slots, 0, slots * sizeof learner->slots[0]);
}

static unsigned address_hash(const struct address *address, enum record_type record)
{
    const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t high, low;

    memcpy(&high, address->bytes, sizeof high);
    memcpy(&low, address->bytes + sizeof high, sizeof low);
    low ^= high * factor ^ (uint64_t)record << 8;
    return (unsigned)(low * factor >> 40);
}

/* Returns false when there are more than anything honest has. */
static bool address_learn(struct learner *learner, struct address address, enum record_type record,
                          uint32_t ttl)
{
    struct answer *answer = learner->answer;
    unsigned slot = address_hash(&address, record) & learner->slot_mask;

    for (; learner->slots[slot] != 0; slot = (slot + 1) & learner->slot_mask) {
        struct answer_address *held = &answer->addresses[learner->slots[slot] - 1];

        if (held->record != record || !address_equal(&held->address, &address))
            continue;
        held->ttl = ttl_least(held->ttl, ttl);
        return true;
    }
    if (answer->address_count == ANSWER_ADDRESSES_MAX)
        return false;
    answer->addresses[answer->address_count++] =
        (struct answer_address){.address = address, .record = (uint8_t)record, .ttl = ttl};
    learner->slots[slot] = (uint16_t)answer->address_count;
    return true;
}

static bool record_is_address(const struct record *record)
{
    return record->type == RR_TYPE_A || record->type == RR_TYPE_AAAA;
}

static bool record_is_svcb(const struct record *record)
{
    return record->type == RR_TYPE_SVCB || record->type == RR_TYPE_HTTPS;
}

static struct answer_address record_address(const struct record *record)
{
    if (record->type == RR_TYPE_A)
        return (struct answer_address){
            .address = address_from_ipv4(record->rdata), .record = RECORD_A, .ttl = record->ttl};
    return (struct answer_address){
        .address = address_from_ipv6(record->rdata), .record = RECORD_AAAA, .ttl = record->ttl};
}

static void stray_note(struct answer *answer, const struct record *record)
{
    struct answer_stray *stray;

    if (answer->stray_count == ANSWER_STRAYS_MAX)
        return;
    stray = &answer->strays[answer->stray_count++];
    dname_from_wire(record->owner, record->owner_size, &stray->owner);
    stray->address = record_address(record);
}

static bool hints_learn(struct learner *learner, const struct record *record,
                        const struct svcb *svcb)
{
    enum record_type type = record->type == RR_TYPE_HTTPS ? RECORD_HTTPS : RECORD_SVCB;
    uint32_t ttl = ttl_least(record->ttl, learner->answer->chain_ttl);

    for (size_t i = 0; i < svcb->ipv4_count; i++)
        if (!address_learn(learner, address_from_ipv4(svcb->ipv4 + 4 * i), type, ttl))
            return false;
    for (size_t i = 0; i < svcb->ipv6_count; i++)
        if (!address_learn(learner, address_from_ipv6(svcb->ipv6 + 16 * i), type, ttl))
            return false;
    return true;
}

/* Returns false for a record that is not well-formed, whoever owns it. */
static bool record_learn(struct learner *learner, const struct record *record)
{
    struct answer *answer = learner->answer;
    bool owned = record_is_owned_by(record, answer_owner(answer));

    if (record_is_svcb(record)) {
        struct svcb svcb;

        return svcb_read(record->rdata, record->rdata_size, &svcb) &&
               (!owned || hints_learn(learner, record, &svcb));
    }
    if (record_is_address(record) && owned) {
        struct answer_address address = record_address(record);

        return address_learn(learner, address.address, address.record,
                             ttl_least(address.ttl, answer->chain_ttl));
    }
    if (record_is_address(record))
        stray_note(answer, record);
    return true;
}

static bool addresses_learn(const struct records *records, size_t message_size,
                            struct answer *answer)
{
    struct learner learner;

    learner_start(&learner, answer, message_size);
    for (size_t i = 0; i < records->count; i++)
        if (!record_learn(&learner, &records->list[i]))
            return false;
    return true;
}

/* The question's own name needs no second entry: it has matched already. */
static void target_add(struct answer *answer, const struct dname *name, uint32_t ttl)
{
    if (dname_equal(name, &answer->question))
        return;
    for (unsigned i = 0; i < answer->target_count; i++) {
        struct answer_target *held = &answer->targets[i];

        if (!dname_equal(&held->name, name))
            continue;
        if (held->ttl < ttl)
            held->ttl = ttl; /* each way to the name is valid for as long as it is */
        return;
    }
    if (answer->target_count < ANSWER_TARGETS_MAX)
        answer->targets[answer->target_count++] = (struct answer_target){.name = *name, .ttl = ttl};
}

/* Hints do not count: a client that has them asks for the addresses all the same. */
static bool end_is_open(const struct answer *answer)
{
    if (answer->question_type == RR_TYPE_HTTPS || answer->question_type == RR_TYPE_SVCB)
        return true;
    for (unsigned i = 0; i < answer->address_count; i++)
        if (answer->addresses[i].record == RECORD_A || answer->addresses[i].record == RECORD_AAAA)
            return false;
    return true;
}

static void targets_learn(const struct records *records, struct answer *answer)
{
    if (answer->chain_count > 0 && end_is_open(answer))
        target_add(answer, answer_owner(answer), answer->chain_ttl);
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->list[i];
        struct svcb svcb;

        if (!record_is_svcb(record) || !record_is_owned_by(record, answer_owner(answer)))
            continue;
        /* The root stands for the owner, or for no service at all: nothing new to ask for. */
        if (svcb_read(record->rdata, record->rdata_size, &svcb) && svcb.target.length > 1)
            target_add(answer, &svcb.target, ttl_least(record->ttl, answer->chain_ttl));
    }
}

static enum answer_outcome answer_learn(const struct records *records, size_t message_size,
                                        struct answer *answer)
{
    enum answer_outcome outcome;

    if (records->rcode_high != 0) {
        unsigned rcode = (unsigned)records->rcode_high << 4;

        answer->rcode = rcode > UINT8_MAX ? UINT8_MAX : (uint8_t)rcode;
        return ANSWER_NOT_NOERROR;
    }
    answer->negative = records->negative;
    outcome = chain_follow(records, answer);
    if (outcome != ANSWER_OK)
        return outcome;
    if (!addresses_learn(records, message_size, answer))
        return ANSWER_MALFORMED;
    targets_learn(records, answer);
    return ANSWER_OK;
}

/* Question and header; the rest is empty, though not cleared: the struct is large. */
static void answer_start(const struct wire_message *message, struct answer *answer)
{
    answer->question = (struct dname){0};
    if (message->name_size != 0)
        dname_from_wire(wire_question(message), message->name_size, &answer->question);
    answer->question_type = message->question_type;
    answer->rcode = message->rcode;
    answer->truncated = message->truncated;
    answer->negative = false;
    answer->chain_count = 0;
    answer->chain_ttl = UINT32_MAX;
    answer->address_count = 0;
    answer->target_count = 0;
    answer->stray_count = 0;
}

const struct dname *answer_owner(const struct answer *answer)
{
    return answer->chain_count > 0 ? &answer->chain[answer->chain_count - 1] : &answer->question;
}

enum answer_outcome answer_read(const struct wire_message *message, struct answer *out)
{
    struct records records;
    enum answer_outcome outcome;

    answer_start(message, out);
    if (message->question_count != 1)
        return ANSWER_QUESTION_COUNT;
    if (message->question_class != RR_CLASS_IN)
        return ANSWER_NOT_CLASS_IN;
    if (message->rcode != 0)
        return ANSWER_NOT_NOERROR;
    if (!records_read(message, &records))
        return ANSWER_MALFORMED;
    outcome = answer_learn(&records, message->size, out);
    records_free(&records);
    return outcome;
}
