/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a frame to a DNS message that matters: decode, first look at the name, and what becomes of
 * questions.  Nearly every packet ends here within nanoseconds, so the quick no comes first.
 */
#include "sniffer/pipeline/pipeline.h"

#include "base/clock.h"
#include "dnsparse/answers/rr.h"
#include "dnsparse/names/dns.h"
#include "sniffer/decode/linklayer.h"
#include "sniffer/pipeline/state.h"

#include <stdlib.h>

enum {
    MERGED_MAX = 64, /* datagrams in one frame: the kernel's UDP_GRO_CNT_MAX */
    /* So many, over so long, without one question between them: the kernel's filter lets only those
     * through whose names may matter. */
    ONE_DIRECTION_ANSWERS = 6,
};
#define ONE_DIRECTION_NS (5 * NS_PER_SECOND)

struct pipeline *pipeline_new(const struct plan *plan, const struct pipeline_hooks *hooks)
{
    struct pipeline *pipeline = calloc(1, sizeof(*pipeline));

    if (!pipeline)
        return NULL;
    pipeline->plan = plan;
    pipeline->hooks = *hooks;
    pipeline->report.send = hooks->report;
    pipeline->report.context = hooks->context;
    pipeline->matcher = matcher_new(plan->patterns, plan->pattern_count);
    pipeline->derived = derived_new();
    pipeline->questions = questions_new();
    pipeline->strangers = questions_new();
    pipeline->fragments = fragments_new();
    pipeline->streams = streams_new();
    pipeline->early = early_answers_new();
    pipeline->early_due_ns = UINT64_MAX;
    for (size_t i = 0; pipeline->derived && i < plan->derived_count; i++)
        derived_add(pipeline->derived, &plan->derived[i], 0);
    pipeline->dns = dnsports_of(plan->resolvers, plan->resolver_count);
    for (unsigned mirror = 0; mirror < 2; mirror++) {
        pipeline->rules[mirror] = tunnelrules_of(plan->tunnels, plan->tunnel_count, mirror);
        pipeline->rules[mirror].dns = &pipeline->dns;
    }
    for (size_t i = 0; i < plan->vlan_count; i++)
        pipeline->vlans[plan->vlans[i] / 64 % 64] |= UINT64_C(1) << plan->vlans[i] % 64;
    if (pipeline->matcher && pipeline->derived && pipeline->questions && pipeline->strangers &&
        pipeline->fragments && pipeline->streams && pipeline->early)
        return pipeline;
    pipeline_free(pipeline);
    return NULL;
}

void pipeline_free(struct pipeline *pipeline)
{
    if (!pipeline)
        return;
    early_answers_free(pipeline->early);
    streams_free(pipeline->streams);
    fragments_free(pipeline->fragments);
    questions_free(pipeline->strangers);
    questions_free(pipeline->questions);
    derived_free(pipeline->derived);
    matcher_free(pipeline->matcher);
    free(pipeline);
}

/* What goes to a stranger is kept apart: it must not cost a place that somebody believed needs. */
static void enter_question(struct pipeline *pipeline, const struct segment *segment,
                           const struct place *place, const struct wire_message *wire,
                           enum trust trust, bool anticipate, uint64_t now_ns)
{
    static const enum counter counters[] = {
        [QUESTION_NEW] = COUNTER_QUESTIONS,
        [QUESTION_REPEATED] = COUNTER_REPEATED_SIGHTS,
        [QUESTION_RETRANSMITTED] = COUNTER_RETRANSMISSIONS,
    };
    struct question_key key = {
        .client = segment->source,
        .resolver = segment->destination,
        .client_port = segment->source_port,
        .resolver_port = segment->destination_port,
        .id = wire->id,
        .transport = segment->transport,
        .question = wire_question(wire),
        .question_size = wire->name_size + 4u,
        .edns = rr_count(wire, RR_ADDITIONAL) != 0,
        .place = *place,
    };
    struct questions *questions = trust == TRUST_NONE ? pipeline->strangers : pipeline->questions;
    enum question_outcome outcome = questions_ask(questions, &key, now_ns);

