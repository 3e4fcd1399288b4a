/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every part of the pipeline asks of the plan: whether a checksum, a tag or a tunnel is taken,
 * whether a name may matter, and who is trusted.
 */
#include "sniffer/pipeline/state.h"

#include "dnsparse/answers/rr.h"
#include "dnsparse/names/dns.h"

#include <string.h>

/*
 * Whoever can put a packet on the wire can compute its sum, so a bare one tells nothing about who
 * sent it: a forged answer needs a question that was seen all the same.
 */
bool pipeline_takes_checksum(struct pipeline *pipeline, enum checksum_outcome checksum)
{
    if (checksum == CHECKSUM_GOOD || pipeline->plan->checksums == CHECKSUMS_IGNORE)
        return true;
    if (checksum == CHECKSUM_BAD)
        return false;
    bool taken = pipeline->plan->checksums == CHECKSUMS_AUTO;
    count(pipeline, taken ? COUNTER_BARE_CHECKSUMS : COUNTER_BARE_CHECKSUMS_REFUSED);
    return taken;
}

bool pipeline_message_follows(const struct segment *segment, const struct wire_message *first,
                              size_t end)
{
    struct wire_message next;

    return wire_read(segment->payload + end, segment->payload_size - end, &next) &&
           next.question_count == 1 && next.response == first->response &&
           next.opcode == first->opcode && wire_end(&next) != 0;
}

bool pipeline_is_merged(const struct pipeline *pipeline, const struct segment *segment,
                        const struct wire_message *first)
{
    if (!segment->ip || segment->checked || segment->transport != TRANSPORT_UDP)
        return false;
    size_t end = wire_end(first);
    if (end == 0 || end == first->size || !pipeline_message_follows(segment, first, end))
        return false;
    if (pipeline->plan->checksums == CHECKSUMS_IGNORE)
        return true;
    enum checksum_outcome outcome = segment_merged_checksums(segment, end);
    return outcome == CHECKSUM_GOOD ||
           (outcome == CHECKSUM_BARE && pipeline->plan->checksums == CHECKSUMS_AUTO);
}

bool pipeline_checksum_is_good(struct pipeline *pipeline, const struct segment *segment)
{
    if (segment->checked || pipeline->plan->checksums == CHECKSUMS_IGNORE)
        return true;
    enum checksum_outcome outcome = segment_checksums(segment);
    struct wire_message wire;
    /* The first of a list of datagrams is good by its own sum alone: the kernel keeps them so. */
    if (outcome == CHECKSUM_BAD && wire_read(segment->payload, segment->payload_size, &wire) &&
        pipeline_is_merged(pipeline, segment, &wire)) {
        pipeline->datagram_lists = true;
        return true;
    }
    return pipeline_takes_checksum(pipeline, outcome);
}

bool pipeline_may_lead_on(const struct pipeline *pipeline, const struct wire_message *wire)
{
    return pipeline->plan->chain_whitelists != 0 && wire->question_count == 1 &&
           wire->question_class == CLASS_IN && rr_type_is_asked_for_addresses(wire->question_type);
}

whitelist_mask pipeline_match(const struct pipeline *pipeline, const struct wire_message *wire,
                              uint64_t now_ns)
{
    const uint8_t *name = wire_question(wire);

    if (wire->name_size == 0)
        return 0;
    return matcher_find_wire(pipeline->matcher, name, wire->name_size) |
           derived_find_wire(pipeline->derived, name, wire->name_size, now_ns);
}

const struct tunnelrules *pipeline_rules(const struct pipeline *pipeline, uint16_t interface,
                                         uint32_t link)
{
    if (pipeline->plan->tunnel_count == 0 && pipeline->dns.count == 0)
        return NULL;
    return &pipeline->rules[plan_mirrors(pipeline->plan, interface, link)];
}

bool pipeline_vlan_is_wanted(const struct pipeline *pipeline, int16_t vlan)
{
    if (pipeline->plan->vlan_count == 0)
        return true;
    return vlan >= 0 && pipeline->vlans[vlan / 64] >> vlan % 64 & 1;
}

/* Asked only about messages whose name matches, so a list of resolvers will do. */
const char *trust_interface(const struct plan *plan, const struct segment *segment)
{
    const struct plan_link *link = plan_link(plan, segment->link);

    if (link)
        return link->name;
    return segment->interface < plan->interface_count ? plan->interfaces[segment->interface].name
                                                      : "";
}

bool trust_somewhere(const struct plan *plan, const struct address *resolver)
{
    for (size_t i = 0; i < plan->resolver_count; i++) {
        if (prefix_contains(&plan->resolvers[i].prefix, resolver))
            return true;
    }
    return false;
}

enum trust trust_resolver(const struct plan *plan, const struct address *resolver, uint16_t port,
                          const struct segment *segment)
{
    const char *name = trust_interface(plan, segment);
    enum trust trust = TRUST_NONE;

    for (size_t i = 0; i < plan->resolver_count && trust != TRUST_HERE; i++) {
        if (plan_resolver_port(&plan->resolvers[i]) != port ||
            !prefix_contains(&plan->resolvers[i].prefix, resolver))
            continue;
        const char *bound = plan->resolvers[i].interface;
        bool here = bound[0] == '\0' || name[0] == '\0' || strncmp(bound, name, IFNAMSIZ) == 0;
        trust = here ? TRUST_HERE : TRUST_ELSEWHERE;
    }
    return trust;
}
