/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bounds of resource records.  ldns 1.8.3 follows pointers forwards and 65535 deep, and does
 * not hold the size of what it read against the rdata's length: both are settled here, before it.
 */
#include "dnsparse/answers/rr.h"

#include "base/bytes.h"
#include "dnsparse/names/dname.h"

enum {
    POINTER_BITS = 0xc0,
    FIXED_SIZE = RR_SIZE_MIN - 1,
    POINTERS_MAX = DNAME_LABELS_MAX, /* one before each label: no writer needs more */
};

/* A name being walked. */
struct name_walk {
    size_t at;     /* the next byte to read */
    size_t start;  /* of the labels being read: a pointer has to lead before it */
    size_t end;    /* behind the name where it stands; 0: no pointer yet */
    size_t length; /* of the labels so far, uncompressed */
    unsigned pointers;
};

/* Jumps to where the pointer leads.  The RFC says "a prior occurrence": so there can be no loop. */
static enum rr_outcome pointer_follow(const uint8_t *message, size_t size, struct name_walk *walk)
{
    size_t target;

    if (size - walk->at < 2)
        return RR_CUT;
    target = big_endian_16(message + walk->at) & ~(POINTER_BITS << 8);
    if (target >= walk->start || target < WIRE_HEADER_SIZE || ++walk->pointers > POINTERS_MAX)
        return RR_BAD;
    if (walk->end == 0)
        walk->end = walk->at + 2;
    walk->at = walk->start = target;
    return RR_WHOLE;
}

/* Adds what it took to *work. */
static enum rr_outcome rr_name_check(const uint8_t *message, size_t size, size_t at, size_t *end,
                                     unsigned *work)
{
    struct name_walk walk = {.at = at, .start = at};

    while (walk.at < size && message[walk.at] != 0) {
        uint8_t byte = message[walk.at];

        if ((byte & POINTER_BITS) == POINTER_BITS) {
            enum rr_outcome outcome = pointer_follow(message, size, &walk);

            if (outcome != RR_WHOLE)
                return outcome;
            continue;
        }
        walk.length += 1u + byte;
        if (byte > DNAME_LABEL_MAX || walk.length >= DNAME_MAX)
            return RR_BAD;
        walk.at += 1u + byte;
    }
    if (walk.at >= size)
        return RR_CUT;
    *end = walk.end != 0 ? walk.end : walk.at + 1;
    *work += (unsigned)walk.length + walk.pointers + 1;
    return RR_WHOLE;
}

/* Where the name starts that the rdata ends with, perhaps past its end; 0: it has none. */
static size_t rdata_name(const uint8_t *message, const struct rr *rr)
{
    size_t at;

    switch (rr->type) {
    case RR_TYPE_CNAME:
    case RR_TYPE_DNAME:
        return rr->rdata;
    case RR_TYPE_MX:
        return rr->rdata + 2; /* preference (RFC 1035 section 3.3.9) */
    case RR_TYPE_SRV:
        return rr->rdata + 6; /* priority, weight, port (RFC 2782) */
    case RR_TYPE_NAPTR:
        /* Order and preference; flags, services and a regular expression, each with its length (RFC
         * 3403, 4.1). */
        at = rr->rdata + 4;
        for (unsigned i = 0; i < 3 && at < rr->end; i++)
            at += 1u + message[at];
        return at;
    }
    return 0;
}

static enum rr_outcome rdata_check(const uint8_t *message, struct rr *rr)
{
    size_t at = rdata_name(message, rr), end;

    if (at == 0)
        return RR_WHOLE;
    if (rr_name_check(message, rr->end, at, &end, &rr->work) != RR_WHOLE || end != rr->end)
        return RR_BAD;
    return RR_WHOLE;
}

enum rr_outcome rr_read(const uint8_t *message, size_t size, size_t at, struct rr *out)
{
    struct rr rr = {0};
    enum rr_outcome outcome = rr_name_check(message, size, at, &at, &rr.work);

    if (outcome != RR_WHOLE)
        return outcome;
    if (size - at < FIXED_SIZE)
        return RR_CUT;
    rr.type = big_endian_16(message + at);
    rr.class = big_endian_16(message + at + 2);
    rr.ttl = big_endian_32(message + at + 4);
    rr.rdata = at + FIXED_SIZE;
    rr.end = rr.rdata + big_endian_16(message + at + 8);
    if (rr.end > size)
        return RR_CUT;
    outcome = rdata_check(message, &rr);
    if (outcome == RR_WHOLE)
        *out = rr;
    return outcome;
}

unsigned rr_count(const struct wire_message *message, enum rr_section section)
{
    static const size_t offsets[] = {[RR_ANSWER] = 6, [RR_AUTHORITY] = 8, [RR_ADDITIONAL] = 10};

    return big_endian_16(message->bytes + offsets[section]);
}

size_t rr_message_size(const struct wire_message *message)
{
    unsigned left = rr_count(message, RR_ANSWER) + rr_count(message, RR_AUTHORITY) +
                    rr_count(message, RR_ADDITIONAL);
    size_t at = wire_records(message);
    struct rr rr;

    if (message->question_count != 1)
        return 0;
    for (; left > 0; left--) {
        if (rr_read(message->bytes, message->size, at, &rr) != RR_WHOLE)
            return 0;
        at = rr.end;
    }
    return at;
}
