/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The edge to ldns.  Each record that matters is read twice: rr.h finds its bounds and checks its
 * names, since ldns 1.8.3 is not safe before that; then ldns expands the owner and the name in the
 * rdata, which rr.h does not.  The others are only stepped over.
 */
#include "dnsparse/answers/records.h"
#include "dnsparse/names/dns.h"

#include <ldns/ldns.h>
#include <stdlib.h>

/* What it costs to have ldns make a record of one, in bytes of names looked at. */
enum { RECORD_WORK = 64 };

static bool rr_matters(const struct rr *rr)
{
    if (rr->class != CLASS_IN)
        return false;
    switch (rr->type) {
    case RR_TYPE_A:
    case RR_TYPE_AAAA:
    case RR_TYPE_CNAME:
    case RR_TYPE_MX:
    case RR_TYPE_SRV:
    case RR_TYPE_NAPTR:
    case RR_TYPE_DNAME:
    case RR_TYPE_SVCB:
    case RR_TYPE_HTTPS:
        return true;
    }
    return false;
}

static bool rr_is_alias(const struct rr *rr)
{
    return rr->type == RR_TYPE_CNAME || rr->type == RR_TYPE_DNAME;
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
    if (rr_is_alias(rr) || rr->type == RR_TYPE_MX || rr->type == RR_TYPE_SRV ||
        rr->type == RR_TYPE_NAPTR) {
        const ldns_rdf *name;

        if (ldns_rr_rd_count(parsed) == 0)
            return false;
        name = ldns_rr_rdf(parsed, ldns_rr_rd_count(parsed) - 1);
        out->rdata = ldns_rdf_data(name);
        out->rdata_size = ldns_rdf_size(name);
    }
    if (out->type == RR_TYPE_A)
        return out->rdata_size == 4;
    return out->type != RR_TYPE_AAAA || out->rdata_size == 16;
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

/* One record of a section; what it cost is counted, and what it would cost to keep it. */
static bool rr_take(const struct wire_message *message, enum rr_section section, size_t at,
                    const struct rr *rr, struct records *records)
{
    bool kept = section == RR_ANSWER && rr_matters(rr);

    records->work += rr->work + (kept ? RECORD_WORK : 1);
    if (section == RR_AUTHORITY && rr->type == RR_TYPE_SOA)
        records->negative = true;
    if (rr->type == RR_TYPE_OPT)
        records->rcode_high = (uint8_t)(rr->ttl >> 24);
    if (!kept)
        return records->work <= ANSWER_WORK_MAX;
    /* An alias too many is kept nowhere: its answer is refused. */
    if (rr_is_alias(rr) && records->alias_count++ < ANSWER_ALIASES_MAX)
        records->aliases[records->alias_count - 1] = (uint16_t)records->count;
    return records->work <= ANSWER_WORK_MAX && records->alias_count <= ANSWER_ALIASES_MAX &&
           record_parse(message, at, rr, records);
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
        if (!rr_take(message, section, *at, &rr, records))
            return RR_BAD;
        *at = rr.end;
    }
    return RR_WHOLE;
}

/*
 * What teaches has to be whole: the answer section.  What is said to follow it is read for as long
 * as it is there, and bytes behind all that are nobody's: resolver libraries and forwarders take
 * answers with padding, with a count too many, and with an OPT record that was cut.
 */
static enum answer_outcome message_read(const struct wire_message *message, struct records *records)
{
    size_t at = wire_records(message);
    enum rr_outcome outcome = section_read(message, RR_ANSWER, &at, records);

    if (records->alias_count > ANSWER_ALIASES_MAX)
        return ANSWER_TOO_LONG_CHAIN;
    if (outcome == RR_CUT && message->truncated)
        return ANSWER_OK;
    if (outcome != RR_WHOLE)
        return ANSWER_MALFORMED;
    if (section_read(message, RR_AUTHORITY, &at, records) == RR_WHOLE)
        section_read(message, RR_ADDITIONAL, &at, records);
    return ANSWER_OK;
}

enum answer_outcome records_read(const struct wire_message *message, struct records *out)
{
    /* A count is believed only as far as the message can hold records. */
    size_t fit = message->size / RR_SIZE_MIN;
    size_t most = message->answer_count < fit ? message->answer_count : fit;
    struct records records = {
        .list = calloc(most + 1, sizeof *records.list),
        .parsed = ldns_rr_list_new(),
    };
    enum answer_outcome outcome = ANSWER_MALFORMED;

    /* Without memory the answer cannot be read: refused like one that is not readable. */
    if (records.list != NULL && records.parsed != NULL)
        outcome = message_read(message, &records);
    if (outcome == ANSWER_OK)
        *out = records;
    else
        records_free(&records);
    return outcome;
}

void records_free(struct records *records)
{
    ldns_rr_list_deep_free(records->parsed);
    free(records->list);
}
