/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes in parts: IP fragments into datagrams, TCP segments into messages.  Only parts that a
 * host would take count, and only of servers that are believed, so that others cost no memory.
 * Parts of one whole are all seen at one place, so that the whole can be judged by it.
 */
#include "dnsparse/names/dns.h"
#include "sniffer/decode/frame.h"
#include "sniffer/decode/linklayer.h"
#include "sniffer/pipeline/state.h"

#include <netinet/in.h>

/* ---- TCP ---- */

/* The segment on its way, for the messages in it. */
struct delivery {
    struct pipeline *pipeline;
    struct segment message;
    uint64_t now_ns;
    pipeline_deliver *deliver;
};

static void deliver_message(void *context, const uint8_t *bytes, size_t size)
{
    struct delivery *delivery = context;

    delivery->message.payload = bytes;
    delivery->message.payload_size = size;
    delivery->deliver(delivery->pipeline, &delivery->message, delivery->now_ns);
}

/* What the two copies say is not looked into: the connection tells who is concerned. */
static void stream_raise_alarm(struct pipeline *pipeline, const struct segment *segment)
{
    static const struct dname no_name;
    static const struct earlier_answer nothing;
    struct segment answer = *segment;
    struct report_subject subject = {
        .segment = &answer,
        .interface = trust_interface(pipeline->plan, segment),
        .question = &no_name,
    };

    if (pipeline->draining)
        return;
    if (trust_resolver(pipeline->plan, &segment->source, segment->source_port, segment) !=
        TRUST_HERE) {
        answer.source = segment->destination;
        answer.destination = segment->source;
        answer.source_port = segment->destination_port;
        answer.destination_port = segment->source_port;
    }
    count(pipeline, COUNTER_ALARMS);
    pipeline->counters.refused[REASON_OTHER_BYTES]++;
    report_alarm(&pipeline->report, &subject, REASON_OTHER_BYTES, NULL, &nothing);
}

static void segment_add(struct pipeline *pipeline, const struct segment *segment, uint64_t now_ns,
                        pipeline_deliver *deliver)
{
    struct delivery delivery = {pipeline, *segment, now_ns, deliver};
    struct streams_hooks hooks = {.message = deliver_message, .context = &delivery};
    struct stream_segment data = {
        .source = segment->source,
        .destination = segment->destination,
        .source_port = segment->source_port,
        .destination_port = segment->destination_port,
        .server_port = segment->server_port,
        .sequence = segment->sequence,
        .acknowledgment = segment->acknowledgment,
        .flags = segment->tcp_flags,
        .payload = segment->payload,
        .payload_size = segment->payload_size,
        .place = place_of(pipeline->plan, segment),
        .peer = segment->outer_peer,
    };

    delivery.message.checked = true;
    switch (streams_add(pipeline->streams, &data, now_ns, &hooks)) {
    case STREAMS_OK:
        return;
    case STREAMS_DUPLICATE:
        count(pipeline, COUNTER_TCP_REPEATED);
        return;
    case STREAMS_CONFLICT:
        count(pipeline, COUNTER_TCP_CONFLICTS);
        stream_raise_alarm(pipeline, segment);
        return;
    case STREAMS_LOST:
        count(pipeline, COUNTER_TCP_LOST);
        return;
    case STREAMS_GIVEN_UP:
        count(pipeline, COUNTER_TCP_GIVEN_UP);
        return;
    }
}

void reassemble_segment(struct pipeline *pipeline, const struct segment *segment, uint64_t now_ns,
                        pipeline_deliver *deliver)
{
    const uint8_t events = STREAM_SYN | STREAM_FIN | STREAM_RST;
    const struct plan *plan = pipeline->plan;

    if (segment->payload_size == 0 && !(segment->tcp_flags & events))
        return;
    /*
     * What is first seen where its server is not believed may not stand for what comes there later.
     * Where both ports are 53 either end may be the server: each message's QR bit tells.
     */
    if (trust_resolver(plan, &segment->source, segment->source_port, segment) != TRUST_HERE &&
        trust_resolver(plan, &segment->destination, segment->destination_port, segment) ==
            TRUST_NONE) {
        count(pipeline, COUNTER_TCP_UNTRUSTED);
        return;
    }
    if (!pipeline_checksum_is_good(pipeline, segment)) {
        pipeline->counters.refused[REASON_BAD_CHECKSUM]++;
        return;
    }
    count(pipeline, COUNTER_TCP_SEGMENTS);
    segment_add(pipeline, segment, now_ns, deliver);
}