    count(pipeline, counters[outcome]);
    if (trust == TRUST_NONE)
        return;
    const struct segment *early = early_answers_take(pipeline->early, &key);
    if (!early && anticipate && outcome != QUESTION_REPEATED && pipeline->hooks.asked) {
        struct dname question;

        dname_from_wire(key.question, wire->name_size, &question);
        pipeline->hooks.asked(pipeline->hooks.context, &key.client, &question);
    }
    for (; early; early = early_answers_take(pipeline->early, &key))
        response_deal_again(pipeline, early, now_ns);
}

/* What nobody would answer, or a host would drop, opens nothing. */
static void question_deal(struct pipeline *pipeline, const struct segment *segment,
                          const struct wire_message *wire, uint64_t now_ns)
{
    if (segment->destination_port != segment->server_port)
        return;
    pipeline->one_direction.answers = 0;
    if (wire->opcode != OPCODE_QUERY || wire->question_count != 1 ||
        wire->question_class != CLASS_IN)
        return;
    bool matches = pipeline_match(pipeline, wire, now_ns) != 0;
    if (!matches && !pipeline_may_lead_on(pipeline, wire))
        return;
    enum trust trust =
        trust_resolver(pipeline->plan, &segment->destination, segment->destination_port, segment);
    if (trust == TRUST_NONE && segment->destination_port != DNS_PORT)
        return; /* whoever else has a port that a resolver of ours has */
    struct place place = place_of(pipeline->plan, segment);
    if (place_refuses_source(pipeline->plan, &place, &segment->source)) {
        pipeline->counters.refused[REASON_IMPOSSIBLE_SOURCE]++;
        return;
    }
    if (!pipeline_checksum_is_good(pipeline, segment)) {
        pipeline->counters.refused[REASON_BAD_CHECKSUM]++;
        return;
    }
    enter_question(pipeline, segment, &place, wire, trust,
                   matches && rr_type_is_asked_for_addresses(wire->question_type), now_ns);
}

static void message_deal(struct pipeline *pipeline, const struct segment *segment,
                         const struct wire_message *wire, uint64_t now_ns)
{
    struct one_direction *seen = &pipeline->one_direction;

    if (!wire->response) {
        question_deal(pipeline, segment, wire, now_ns);
        return;
    }
    if (seen->answers++ == 0)
        seen->first_ns = now_ns;
    seen->last_ns = now_ns;
    response_deal(pipeline, segment, wire, now_ns);
}

/* What a datagram holds or a stream has delivered: one message, or several that were merged. */
static void payload_deal(struct pipeline *pipeline, const struct segment *segment, uint64_t now_ns)
{
    struct wire_message wire;

    if (wire_read(segment->payload, segment->payload_size, &wire))
        message_deal(pipeline, segment, &wire, now_ns);
    else
        pipeline->counters.refused[REASON_MALFORMED]++;
}

/* From the message at `from` on; with a bare sum all of them or none. */
static __attribute__((cold)) void
merged_deal(struct pipeline *pipeline, const struct segment *segment, size_t from, uint64_t now_ns)
{
    struct segment part = *segment;
    size_t left = segment->payload_size - from;
    struct wire_message wire;

    part.checked = true;
    part.payload += from;
    for (unsigned i = 0; i < MERGED_MAX && wire_read(part.payload, left, &wire); i++) {
        size_t end = wire_end(&wire);

        part.payload_size = left;
        bool more = end && end < left && pipeline_message_follows(&part, &wire, end);
        wire.size = more ? end : left;
        part.payload_size = wire.size;
        message_deal(pipeline, &part, &wire, now_ns);
        if (!more)
            return;
        part.payload += end;
        left -= end;
        count(pipeline, COUNTER_MERGED_DATAGRAMS);
    }
}

