/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sniffer keeps of a frame, decided by its own code: what the kernel's filter is held
 * against, in unit tests and fuzzing.  And the filter run here, by libpcap's interpreter.
 */
#ifndef WILDSET_TESTS_UNIT_SNIFFER_KEEPING_H
#define WILDSET_TESTS_UNIT_SNIFFER_KEEPING_H

#include "dnsparse/answers/answer.h"
#include "dnsparse/answers/wire.h"
#include "dnsparse/names/matcher.h"
#include "sniffer/decode/frame.h"
#include "sniffer/filter/namefilter.h"
#include "sniffer/pipeline/aliases.h"

#include <pcap/bpf.h>
#include <string.h>

struct keeping {
    const struct matcher *matcher;
    const struct dname *extra; /* derived names */
    size_t extra_count;
    const struct tunnelrules *rules; /* NULL: no tunnel is entered */
    bool chain;                      /* all whitelists have match = "chain" */
};

/* All tunnels of these (bit N: enum encapsulation N), whoever sends them. */
static inline const struct tunnelrules *keeping_tunnels(uint32_t encapsulations)
{
    static struct plan_tunnel tunnels[ENCAPSULATION_COUNT];
    static struct tunnelrules rules;
    size_t count = 0;

    for (unsigned i = ENCAPSULATION_NONE + 1; i < ENCAPSULATION_COUNT; i++) {
        if (encapsulations >> i & 1)
            tunnels[count++] = (struct plan_tunnel){.encapsulation = (uint8_t)i};
    }
    rules = tunnelrules_of(tunnels, count, true);
    return &rules;
}

static inline bool keeping_takes(const struct keeping *keeping, const uint8_t *wire, size_t size)
{
    struct dname name;

    if (matcher_find_wire(keeping->matcher, wire, size))
        return true;
    if (keeping->extra_count == 0 || !dname_from_wire(wire, size, &name))
        return false;
    for (size_t i = 0; i < keeping->extra_count; i++) {
        if (dname_equal(&keeping->extra[i], &name))
            return true;
    }
    return false;
}

/* As the pipeline decides it: the question's type, then an alias in the answer that matches. */
static inline bool keeping_leads_on(const struct keeping *keeping, const struct wire_message *wire)
{
    static struct answer answer;
    uint16_t type = wire->question_type;

    if (!keeping->chain || wire->question_count != 1 || wire->question_class != 1 ||
        (type != 1 && type != 28 && type != 64 && type != 65 && type != 255))
        return false;
    if (!wire->response)
        return true;
    if (wire->rcode != 0 || wire->answer_count == 0 || !aliases_are_possible(wire) ||
        answer_read(wire, &answer) != ANSWER_OK)
        return false;
    for (unsigned i = 0; i < answer.chain_count; i++) {
        if (matcher_find(keeping->matcher, &answer.chain[i]))
            return true;
    }
    return false;
}

static inline bool keeping_segment(const struct keeping *keeping, const struct segment *segment)
{
    struct wire_message wire;

    if (segment->transport == TRANSPORT_TCP)
        return true;
    if (!wire_read(segment->payload, segment->payload_size, &wire))
        return false;
    return keeping_takes(keeping, wire_question(&wire), wire.name_size) ||
           keeping_leads_on(keeping, &wire);
}

/* Whether the sniffer would do more than count it. */
static inline bool keeping_frame(const struct keeping *keeping, const struct frame *frame)
{
    struct segment segment;

    switch (frame_decode(frame, keeping->rules, &segment)) {
    case FRAME_SEGMENT:
        return keeping_segment(keeping, &segment);
    case FRAME_FRAGMENT:
        return true;
    case FRAME_NOT_DNS:
    case FRAME_OTHER_PORT:
    case FRAME_OTHER_TYPE:
    case FRAME_LINK_TYPE:
    case FRAME_BAD:
    case FRAME_CUT:
    case FRAME_SHORT:
    case FRAME_STRANGER:
        return false;
    }
    return false;
}

/* A socket of cooked frames holds what is behind their header, and the kernel knows the protocol.
 */
enum { KEEPING_SLL_SIZE = 16, KEEPING_PROTOCOL_LOAD = (int)0xfffff000 };

static inline struct filter_program keeping_with_protocol(const struct filter_program *program,
                                                          uint16_t protocol)
{
    struct filter_program copy = *program;

    for (unsigned i = 0; i < copy.count; i++) {
        struct filter_instruction *instruction = &copy.instructions[i];

        if (instruction->code == (BPF_LD | BPF_H | BPF_ABS) &&
            instruction->k == (uint32_t)KEEPING_PROTOCOL_LOAD)
            *instruction = (struct filter_instruction){.code = BPF_LD | BPF_IMM, .k = protocol};
    }
    return copy;
}

static inline bool keeping_run(const struct filter_program *program, const uint8_t *bytes,
                               size_t size)
{
    return bpf_filter((const struct bpf_insn *)program->instructions, bytes, (unsigned)size,
                      (unsigned)size) != 0;
}

#endif
