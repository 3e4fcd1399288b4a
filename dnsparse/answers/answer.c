/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a response to what it says about the question's name: the chain, the addresses at its end,
 * and the names at which the addresses have yet to be asked for.
 */
#include "dnsparse/answers/answer.h"

#include "dnsparse/answers/records.h"
#include "dnsparse/answers/svcb.h"
#include "dnsparse/names/dns.h"

#include <string.h>

/* ---- the chain ---- */

/*
 * The way from the question's name along its aliases, CNAME (RFC 1034 section 3.6.2) and DNAME (RFC
 * 6672).  At each step all records are looked at, so their order does not matter, and those that a
 * resolver would have used are taken: the name's own CNAMEs, else the topmost DNAME above it (below
 * that one no other can exist).  Of several CNAMEs glibc uses the last, unbound the first, musl,
 * c-ares and dnsmasq each of them: so all are followed.
 */
enum { RANK_NONE = 256 };

/* What one record makes of a name. */
struct alias {
    unsigned rank; /* 0: a CNAME; else the length of the DNAME's owner; the least counts */
    bool bad;      /* its target cannot be */
    uint32_t ttl;
    struct dname target;
};

static bool alias_target_name(const struct record *record, struct dname *out)
{
    return dname_from_wire(record->rdata, record->rdata_size, out) == record->rdata_size;
}

/* `name` with `target` in the place of its last `cut` bytes (RFC 6672 section 2.2). */
static bool name_substitute(const struct dname *name, size_t cut, const struct dname *target,
                            struct dname *out)
{
    size_t front = name->length - cut;

    if (front + target->length > DNAME_MAX)
        return false;
    *out = (struct dname){.length = (uint8_t)(front + target->length)};
    memcpy(out->wire, name->wire, front);
    memcpy(out->wire + front, target->wire, target->length);
    return true;
}

static struct alias alias_of(const struct records *records, size_t index, const struct dname *name)
{
    const struct record *record = &records->list[records->aliases[index]];
    struct alias alias = {.rank = RANK_NONE, .ttl = record->ttl};
    struct dname owner, target;

    if (record->type == RR_TYPE_CNAME) {
        if (!record_is_owned_by(record, name))
            return alias;
        alias.rank = 0;
        alias.bad = !alias_target_name(record, &alias.target);
        return alias;
    }
    if (dname_from_wire(record->owner, record->owner_size, &owner) == 0 ||
        !dname_is_below(name, &owner))
        return alias;
    alias.rank = owner.length;
    alias.bad = !alias_target_name(record, &target) ||
                !name_substitute(name, owner.length, &target, &alias.target);
    return alias;
}

/* On the way from the question's name, with all records at hand. */
struct walk {
    const struct records *records;
    struct answer *answer;
    answer_names behind; /* those that led to where it is: an alias to one of them is a loop */
    answer_names selves; /* those with an alias to themselves */
};

static answer_names name_bit(unsigned index)
{
    return (answer_names)1 << index;
}

static enum answer_outcome walk_name(struct walk *walk, unsigned index);

static enum answer_outcome walk_alias(struct walk *walk, unsigned from, const struct alias *alias)
{
    struct answer *answer = walk->answer;
    enum answer_outcome outcome = ANSWER_OK;
    unsigned to = 0;

    if (alias->bad)
        return ANSWER_MALFORMED;
    /* The index of a name that has been met, or that of the next new one. */
    while (to <= answer->chain_count && !dname_equal(answer_name(answer, to), &alias->target))
        to++;
    if (to == from) {
        walk->selves |= name_bit(from);
        return ANSWER_OK;
    }
    if (to == ANSWER_NAMES_MAX)
        return ANSWER_TOO_LONG_CHAIN;
    if (walk->behind & name_bit(to))
        return ANSWER_LOOP;
    if (alias->ttl < answer->chain_ttl)
        answer->chain_ttl = alias->ttl;
    if (to > answer->chain_count) {
        answer->chain[answer->chain_count++] = alias->target;
        outcome = walk_name(walk, to);
    }
    answer->leads[from] |= answer->leads[to];
    return outcome;
}

/* The first of those that count, or one of rank RANK_NONE. */
static struct alias alias_first(const struct records *records, const struct dname *name)
{
    struct alias best = {.rank = RANK_NONE};

    for (size_t i = 0; i < records->alias_count; i++) {
        struct alias alias = alias_of(records, i, name);

        if (alias.rank < best.rank)
            best = alias;
    }
    return best;
}

/* At most ANSWER_CHAIN_MAX deep: each call but the first has entered a new name. */
static enum answer_outcome walk_name(struct walk *walk, unsigned index)
{
    const struct dname *name = answer_name(walk->answer, index);
    const struct alias first = alias_first(walk->records, name);
    enum answer_outcome outcome = ANSWER_OK;