/*
 * Where a message ends is asked only where there may be more: each foreign answer would have to be
 * walked.  A bare sum is quickly seen; that of a list shows in the first one that matters.
 */
static void datagram_deal(struct pipeline *pipeline, const struct segment *segment, uint64_t now_ns)
{
    struct wire_message wire;

    if (!wire_read(segment->payload, segment->payload_size, &wire)) {
        pipeline->counters.refused[REASON_MALFORMED]++;
        return;
    }
    bool lists = pipeline->datagram_lists;
    bool bare = segment_is_bare(segment);
    if ((lists || bare) && pipeline_is_merged(pipeline, segment, &wire)) {
        pipeline->counters.value[COUNTER_BARE_CHECKSUMS] += bare;
        merged_deal(pipeline, segment, 0, now_ns);
        return;
    }
    message_deal(pipeline, segment, &wire, now_ns);
    if (pipeline->datagram_lists && !lists)
        merged_deal(pipeline, segment, wire_end(&wire), now_ns);
}

/* A resolver that is believed answers a matching question from another port: not learned, but said.
 */
static void note_other_port(struct pipeline *pipeline, const struct segment *segment,
                            uint64_t now_ns)
{
    struct wire_message wire;

    if (!wire_read(segment->payload, segment->payload_size, &wire) || !wire.response ||
        wire.opcode != OPCODE_QUERY || wire.question_count != 1 ||
        wire.question_class != CLASS_IN || !pipeline_match(pipeline, &wire, now_ns) ||
        !trust_somewhere(pipeline->plan, &segment->source))
        return;
    count(pipeline, COUNTER_OTHER_PORT);
    pipeline->other_port = (struct pipeline_server){segment->source, segment->source_port};
}

static void outcome_deal(struct pipeline *pipeline, enum frame_outcome outcome,
                         struct segment *segment, uint64_t now_ns)
{
    switch (outcome) {
    case FRAME_SEGMENT:
        if (!pipeline_vlan_is_wanted(pipeline, segment->vlan))
            count(pipeline, COUNTER_OTHER_VLAN);
        else if (segment->transport == TRANSPORT_TCP)
            reassemble_segment(pipeline, segment, now_ns, payload_deal);
        else
            datagram_deal(pipeline, segment, now_ns);
        return;
    case FRAME_NOT_DNS:
    case FRAME_LINK_TYPE:
        count(pipeline, COUNTER_NOT_DNS);
        return;
    case FRAME_OTHER_PORT:
        count(pipeline, COUNTER_NOT_DNS);
        note_other_port(pipeline, segment, now_ns);
        return;
    case FRAME_OTHER_TYPE:
        count(pipeline, COUNTER_NOT_DNS);
        ethertypes_count(&pipeline->ethertypes[segment->interface % PLAN_INTERFACES_MAX],
                         segment->ethertype);
        return;
    case FRAME_BAD:
        count(pipeline, COUNTER_BAD_FRAMES);
        return;
    case FRAME_FRAGMENT:
        return;
    case FRAME_CUT:
        count(pipeline, COUNTER_CUT_BY_SNAPLEN);
        return;
    case FRAME_SHORT:
        count(pipeline, COUNTER_CUT_BEFORE);
        return;
    case FRAME_STRANGER:
        count(pipeline, COUNTER_STRANGE_TUNNELS);
        return;
    }
}

