/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The edge to ldns.  Each record's bounds are checked first (rr.h); of the records that matter ldns
 * makes the owner and the rdata; all others are only stepped over.
 */
#include "dnsparse/records.h"

#include <ldns/ldns.h>
#include <stdlib.h>

static bool rr_matters(const struct rr *rr)
{
    if (rr->class != RR_CLASS_IN)
        return false;
    switch (rr->type) {
    case RR_TYPE_A:
    case RR_TYPE_AAAA:
    case RR_TYPE_CNAME:
    case RR_TYPE_DNAME:
    case RR_TYPE_SVCB:
    case RR_TYPE_HTTPS:
        return true;
    }
    return false;
}

static bool rdata_fits(const struct record *record)
{
    if (record->type == RR_TYPE_A)
        return record->rdata_size == 4;
    return record->type != RR_TYPE_AAAA || record->rdata_size == 16;
}

/*
 * What the record says.  SVCB and HTTPS rdata is taken as it stands: it holds no compressed name
 * (RFC 9460 section 2.2), and whether ldns splits it depends on how ldns was built.
 */
static bool record_fill(const struct wire_message *message, const struct rr *rr,
                        const ldns_rr *parsed, struct record *out)
{
    const ldns_rdf *owner = ldns_rr_owner(parsed);

    *out = (struct record){
        .owner = ldns_rdf_data(owner),
        .owner_size = ldns_rdf_size(owner),
        .rdata = message->bytes + rr->rdata,
        .rdata_size = rr->end - rr->rdata,
        .ttl = rr->ttl > INT32_MAX ? 0 : rr->ttl,
        .type = rr->type,
    };
    if (rr->type == RR_TYPE_CNAME || rr->type == RR_TYPE_DNAME) {
        if (ldns_rr_rd_count(parsed) != 1)
            return false;
        out->rdata = ldns_rdf_data(ldns_rr_rdf(parsed, 0));
        out->rdata_size = ldns_rdf_size(ldns_rr_rdf(parsed, 0));
    }
    return rdata_fits(out);
}

static bool record_parse(const struct wire_message *message, size_t at, const struct rr *rr,
                         struct records *records)
{
    ldns_rr *parsed = NULL;

    if (ldns_wire2rr(&parsed, message->bytes, message->size, &at, LDNS_SECTION_ANSWER) !=
        LDNS_STATUS_OK)
        return false;
    if (!ldns_rr_list_push_rr(records->parsed, parsed)) {
        ldns_rr_free(parsed);
        return false;
    }
    return at == rr->end && record_fill(message, rr, parsed, &records->list[records->count++]);
}

/* Walks one section from *at on.  RR_CUT leaves *at before the record that is not whole. */
static enum rr_outcome section_read(const struct wire_message *message, enum rr_section section,
                                    size_t *at, struct records *records)
{
    for (unsigned left = rr_count(message, section); left > 0; left--) {
        struct rr rr;
        enum rr_outcome outcome = rr_read(message->bytes, message->size, *at, &rr);

        if (outcome != RR_WHOLE)
            return outcome;
        if (section == RR_ANSWER && rr_matters(&rr) && !record_parse(message, *at, &rr, records))
            return RR_BAD;
        if (section == RR_AUTHORITY && rr.type == RR_TYPE_SOA)
            records->negative = true;
        if (rr.type == RR_TYPE_OPT)
            records->rcode_high = (uint8_t)(rr.ttl >> 24);
        *at = rr.end;
    }
    return RR_WHOLE;
}

/*
 * What teaches has to be whole: the answer section.  What is said to follow it is read for as long
 * as it is there, and bytes behind all that are nobody's: resolver libraries and forwarders take
 * answers with padding, with a count too many, and with an OPT record that was cut.
 */
static bool message_read(const struct wire_message *message, struct records *records)
{
    size_t at = wire_records(message);
    enum rr_outcome outcome = section_read(message, RR_ANSWER, &at, records);

    if (outcome != RR_WHOLE)
        return message->truncated && outcome == RR_CUT;
    if (section_read(message, RR_AUTHORITY, &at, records) == RR_WHOLE)
        section_read(message, RR_ADDITIONAL, &at, records);
    return true;
}

/* A count is believed only as far as the message can hold records. */
static size_t records_most(const struct wire_message *message)
{
    size_t fit = message->size / RR_SIZE_MIN;

    return message->answer_count < fit ? message->answer_count : fit;
}

bool records_read(const struct wire_message *message, struct records *out)
{
    struct records records = {
        .list = calloc(records_most(message) + 1, sizeof *records.list),
        .parsed = ldns_rr_list_new(),
    };

    /* Without memory the answer cannot be read: refused like one that is not readable. */
    if (records.list == NULL || records.parsed == NULL || !message_read(message, &records)) {
        records_free(&records);
        return false;
    }
    *out = records;
    return true;
}

void records_free(struct records *records)
{
    ldns_rr_list_deep_free(records->parsed);
    free(records->list);
}

static uint8_t byte_lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

bool record_is_owned_by(const struct record *record, const struct dname *name)
{
    if (record->owner_size != name->length)
        return false;
    for (size_t i = 0; i < name->length; i++)
        if (byte_lower(record->owner[i]) != name->wire[i])
            return false;
    return true;
}