    walk->answer->leads[index] = name_bit(index);
    if (first.rank == RANK_NONE)
        return ANSWER_OK;
    walk->behind |= name_bit(index);
    for (size_t i = 0; i < walk->records->alias_count && outcome == ANSWER_OK; i++) {
        struct alias alias = alias_of(walk->records, i, name);

        if (alias.rank != first.rank)
            continue;
        /* No resolver takes two DNAMEs that differ. */
        if (alias.rank > 0 && !dname_equal(&alias.target, &first.target))
            return ANSWER_MALFORMED;
        outcome = walk_alias(walk, index, &alias);
    }
    walk->behind &= ~name_bit(index);
    return outcome;
}

/*
 * Fills chain, chain_count, chain_ttl and leads of an answer whose question is filled.  ANSWER_OK,
 * ANSWER_LOOP, ANSWER_TOO_LONG_CHAIN, or ANSWER_MALFORMED for a name with two different DNAMEs and
 * for a DNAME that makes a name too long.  *idle: names that have no alias but themselves, as
 * VMware's NAT writes them in front of their addresses; without an address they are a loop.
 */
static enum answer_outcome chain_follow(const struct records *records, struct answer *answer,
                                        answer_names *idle)
{
    struct walk walk = {.records = records, .answer = answer};
    enum answer_outcome outcome;

    answer->chain_count = 0;
    answer->chain_ttl = UINT32_MAX;
    outcome = walk_name(&walk, 0);
    *idle = 0;
    for (unsigned i = 0; i <= answer->chain_count; i++)
        if (answer->leads[i] == name_bit(i))
            *idle |= walk.selves & name_bit(i);
    return outcome;
}

/* ---- what it leads to ---- */

enum { SLOTS_MAX = 2 * ANSWER_ADDRESSES_MAX };

/* The addresses learned so far, hashed: a message may hold thousands, and none counts twice. */
struct learner {
    struct answer *answer;
    answer_names addressed; /* names with an A or AAAA record of their own */
    unsigned slot_mask;
    uint16_t slots[SLOTS_MAX]; /* 1 + index into the answer's addresses; 0: empty */
};

static uint32_t ttl_least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
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
                          uint32_t ttl, answer_names owner)
{
    struct answer *answer = learner->answer;
    unsigned slot = address_hash(&address, record) & learner->slot_mask;

    for (; learner->slots[slot] != 0; slot = (slot + 1) & learner->slot_mask) {
        struct answer_address *held = &answer->addresses[learner->slots[slot] - 1];

        if (held->record != record || !address_equal(&held->address, &address))
            continue;
        held->ttl = ttl_least(held->ttl, ttl);
        held->owners |= owner;
        return true;
    }
    if (answer->address_count == ANSWER_ADDRESSES_MAX)
        return false;
    answer->addresses[answer->address_count++] = (struct answer_address){
        .address = address, .record = (uint8_t)record, .ttl = ttl, .owners = owner};
    learner->slots[slot] = (uint16_t)answer->address_count;
    return true;
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
                        const struct svcb *svcb, uint32_t ttl, answer_names owner)
{
    enum record_type type = record->type == RR_TYPE_HTTPS ? RECORD_HTTPS : RECORD_SVCB;

    for (size_t i = 0; i < svcb->ipv4_count; i++)
        if (!address_learn(learner, address_from_ipv4(svcb->ipv4 + 4 * i), type, ttl, owner))
            return false;
    for (size_t i = 0; i < svcb->ipv6_count; i++)
        if (!address_learn(learner, address_from_ipv6(svcb->ipv6 + 16 * i), type, ttl, owner))
            return false;
    return true;
}

/* The name of the answer that owns the record, or none. */
static answer_names record_owner(struct answer *answer, const struct record *record)
{
    for (unsigned i = 0; i <= answer->chain_count; i++) {
        const struct dname *name = answer_name(answer, i);

        if (record->owner_size != name->length)
            continue;
        answer->work += name->length;
        if (record_is_owned_by(record, name))
            return (answer_names)1 << i;
    }
    return 0;
}

/*
 * A name to ask for more addresses, put at `place`; where there is no room for all, the last one
 * goes.  The question's own name needs no second entry: it has matched already.
 */
static void target_put(struct answer *answer, unsigned place, const struct dname *name,
                       uint32_t ttl, answer_names owner)
{
    struct answer_target target = {.name = *name, .ttl = ttl, .owners = owner};
    struct answer_target *targets = answer->targets;
    unsigned at = 0;

    if (dname_equal(name, &answer->question))
        return;
    while (at < answer->target_count && !dname_equal(&targets[at].name, name))
        at++;
    if (at < answer->target_count) {
        target.owners |= targets[at].owners;
        if (target.ttl < targets[at].ttl)
            target.ttl = targets[at].ttl; /* each way to the name is valid for as long as it is */
    } else if (at < ANSWER_TARGETS_MAX) {
        answer->target_count++;
    } else if (place < ANSWER_TARGETS_MAX) {
        at--;
    } else {
        return;
    }
    if (place > at)
        place = at;
    memmove(&targets[place + 1], &targets[place], (at - place) * sizeof(*targets));
    targets[place] = target;
}