static const struct {
    uint32_t bit;
    enum counter counter;
} wrapping_counters[] = {
    {WRAPPING_8021Q, COUNTER_IN_8021Q},
    {WRAPPING_8021AD, COUNTER_IN_8021AD},
    {WRAPPING_QINQ, COUNTER_IN_QINQ},
    {WRAPPING_MPLS, COUNTER_IN_MPLS},
    {WRAPPING_PPPOE, COUNTER_IN_PPPOE},
    {WRAPPING_NSH, COUNTER_IN_NSH},
    {WRAPPING_ETAG, COUNTER_IN_ETAG},
    {WRAPPING_VNTAG, COUNTER_IN_VNTAG},
    {WRAPPING_SGT, COUNTER_IN_SGT},
    {WRAPPING_FABRICPATH, COUNTER_IN_FABRICPATH},
    {WRAPPING_PBB, COUNTER_IN_PBB},
    {1 << ENCAPSULATION_GRE, COUNTER_IN_GRE},
    {1 << ENCAPSULATION_ERSPAN, COUNTER_IN_ERSPAN},
    {1 << ENCAPSULATION_VXLAN, COUNTER_IN_VXLAN},
    {1 << ENCAPSULATION_GENEVE, COUNTER_IN_GENEVE},
    {1 << ENCAPSULATION_IPIP, COUNTER_IN_IPIP},
    {1 << ENCAPSULATION_TZSP, COUNTER_IN_TZSP},
    {1 << ENCAPSULATION_GTP, COUNTER_IN_GTP},
};
enum { WRAPPING_COUNTERS = sizeof(wrapping_counters) / sizeof(wrapping_counters[0]) };

void pipeline_frame(struct pipeline *pipeline, const struct frame *frame, uint64_t now_ns)
{
    struct segment segment;

    count(pipeline, COUNTER_FRAMES);
    if (now_ns >= pipeline->early_due_ns)
        pipeline_run(pipeline, now_ns);
    segment.wrappings = 0;
    enum frame_outcome outcome =
        frame_decode(frame, pipeline_rules(pipeline, frame->interface, frame->link), &segment);
    if (outcome == FRAME_FRAGMENT)
        outcome = reassemble_fragment(pipeline, &segment, now_ns);
    for (size_t i = 0; segment.wrappings && i < WRAPPING_COUNTERS; i++) {
        if (segment.wrappings & wrapping_counters[i].bit)
            count(pipeline, wrapping_counters[i].counter);
    }
    outcome_deal(pipeline, outcome, &segment, now_ns);
}

void pipeline_run(struct pipeline *pipeline, uint64_t now_ns)
{
    for (;;) {
        uint64_t due_ns = early_answers_due(pipeline->early);
        const struct segment *early = early_answers_take_due(pipeline->early, now_ns);

        if (!early)
            break;
        response_deal_again(pipeline, early, due_ns);
    }
    pipeline->early_due_ns = early_answers_due(pipeline->early);
    fragments_expire(pipeline->fragments, now_ns);
}

void pipeline_expect_merged(struct pipeline *pipeline)
{
    pipeline->datagram_lists = true;
}

void pipeline_drain(struct pipeline *pipeline)
{
    pipeline->draining = true;
}

const struct counters *pipeline_counters(struct pipeline *pipeline)
{
    pipeline->counters.value[COUNTER_QUESTIONS_DROPPED] = questions_dropped(pipeline->questions);
    pipeline->counters.value[COUNTER_FRAGMENTS_FORGOTTEN] =
        fragments_forgotten(pipeline->fragments);
    return &pipeline->counters;
}

bool pipeline_sees_one_direction(const struct pipeline *pipeline)
{
    const struct one_direction *seen = &pipeline->one_direction;

    return seen->answers >= ONE_DIRECTION_ANSWERS && seen->last_ns > seen->first_ns &&
           seen->last_ns - seen->first_ns >= ONE_DIRECTION_NS;
}

struct ethertype_count pipeline_common_ethertype(const struct pipeline *pipeline,
                                                 uint16_t interface)
{
    return ethertypes_most(&pipeline->ethertypes[interface % PLAN_INTERFACES_MAX]);
}

struct pipeline_server pipeline_other_port(const struct pipeline *pipeline)
{
    return pipeline->other_port;
}
