/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following aliases.  At each step all records are looked at, so their order does not matter, and
 * the one that a resolver would have used is taken: the name's own CNAME, else the topmost DNAME
 * above it (below that one no other can exist).
 */
#include "dnsparse/chain.h"

#include <string.h>

enum { RANK_NONE = 256 };

/* What one record makes of a name. */
struct alias {
    unsigned rank; /* 0: a CNAME; else the length of the DNAME's owner; the least counts */
    bool bad;      /* its target cannot be, or a record of the same rank says another */
    uint32_t ttl;
    struct dname target;
};

static bool rdata_name(const struct record *record, struct dname *out)
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

static struct alias alias_of_cname(const struct record *record, const struct dname *name)
{
    struct alias alias = {.rank = RANK_NONE, .ttl = record->ttl};

    if (!record_is_owned_by(record, name))
        return alias;
    alias.rank = 0;
    alias.bad = !rdata_name(record, &alias.target);
    return alias;
}

static struct alias alias_of_dname(const struct record *record, const struct dname *name)
{
    struct alias alias = {.rank = RANK_NONE, .ttl = record->ttl};
    struct dname owner, target;

    if (dname_from_wire(record->owner, record->owner_size, &owner) == 0 ||
        !dname_is_below(name, &owner))
        return alias;
    alias.rank = owner.length;
    alias.bad = !rdata_name(record, &target) ||
                !name_substitute(name, owner.length, &target, &alias.target);
    return alias;
}

/* Two records of one rank have one owner: the same twice is one, anything else is a lie. */
static void alias_choose(struct alias *best, const struct alias *next)
{
    if (next->rank > best->rank || next->rank == RANK_NONE)
        return;
    if (next->rank < best->rank) {
        *best = *next;
        return;
    }
    best->bad = best->bad || next->bad || !dname_equal(&best->target, &next->target);
    if (next->ttl < best->ttl)
        best->ttl = next->ttl;
}

static bool alias_find(const struct records *records, const struct dname *name, struct alias *out)
{
    *out = (struct alias){.rank = RANK_NONE};
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->list[i];
        struct alias next;

        if (record->type == RR_TYPE_CNAME)
            next = alias_of_cname(record, name);
        else if (record->type == RR_TYPE_DNAME)
            next = alias_of_dname(record, name);
        else
            continue;
        alias_choose(out, &next);
    }
    return out->rank != RANK_NONE;
}

static bool chain_holds(const struct answer *answer, const struct dname *name)
{
    if (dname_equal(&answer->question, name))
        return true;
    for (unsigned i = 0; i < answer->chain_count; i++)
        if (dname_equal(&answer->chain[i], name))
            return true;
    return false;
}

enum answer_outcome chain_follow(const struct records *records, struct answer *answer)
{
    struct alias alias;

    answer->chain_count = 0;
    answer->chain_ttl = UINT32_MAX;
    while (alias_find(records, answer_owner(answer), &alias)) {
        if (alias.bad)
            return ANSWER_MALFORMED;
        if (chain_holds(answer, &alias.target))
            return ANSWER_LOOP;
        if (answer->chain_count == ANSWER_CHAIN_MAX)
            return ANSWER_TOO_LONG_CHAIN;
        answer->chain[answer->chain_count++] = alias.target;
        if (alias.ttl < answer->chain_ttl)
            answer->chain_ttl = alias.ttl;
    }
    return ANSWER_OK;
}