/* Behind all others.  The root stands for no name, or for the owner's. */
static void target_add(struct answer *answer, const struct dname *name, uint32_t ttl,
                       answer_names owner)
{
    if (name->length > 1)
        target_put(answer, ANSWER_TARGETS_MAX, name, ttl, owner);
}

/* Addresses, and names to ask for more of them.  False: not well-formed, whoever owns it. */
static bool record_learn(struct learner *learner, const struct record *record)
{
    struct answer *answer = learner->answer;
    answer_names owner = record_owner(answer, record);
    uint32_t ttl = ttl_least(record->ttl, answer->chain_ttl);
    struct answer_address address;
    struct dname target;
    struct svcb svcb;

    switch (record->type) {
    case RR_TYPE_A:
    case RR_TYPE_AAAA:
        if (owner == 0) {
            stray_note(answer, record);
            return true;
        }
        address = record_address(record);
        learner->addressed |= owner;
        return address_learn(learner, address.address, address.record, ttl, owner);
    case RR_TYPE_SVCB:
    case RR_TYPE_HTTPS:
        if (!svcb_read(record->rdata, record->rdata_size, &svcb))
            return false;
        if (owner == 0)
            return true;
        target_add(answer, &svcb.target, ttl, owner);
        return hints_learn(learner, record, &svcb, ttl, owner);
    case RR_TYPE_MX:
    case RR_TYPE_SRV:
    case RR_TYPE_NAPTR:
        if (owner != 0 && dname_from_wire(record->rdata, record->rdata_size, &target) != 0)
            target_add(answer, &target, ttl, owner);
        return true;
    }
    return true;
}

/*
 * Ends of the chain, in front of what records name.  Hints do not count: a client that has them
 * asks for the addresses all the same.
 */
static void ends_learn(const struct learner *learner, struct answer *answer)
{
    bool always = answer->question_type == RR_TYPE_HTTPS || answer->question_type == RR_TYPE_SVCB;
    unsigned place = 0;

    for (unsigned i = 1; i <= answer->chain_count; i++) {
        answer_names name = (answer_names)1 << i;
        bool is_end = answer->leads[i] == name;

        if (is_end && (always || (learner->addressed & name) == 0))
            target_put(answer, place++, answer_name(answer, i), answer->chain_ttl, name);
    }
}

static enum answer_outcome records_learn(const struct records *records, size_t message_size,
                                         struct answer *answer)
{
    enum answer_outcome outcome;
    struct learner learner;
    answer_names idle;
    size_t slots = 16;

    answer->work = records->work;
    if (records->rcode_high != 0) {
        unsigned rcode = (unsigned)records->rcode_high << 4;

        answer->rcode = rcode > UINT8_MAX ? UINT8_MAX : (uint8_t)rcode;
        return ANSWER_NOT_NOERROR;
    }
    answer->negative = records->negative;
    outcome = chain_follow(records, answer, &idle);
    if (outcome != ANSWER_OK)
        return outcome;
    /* Only as many slots are cleared as the message can hold addresses for. */
    while (slots < 2 * (message_size / 4) && slots < SLOTS_MAX)
        slots *= 2;
    learner.answer = answer;
    learner.addressed = 0;
    learner.slot_mask = (unsigned)slots - 1;
    memset(learner.slots, 0, slots * sizeof learner.slots[0]);
    for (size_t i = 0; i < records->count; i++)
        if (!record_learn(&learner, &records->list[i]) || answer->work > ANSWER_WORK_MAX)
            return ANSWER_MALFORMED;
    if ((idle & ~learner.addressed) != 0)
        return ANSWER_LOOP;
    ends_learn(&learner, answer);
    return ANSWER_OK;
}

unsigned answer_next_owned(const struct answer *answer, unsigned index, answer_names names,
                           unsigned owner)
{
    while (index < answer->address_count) {
        answer_names owners = answer->addresses[index].owners & names;

        if (owners != 0 && (unsigned)__builtin_ctz(owners) == owner)
            break;
        index++;
    }
    return index;
}

enum answer_outcome answer_read(const struct wire_message *message, struct answer *out)
{
    struct records records;
    enum answer_outcome outcome;

    /* Question and header; the rest is empty, though not cleared: the struct is large. */
    out->question = (struct dname){0};
    if (message->name_size != 0)
        dname_from_wire(wire_question(message), message->name_size, &out->question);
    out->question_type = message->question_type;
    out->rcode = message->rcode;
    out->truncated = message->truncated;
    out->negative = false;
    out->chain_count = 0;
    out->chain_ttl = UINT32_MAX;
    out->leads[0] = 1;
    out->work = 0;
    out->address_count = 0;
    out->target_count = 0;
    out->stray_count = 0;
    if (message->question_count != 1)
        return ANSWER_QUESTION_COUNT;
    if (message->question_class != CLASS_IN)
        return ANSWER_NOT_CLASS_IN;
    if (message->rcode != 0)
        return ANSWER_NOT_NOERROR;
    outcome = records_read(message, &records);
    if (outcome != ANSWER_OK)
        return outcome;
    outcome = records_learn(&records, message->size, out);
    records_free(&records);
    return outcome;
}
