/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a response: does its name matter, is its sender trusted, was it asked for, what
 * does it say, and has that been said before.  Cheap questions first; the answer is parsed last.
 * The table `rulings` says which answers may be learned.
 */
#include "dnsparse/names/dns.h"
#include "sniffer/pipeline/aliases.h"
#include "sniffer/pipeline/state.h"

enum {
    FLAGS_AT = 2,
    RECURSION_DESIRED = 1,
};

/*
 * What a message teaches, and whether a client that gets it waits for no other one: it has what it
 * asked for, or knows that there is nothing, or asks again over TCP.  After an error other than
 * NXDOMAIN it waits on, or asks again with the same id and port; what is not readable it discards.
 */
static const struct {
    enum reason reason;
    bool is_final;
} endings[] = {
    [ANSWER_OK] = {REASON_NONE, true},
    [ANSWER_NOT_NOERROR] = {REASON_NOT_NOERROR, false},
    [ANSWER_NOT_CLASS_IN] = {REASON_NOT_CLASS_IN, false},
    [ANSWER_QUESTION_COUNT] = {REASON_QUESTION_COUNT, false},
    [ANSWER_MALFORMED] = {REASON_MALFORMED, false},
    [ANSWER_LOOP] = {REASON_LOOP, true},
    [ANSWER_TOO_LONG_CHAIN] = {REASON_TOO_LONG_CHAIN, true},
};

/* Who may have sent an answer. */
enum sender {
    SENDER_IMPOSSIBLE, /* its address cannot come in where it was seen */
    SENDER_ELSEWHERE,  /* trusted on another interface */
    SENDER_TRUSTED,
    SENDER_SUFFICES, /* trusted, where a question is not required or cannot be seen */
    SENDERS,
};

/* What is known of its question. */
enum known {
    KNOWN_NOTHING,
    KNOWN_LATE,    /* asked more than 10 s ago */
    KNOWN_ONE_WAY, /* seen, but not going the other way at the same place */
    KNOWN_PAIRED,
    KNOWN_COUNT,
};

struct ruling {
    enum reason reason; /* why it is not learned, whatever it says; REASON_NONE: it is */
    bool waits;  /* a ring that is read next may hold its question, or the place that counts */
    bool astray; /* seen where it cannot be, by somebody who knows all that he needs to forge */
};

/*
 * One from an impossible source waits, too, so that its question is doubted before what follows
 * from it.
 */
static const struct ruling rulings[SENDERS][KNOWN_COUNT] = {
    [SENDER_IMPOSSIBLE] =
        {
            [KNOWN_NOTHING] = {REASON_IMPOSSIBLE_SOURCE, .waits = true},
            [KNOWN_LATE] = {REASON_IMPOSSIBLE_SOURCE, .astray = true},
            [KNOWN_ONE_WAY] = {REASON_IMPOSSIBLE_SOURCE, .astray = true},
            [KNOWN_PAIRED] = {REASON_IMPOSSIBLE_SOURCE, .astray = true},
        },
    [SENDER_ELSEWHERE] =
        {
            [KNOWN_NOTHING] = {REASON_UNTRUSTED_RESOLVER},
            [KNOWN_LATE] = {REASON_UNTRUSTED_RESOLVER},
            [KNOWN_ONE_WAY] = {REASON_UNTRUSTED_RESOLVER},
            [KNOWN_PAIRED] = {REASON_UNTRUSTED_RESOLVER},
        },
    [SENDER_TRUSTED] =
        {
            [KNOWN_NOTHING] = {REASON_NO_QUESTION, .waits = true},
            [KNOWN_LATE] = {REASON_LATE_ANSWER},
            [KNOWN_ONE_WAY] = {REASON_WRONG_WAY, .waits = true, .astray = true},
            [KNOWN_PAIRED] = {REASON_NONE},
        },
    [SENDER_SUFFICES] =
        {
            [KNOWN_NOTHING] = {REASON_NONE},
            [KNOWN_LATE] = {REASON_NONE},
            [KNOWN_ONE_WAY] = {REASON_WRONG_WAY, .waits = true, .astray = true},
            [KNOWN_PAIRED] = {REASON_NONE},
        },
};

