/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the pipeline's files share: its state, and one DNS message on its way through.
 */
#ifndef WILDSET_SNIFFER_PIPELINE_STATE_H
#define WILDSET_SNIFFER_PIPELINE_STATE_H

#include "dnsparse/answers/answer.h"
#include "dnsparse/answers/wire.h"
#include "dnsparse/names/derived.h"
#include "dnsparse/names/matcher.h"
#include "sniffer/pipeline/early_answers.h"
#include "sniffer/pipeline/pipeline.h"
#include "sniffer/pipeline/questions.h"
#include "sniffer/pipeline/report.h"
#include "sniffer/reassembly/fragments.h"
#include "sniffer/reassembly/streams.h"

/* Answers since the last question of any kind. */
struct one_direction {
    uint64_t answers, first_ns, last_ns;
};

struct pipeline {
    const struct plan *plan;
    struct pipeline_hooks hooks;
    struct matcher *matcher;
    struct derived *derived;
    struct questions *questions;
    struct questions *strangers; /* those to servers that are not trusted: nothing there teaches */
    struct fragments *fragments;
    struct streams *streams;
    struct early_answers *early;
    uint64_t early_due_ns; /* as the table says it, to be looked at with each frame */
    struct dnsports dns;
    struct tunnelrules rules[2]; /* where no mirror port is; on one */
    struct pipeline_server other_port;
    struct ethertypes ethertypes[PLAN_INTERFACES_MAX];
    bool draining;
    bool datagram_lists; /* seen or expected: GRO with a list of fragments */
    struct one_direction one_direction;
    struct counters counters;
    uint64_t vlans[PLAN_VLANS_MAX / 64 + 1]; /* a bit for each tag that is wanted */
    struct report report;
    struct answer answer; /* large: one for all responses */
};

/* One DNS message that passes by, and what has been found out about it. */
struct passing {
    const struct segment *segment;
    const struct wire_message *wire;
    uint64_t now_ns;
    whitelist_mask matched; /* whitelists that the question's name feeds */
    bool parsed;            /* pipeline.answer is about this one, with this outcome: */
    enum answer_outcome outcome;
};

static inline void count(struct pipeline *pipeline, enum counter counter)
{
    pipeline->counters.value[counter]++;
}

/* Whether a host would take it, as far as the plan asks; counts bare sums. */
bool pipeline_takes_checksum(struct pipeline *pipeline, enum checksum_outcome checksum);
bool pipeline_checksum_is_good(struct pipeline *pipeline, const struct segment *segment);
/* Padding is none: a message of the same direction, with one question, whole by its own counts. */
bool pipeline_message_follows(const struct segment *segment, const struct wire_message *first,
                              size_t end);
/*
 * UDP GRO hands datagrams of one flow on as one, whose payload is theirs one behind the other.  A
 * host is given each by itself; of bytes behind a message that came as they are it takes nothing.
 */
bool pipeline_is_merged(const struct pipeline *pipeline, const struct segment *segment,
                        const struct wire_message *first);
/* The tunnels that are entered where it was captured, and where resolvers answer; NULL: none, and
 * at 53. */
const struct tunnelrules *pipeline_rules(const struct pipeline *pipeline, uint16_t interface,
                                         uint32_t link);
/* `vlans` names its tag, or none. */
bool pipeline_vlan_is_wanted(const struct pipeline *pipeline, int16_t vlan);
/* A name that matches nothing may still lead to one that does: match = "chain". */
bool pipeline_may_lead_on(const struct pipeline *pipeline, const struct wire_message *wire);
/* The whitelists that take this name, by pattern or as a derived one. */
whitelist_mask pipeline_match(const struct pipeline *pipeline, const struct wire_message *wire,
                              uint64_t now_ns);

/*
 * Whom the plan trusts: resolvers by prefix, each optionally bound to the interface on which its
 * answers first appear.
 */
enum trust {
    TRUST_NONE,
    TRUST_ELSEWHERE, /* trusted on another interface: a firewall's second leg, or a lie */
    TRUST_HERE,
};

/* The name of the interface that a packet passed, with "any" too where that is known; "": a file.
 */
const char *trust_interface(const struct plan *plan, const struct segment *segment);
/* Of a packet from or to it, at this port.  In a capture file the interface is not asked for. */
enum trust trust_resolver(const struct plan *plan, const struct address *resolver, uint16_t port,
                          const struct segment *segment);
/* At any port, on any interface. */
bool trust_somewhere(const struct plan *plan, const struct address *resolver);

/* A response, of whatever name. */
void response_deal(struct pipeline *pipeline, const struct segment *segment,
                   const struct wire_message *wire, uint64_t now_ns);
/* One that waited for its question: the same, but it waits no longer and was counted. */
void response_deal_again(struct pipeline *pipeline, const struct segment *segment, uint64_t now_ns);

/* One DNS message, which is the segment's payload. */
typedef void pipeline_deliver(struct pipeline *pipeline, const struct segment *message,
                              uint64_t now_ns);
/* A TCP segment: the messages that it completes are delivered. */
void reassemble_segment(struct pipeline *pipeline, const struct segment *segment, uint64_t now_ns,
                        pipeline_deliver *deliver);
/* An IP fragment, and what it completes; tells what became of the frame. */
enum frame_outcome reassemble_fragment(struct pipeline *pipeline, struct segment *segment,
                                       uint64_t now_ns);

/* The whitelists with match = "chain" that take an alias of the answer just read. */
whitelist_mask learn_chain_match(const struct pipeline *pipeline);
/* What the answer just read says: all that it could grant, its rcode, and the outcome of reading.
 */
void learn_digest(const struct pipeline *pipeline, enum answer_outcome outcome,
                  struct answer_digest *out);
/* Passes on what the answer just read says: it counts. */
void learn_answer(struct pipeline *pipeline, const struct passing *passing,
                  const struct report_subject *subject);

#endif
