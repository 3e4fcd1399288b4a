/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following aliases.  At each step all records are looked at, so their order does not matter, and
 * those that a resolver would have used are taken: the name's own CNAMEs, else the topmost DNAME
 * above it (below that one no other can exist).  Of several CNAMEs glibc uses the last, unbound the
 * first, musl, c-ares and dnsmasq each of them: so all are followed.
 */
#include "dnsparse/answers/chain.h"

#include <string.h>

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

/* The index of a name that has been met, or that of the next new one. */
static unsigned name_find(const struct answer *answer, const struct dname *name)
{
    unsigned index = 0;

    while (index <= answer->chain_count && !dname_equal(answer_name(answer, index), name))
        index++;
    return index;
}

static enum answer_outcome walk_name(struct walk *walk, unsigned index);

static enum answer_outcome walk_alias(struct walk *walk, unsigned from, const struct alias *alias)
{
    struct answer *answer = walk->answer;
    unsigned to = name_find(answer, &alias->target);
    enum answer_outcome outcome = ANSWER_OK;

    if (alias->bad)
        return ANSWER_MALFORMED;
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

enum answer_outcome chain_follow(const struct records *records, struct answer *answer,
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