/* ---- fragments ---- */

static const struct tunnelrules *rules_of(const struct pipeline *pipeline,
                                          const struct segment *segment)
{
    return pipeline_rules(pipeline, segment->interface, segment->link);
}

/* The first one shows the ports: what is not DNS is not kept, and its others are forgotten. */
static bool ports_matter(const struct pipeline *pipeline, const struct segment *segment)
{
    const struct segment_piece *piece = &segment->piece;
    bool tcp = piece->protocol == IPPROTO_TCP, udp = piece->protocol == IPPROTO_UDP;

    if (piece->offset != 0 || !(tcp || udp) || segment->payload_size < UDP_HEADER_SIZE)
        return true;
    uint16_t from = big_endian_16(segment->payload), to = big_endian_16(segment->payload + 2);
    return dnsports_have(&pipeline->dns, from) || dnsports_have(&pipeline->dns, to) ||
           (udp && tunnelrules_at_port(rules_of(pipeline, segment), to) != ENCAPSULATION_NONE);
}

static enum fragments_outcome reassemble_piece(struct pipeline *pipeline,
                                               const struct segment *segment, uint64_t now_ns,
                                               struct datagram *whole)
{
    struct fragment fragment = {
        .source = segment->source,
        .destination = segment->destination,
        .id = segment->piece.id,
        .protocol = segment->piece.protocol,
        .more = segment->piece.more,
        .offset = segment->piece.offset,
        .bytes = segment->payload,
        .size = segment->payload_size,
        .place = place_of(pipeline->plan, segment),
        .peer = segment->outer_peer,
    };

    if (!pipeline_takes_checksum(pipeline, segment_header_checksum(segment)))
        return FRAGMENTS_REFUSED;
    return fragments_add(pipeline->fragments, &fragment, now_ns, whole);
}

/* True when it completed a datagram. */
static bool complete(struct pipeline *pipeline, const struct segment *segment, uint64_t now_ns,
                     struct datagram *whole)
{
    const struct plan *plan = pipeline->plan;

    count(pipeline, COUNTER_FRAGMENTS);
    /* It comes from or goes to a server, or comes from whoever may send a tunnel. */
    if (!pipeline_vlan_is_wanted(pipeline, segment->vlan) || !ports_matter(pipeline, segment) ||
        !(tunnelrules_know(rules_of(pipeline, segment), &segment->source) ||
          trust_somewhere(plan, &segment->source) || trust_somewhere(plan, &segment->destination)))
        return false;
    switch (reassemble_piece(pipeline, segment, now_ns, whole)) {
    case FRAGMENTS_WHOLE:
        count(pipeline, COUNTER_REASSEMBLED);
        return true;
    case FRAGMENTS_WAITING:
    case FRAGMENTS_DUPLICATE:
        return false;
    case FRAGMENTS_REFUSED:
        count(pipeline, COUNTER_FRAGMENTS_REFUSED);
        return false;
    }
    return false;
}

/* A datagram may hold a tunnel, and that a fragment again: no deeper than tunnels may be. */
enum frame_outcome reassemble_fragment(struct pipeline *pipeline, struct segment *segment,
                                       uint64_t now_ns)
{
    enum frame_outcome outcome = FRAME_FRAGMENT;
    struct datagram whole;

    for (unsigned depth = 0; depth <= FRAME_TUNNELS_MAX && outcome == FRAME_FRAGMENT; depth++) {
        if (!complete(pipeline, segment, now_ns, &whole))
            return FRAME_FRAGMENT;
        outcome = frame_resume(whole.bytes, whole.size, rules_of(pipeline, segment), segment);
    }
    return outcome;
}