/* The response being dealt with, and what every step needs of it. */
struct response {
    struct passing passing;
    struct dname question;
    struct question_key key;
    struct question_found asked; /* looked up once */
    struct report_subject subject;
    bool may_wait; /* for its question */
};

/* What it says, where it can be read. */
static const struct answer *response_answer(const struct pipeline *pipeline,
                                            const struct response *response)
{
    bool known = response->passing.parsed && response->passing.outcome == ANSWER_OK;

    return known ? &pipeline->answer : NULL;
}

static void response_refuse(struct pipeline *pipeline, const struct response *response,
                            enum reason reason)
{
    pipeline->counters.refused[reason]++;
    report_refusal(&pipeline->report, &response->subject, reason,
                   response_answer(pipeline, response));
}

static void parse(struct pipeline *pipeline, struct passing *passing)
{
    if (passing->parsed)
        return;
    passing->outcome = answer_read(passing->wire, &pipeline->answer);
    passing->parsed = true;
}

/* What can be said before the question is looked up. */
static enum reason response_judge(struct pipeline *pipeline, const struct passing *passing,
                                  enum trust trust)
{
    if (passing->wire->question_count != 1)
        return REASON_QUESTION_COUNT;
    if (passing->wire->question_class != CLASS_IN)
        return REASON_NOT_CLASS_IN;
    if (trust == TRUST_NONE)
        return REASON_UNTRUSTED_RESOLVER;
    if (!pipeline_checksum_is_good(pipeline, passing->segment))
        return REASON_BAD_CHECKSUM;
    return REASON_NONE;
}

static void response_raise_alarm(struct pipeline *pipeline, const struct response *response,
                                 const struct earlier_answer *earlier)
{
    if (pipeline->draining)
        return;
    count(pipeline, COUNTER_ALARMS);
    if (earlier->asked_again)
        count(pipeline, COUNTER_ALARMS_ASKED_AGAIN);
    pipeline->counters.refused[REASON_EXTRA_ANSWER]++;
    report_alarm(&pipeline->report, &response->subject, REASON_EXTRA_ANSWER,
                 response_answer(pipeline, response), earlier);
}

/*
 * A response to a question that is known, or need not be.  What is not to be learned may still be
 * what was counted before, as on a firewall's second leg: a duplicate.
 */
static void weigh(struct pipeline *pipeline, struct response *response, const struct ruling *ruling)
{
    struct passing *passing = &response->passing;
    bool learns = ruling->reason == REASON_NONE;
    struct answer_digest digest;
    struct earlier_answer earlier;

    parse(pipeline, passing);
    enum reason reason = endings[passing->outcome].reason;
    if (!endings[passing->outcome].is_final &&
        !(passing->outcome == ANSWER_NOT_NOERROR && pipeline->answer.rcode == RCODE_NXDOMAIN)) {
        response_refuse(pipeline, response, reason);
        return;
    }
    learn_digest(pipeline, passing->outcome, &digest);
    if (!learns) {
        reason = ruling->reason;
    } else if (!response->asked.number ||
               questions_is_late(pipeline->questions, response->asked, passing->now_ns)) {
        /*
         * Where questions are not to be had, an answer opens the entry that it settles: on a mirror
         * port that shows one direction, which is one place for both.
         */
        questions_ask(pipeline->questions, &response->key, passing->now_ns);
        response->asked = questions_find(pipeline->questions, &response->key);
    }
    switch (learns ? questions_settle(
                         pipeline->questions, response->asked, &digest, pipeline->answer.addresses,
                         passing->outcome == ANSWER_OK ? pipeline->answer.address_count : 0,
                         passing->now_ns, &earlier)
                   : questions_compare(pipeline->questions, response->asked, &digest, &earlier)) {
    case SETTLE_DUPLICATE:
        /* The second leg, the mirror's other direction: where half of all answers are one, nobody
         * is told. */
        if (pipeline->hooks.duplicates)
            response_refuse(pipeline, response, REASON_DUPLICATE);
        else
            pipeline->counters.refused[REASON_DUPLICATE]++;
        return;
    case SETTLE_EXTRA:
        if (learns || ruling->astray) {
            response_raise_alarm(pipeline, response, &earlier);
            return;
        }
        break;
    case SETTLE_COUNTS:
        break;
    }
    if (reason == REASON_NONE)
        learn_answer(pipeline, passing, &response->subject);
    else
        response_refuse(pipeline, response, reason);
}

