/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a response: does its name matter, do we believe who sent it, was it asked for,
 * what does it say, and has that been said before.  Cheap questions first; the answer is parsed
 * last.
 */
#include "dnsparse/names/dns.h"
#include "sniffer/pipeline/aliases.h"
#include "sniffer/pipeline/state.h"
#include "sniffer/pipeline/trust.h"

enum {
    FLAGS_AT = 2,
    RECURSION_DESIRED = 1,
};

static const enum reason outcome_reasons[] = {
    [ANSWER_OK] = REASON_NONE,
    [ANSWER_NOT_NOERROR] = REASON_NOT_NOERROR,
    [ANSWER_NOT_CLASS_IN] = REASON_NOT_CLASS_IN,
    [ANSWER_QUESTION_COUNT] = REASON_QUESTION_COUNT,
    [ANSWER_MALFORMED] = REASON_MALFORMED,
    [ANSWER_LOOP] = REASON_LOOP,
    [ANSWER_TOO_LONG_CHAIN] = REASON_TOO_LONG_CHAIN,
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

/* The second leg, the mirror's other direction: where half of all answers are one, nobody is told.
 */
static void pass_over(struct pipeline *pipeline, const struct response *response)
{
    if (pipeline->hooks.duplicates)
        response_refuse(pipeline, response, REASON_DUPLICATE);
    else
        pipeline->counters.refused[REASON_DUPLICATE]++;
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
 * Where questions are not to be had, an answer opens the entry that it settles: on a mirror port
 * that shows one direction, which is one place for both.
 */
static void open_unasked(struct pipeline *pipeline, struct response *response)
{
    uint64_t now_ns = response->passing.now_ns;

    if (response->asked.number && !questions_is_late(pipeline->questions, response->asked, now_ns))
        return;
    questions_ask(pipeline->questions, &response->key, now_ns);
    response->asked = questions_find(pipeline->questions, &response->key);
}

/* The answer that counts; nothing can be learned from an error. */
static void take(struct pipeline *pipeline, const struct response *response)
{
    enum reason reason = outcome_reasons[response->passing.outcome];

    if (reason == REASON_NONE)
        learn_answer(pipeline, &response->passing, &response->subject);
    else
        response_refuse(pipeline, response, reason);
}

/* An answer that its client is done with, from a resolver that is believed here. */
static void response_conclude(struct pipeline *pipeline, struct response *response,
                              const struct answer_digest *digest)
{
    const struct answer *answer = response_answer(pipeline, response);
    struct earlier_answer earlier;

    open_unasked(pipeline, response);
    switch (questions_settle(pipeline->questions, response->asked, digest,
                             pipeline->answer.addresses, answer ? answer->address_count : 0,
                             response->passing.now_ns, &earlier)) {
    case SETTLE_COUNTS:
        take(pipeline, response);
        return;
    case SETTLE_DUPLICATE:
        pass_over(pipeline, response);
        return;
    case SETTLE_EXTRA:
        response_raise_alarm(pipeline, response, &earlier);
        return;
    }
}

/*
 * What is not believed by itself: what was counted before is a duplicate all the same, as on a
 * firewall's second leg.  Where the question was answered otherwise, somebody knows all that he
 * needs to forge.
 */
static void dismiss(struct pipeline *pipeline, const struct response *response, enum reason doubt,
                    const struct answer_digest *digest)
{
    bool astray = doubt == REASON_WRONG_WAY || doubt == REASON_IMPOSSIBLE_SOURCE;
    struct earlier_answer earlier;

    if (questions_counted(pipeline->questions, response->asked, digest))
        pass_over(pipeline, response);
    else if (astray && questions_has_answer(pipeline->questions, response->asked, &earlier))
        response_raise_alarm(pipeline, response, &earlier);
    else
        response_refuse(pipeline, response, doubt);
}

/*
 * Whether a client that gets it waits for no other one: it has what it asked for, or knows that
 * there is nothing, or asks again over TCP.  After another error it waits on, or asks again with
 * the same id and port; what is not readable it discards.
 */
static bool is_final(const struct pipeline *pipeline, const struct passing *passing)
{
    switch (passing->outcome) {
    case ANSWER_OK:
    case ANSWER_LOOP:
    case ANSWER_TOO_LONG_CHAIN:
        return true;
    case ANSWER_NOT_NOERROR:
        return pipeline->answer.rcode == RCODE_NXDOMAIN;
    case ANSWER_NOT_CLASS_IN:
    case ANSWER_QUESTION_COUNT:
    case ANSWER_MALFORMED:
        return false;
    }
    return false;
}

/*
 * A response to a question that is known, or need not be.  `doubt` is why it would not be believed
 * by itself.
 */
static void weigh(struct pipeline *pipeline, struct response *response, enum reason doubt)
{
    struct passing *passing = &response->passing;
    struct answer_digest digest;

    parse(pipeline, passing);
    if (!is_final(pipeline, passing)) {
        response_refuse(pipeline, response, outcome_reasons[passing->outcome]);
        return;
    }
    learn_digest(pipeline, passing->outcome, &digest);
    if (doubt == REASON_NONE)
        response_conclude(pipeline, response, &digest);
    else
        dismiss(pipeline, response, doubt, &digest);
}

/* Another client's answer may have to make room; what it would have been is what it is now. */
static bool response_hold(struct pipeline *pipeline, const struct response *response)
{
    const struct passing *passing = &response->passing;
    const struct segment *surplus =
        early_answers_take_surplus(pipeline->early, &passing->segment->destination);

    if (surplus)
        response_deal_again(pipeline, surplus, passing->now_ns);
    return early_answers_hold(pipeline->early, passing->segment, &response->key.place,
                              passing->now_ns);
}

/* Why the answer would not be learned, whatever it says. */
static enum reason doubt_about(const struct pipeline *pipeline, const struct response *response,
                               enum trust trust)
{
    const struct place *place = &response->key.place;
    bool required = pipeline->plan->require_query || !place_pairs(place, place);
    bool late = response->asked.number &&
                questions_is_late(pipeline->questions, response->asked, response->passing.now_ns);

    if (place_refuses_source(pipeline->plan, place, &response->key.resolver))
        return REASON_IMPOSSIBLE_SOURCE;
    if (trust == TRUST_ELSEWHERE)
        return REASON_UNTRUSTED_RESOLVER;
    if (!response->asked.number)
        return required ? REASON_NO_QUESTION : REASON_NONE;
    if (late)
        return required ? REASON_LATE_ANSWER : REASON_NONE;
    return questions_pairs(pipeline->questions, response->asked, &response->key) ? REASON_NONE
                                                                                 : REASON_WRONG_WAY;
}

/*
 * Its question may stand in a ring that is read next, or the one place of it that counts.  One from
 * an impossible source waits too, so that its question is doubted before what follows from it.
 */
static bool waits(struct pipeline *pipeline, const struct response *response, enum reason doubt)
{
    bool may = doubt == REASON_NO_QUESTION || doubt == REASON_WRONG_WAY ||
               (doubt == REASON_IMPOSSIBLE_SOURCE && !response->asked.number);

    if (!may || !response->may_wait || !response_hold(pipeline, response))
        return false;
    count(pipeline, COUNTER_EARLY_ANSWERS);
    pipeline->early_due_ns = early_answers_due(pipeline->early);
    return true;
}

/* Who asks an authoritative server wants no recursion; who asks a resolver does (RFC 1035, RD). */
static bool wants_recursion(const struct wire_message *wire)
{
    return wire->bytes[FLAGS_AT] & RECURSION_DESIRED;
}

/* A server that clients ask, and that nobody has named: counted once for each question.  Nobody
 * outside can bring it up. */
static enum stranger stranger_of(struct pipeline *pipeline, const struct response *response)
{
    const struct passing *passing = &response->passing;
    struct question_found asked = questions_find(pipeline->strangers, &response->key);

    if (!asked.number || passing->segment->source_port != DNS_PORT ||
        !wants_recursion(passing->wire) || !pipeline_checksum_is_good(pipeline, passing->segment) ||
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
    enum reason doubt = doubt_about(pipeline, response, trust);
    bool asked = response->asked.number != 0;
    if (asked && (doubt == REASON_IMPOSSIBLE_SOURCE || doubt == REASON_WRONG_WAY))
        questions_doubt(pipeline->questions, response->asked, &response->key);
    if (waits(pipeline, response, doubt))
        return;
    if (!asked && doubt != REASON_NONE) {
        response_refuse(pipeline, response, doubt);
        return;
    }
    if (trust == TRUST_ELSEWHERE)
        response->subject.stranger = STRANGER_ELSEWHERE;
    weigh(pipeline, response, doubt);
    bool first = response->asked.number && doubt == REASON_NONE &&
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

/* Only the whole answer can tell whether its chain leads to a name that matches. */
static bool leads_on(struct pipeline *pipeline, struct passing *passing)
{
    if (passing->wire->rcode != 0 || passing->wire->answer_count == 0 ||
        !pipeline_may_lead_on(pipeline, passing->wire) || !aliases_are_possible(passing->wire))
        return false;
    parse(pipeline, passing);
    return passing->outcome == ANSWER_OK && learn_chain_match(pipeline) != 0;
}

static inline bool matters(struct pipeline *pipeline, struct passing *passing)
{
    if (passing->wire->opcode != OPCODE_QUERY)
        return false;
    passing->matched = pipeline_match(pipeline, passing->wire, passing->now_ns);
    return passing->matched || leads_on(pipeline, passing);
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