/* Another client's answer may have to make room; what it would have been is what it is now. */
static bool response_hold(struct pipeline *pipeline, const struct response *response)
{
    const struct passing *passing = &response->passing;
    const struct segment *surplus =
        early_answers_take_surplus(pipeline->early, &passing->segment->destination);

    if (surplus)
        response_deal_again(pipeline, surplus, passing->now_ns);
    if (!early_answers_hold(pipeline->early, passing->segment, &response->key.place,
                            passing->now_ns))
        return false;
    count(pipeline, COUNTER_EARLY_ANSWERS);
    pipeline->early_due_ns = early_answers_due(pipeline->early);
    return true;
}

static const struct ruling *response_rule(const struct pipeline *pipeline,
                                          const struct response *response, enum trust trust)
{
    const struct place *place = &response->key.place;
    enum sender sender = SENDER_SUFFICES;
    enum known known = KNOWN_ONE_WAY;

    if (place_refuses_source(pipeline->plan, place, &response->key.resolver))
        sender = SENDER_IMPOSSIBLE;
    else if (trust == TRUST_ELSEWHERE)
        sender = SENDER_ELSEWHERE;
    else if (pipeline->plan->require_query || !place_pairs(place, place))
        sender = SENDER_TRUSTED;
    if (!response->asked.number)
        known = KNOWN_NOTHING;
    else if (questions_is_late(pipeline->questions, response->asked, response->passing.now_ns))
        known = KNOWN_LATE;
    else if (questions_pairs(pipeline->questions, response->asked, &response->key))
        known = KNOWN_PAIRED;
    return &rulings[sender][known];
}

/* A server that clients ask, and that nobody has named: counted once for each question.  Nobody
 * outside can bring it up.  Who asks an authoritative server wants no recursion (RFC 1035, RD). */
static enum stranger stranger_of(struct pipeline *pipeline, const struct response *response)
{
    const struct passing *passing = &response->passing;
    struct question_found asked = questions_find(pipeline->strangers, &response->key);

    if (!asked.number || passing->segment->source_port != DNS_PORT ||
        !(passing->wire->bytes[FLAGS_AT] & RECURSION_DESIRED) ||
        !pipeline_checksum_is_good(pipeline, passing->segment) ||
        questions_is_late(pipeline->strangers, asked, passing->now_ns) ||
        !questions_pairs(pipeline->strangers, asked, &response->key) ||
        place_refuses_source(pipeline->plan, &response->key.place, &response->key.resolver) ||
        !questions_answered(pipeline->strangers, asked))
        return STRANGER_UNKNOWN;
    return STRANGER_UNNAMED;
}

static void match_response(struct pipeline *pipeline, struct response *response)
{
    struct passing *passing = &response->passing;
    const struct segment *segment = passing->segment;
    enum trust trust =
        trust_resolver(pipeline->plan, &segment->source, segment->source_port, segment);
    enum reason reason = response_judge(pipeline, passing, trust);

    if (reason == REASON_UNTRUSTED_RESOLVER && trust == TRUST_NONE)
        response->subject.stranger = stranger_of(pipeline, response);
    if (reason != REASON_NONE) {
        response_refuse(pipeline, response, reason);
        return;
    }
    response->asked = questions_find(pipeline->questions, &response->key);
    bool asked = response->asked.number != 0;
    const struct ruling *ruling = response_rule(pipeline, response, trust);
    if (ruling->astray)
        questions_doubt(pipeline->questions, response->asked, &response->key);
    if (ruling->waits && response->may_wait && response_hold(pipeline, response))
        return;
    if (!asked && ruling->reason != REASON_NONE) {
        response_refuse(pipeline, response, ruling->reason);
        return;
    }
    if (trust == TRUST_ELSEWHERE)
        response->subject.stranger = STRANGER_ELSEWHERE;
    weigh(pipeline, response, ruling);
    bool first = response->asked.number && ruling->reason == REASON_NONE &&
                 questions_answered(pipeline->questions, response->asked);
    if (first && asked && passing->matched && pipeline->hooks.answered)
        pipeline->hooks.answered(pipeline->hooks.context);
}

static void response_set_up(struct response *response, const struct pipeline *pipeline)
{
    const struct segment *segment = response->passing.segment;
    const struct wire_message *wire = response->passing.wire;

    dname_from_wire(wire_question(wire), wire->name_size, &response->question);
    response->key = (struct question_key){
        .client = segment->destination,
        .resolver = segment->source,
        .client_port = segment->destination_port,
        .resolver_port = segment->source_port,
        .id = wire->id,
        .transport = segment->transport,
        .question = wire_question(wire),
        .question_size = wire->name_size + 4u,
        .place = place_of(pipeline->plan, segment),
    };
    response->subject = (struct report_subject){
        .segment = segment,
        .interface = trust_interface(pipeline->plan, segment),
        .question = &response->question,
    };
}

static inline bool matters(struct pipeline *pipeline, struct passing *passing)
{
    const struct wire_message *wire = passing->wire;

    if (wire->opcode != OPCODE_QUERY)
        return false;
    passing->matched = pipeline_match(pipeline, wire, passing->now_ns);
    if (passing->matched)
        return true;
    if (wire->rcode != 0 || wire->answer_count == 0 || !pipeline_may_lead_on(pipeline, wire) ||
        !aliases_are_possible(wire))
        return false;
    /* Only the whole answer can tell whether its chain leads to a name that matches. */
    parse(pipeline, passing);
    return passing->outcome == ANSWER_OK && learn_chain_match(pipeline) != 0;
}

void response_deal(struct pipeline *pipeline, const struct segment *segment,
                   const struct wire_message *wire, uint64_t now_ns)
{
    struct response response;

    count(pipeline, COUNTER_ANSWERS);
    response.passing = (struct passing){.segment = segment, .wire = wire, .now_ns = now_ns};
    if (!matters(pipeline, &response.passing)) {
        count(pipeline, COUNTER_FOREIGN_ANSWERS);
        return;
    }
    count(pipeline, COUNTER_MATCHING_ANSWERS);
    response.may_wait = true;
    response_set_up(&response, pipeline);
    match_response(pipeline, &response);
}

static enum reason judge_told(struct pipeline *pipeline, struct passing *passing)
{
    if (passing->wire->question_count != 1)
        return REASON_QUESTION_COUNT;
    if (passing->wire->question_class != CLASS_IN)
        return REASON_NOT_CLASS_IN;
    parse(pipeline, passing);
    return endings[passing->outcome].reason;
}

void pipeline_told(struct pipeline *pipeline, const struct segment *segment, uint64_t now_ns)
{
    struct wire_message wire;
    struct response response = {
        .passing = {.segment = segment, .wire = &wire, .now_ns = now_ns},
        .subject = {.segment = segment, .interface = "", .question = &response.question},
    };

    if (!wire_read(segment->payload, segment->payload_size, &wire) || !wire.response) {
        pipeline->counters.refused[REASON_MALFORMED]++;
        return;
    }
    count(pipeline, COUNTER_ANSWERS);
    if (!matters(pipeline, &response.passing)) {
        count(pipeline, COUNTER_FOREIGN_ANSWERS);
        return;
    }
    count(pipeline, COUNTER_MATCHING_ANSWERS);
    dname_from_wire(wire_question(&wire), wire.name_size, &response.question);
    enum reason reason = judge_told(pipeline, &response.passing);
    if (reason == REASON_NONE)
        learn_answer(pipeline, &response.passing, &response.subject);
    else
        response_refuse(pipeline, &response, reason);
}

/* A derived name may have ended meanwhile: then nothing is to be said of it any more. */
__attribute__((cold)) void response_deal_again(struct pipeline *pipeline,
                                               const struct segment *segment, uint64_t now_ns)
{
    struct wire_message wire;
    struct response response = {.passing = {.segment = segment, .wire = &wire, .now_ns = now_ns}};

    if (!wire_read(segment->payload, segment->payload_size, &wire) ||
        !matters(pipeline, &response.passing))
        return;
    response_set_up(&response, pipeline);
    match_response(pipeline, &response);
}
