/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patterns and a frame: what the sniffer keeps, the kernel's filter passes.  Three bytes choose the
 * link layer and how fine the program is, the tunnels, and the patterns; then come up to four names
 * and the frame, for a cooked socket with its protocol in front.
 */
#include "require.h"
#include "tests/unit/sniffer/keeping.h"

#include <pcap/dlt.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    CHOICE_BYTES = 3,
    NAMES_MAX = 4,
    CHOICE_CHAIN = 4, /* of the first byte; the link layer stands below */
    CHOICE_SMALL = 8,
    CHOICE_EXTRA = 16, /* the last name is a derived one */
    COOKED_MAX = 4096,
};

static const int link_types[] = {
    [FILTER_ETHERNET] = DLT_EN10MB,
    [FILTER_IP] = DLT_RAW,
    [FILTER_COOKED] = DLT_LINUX_SLL,
    [FILTER_HDLC] = DLT_C_HDLC,
};

struct input {
    const uint8_t *at;
    size_t left;
};

static bool take_name(struct input *input, struct dname *out)
{
    size_t size = dname_from_wire(input->at, input->left, out);

    input->at += size;
    input->left -= size;
    return size > 0;
}

/* The upper half of the byte says how many, the lower one which are exact. */
static size_t take_patterns(struct input *input, uint8_t choice, struct whitelist_pattern *out)
{
    size_t count = 0, wanted = choice >> 4 < NAMES_MAX ? choice >> 4 : NAMES_MAX;

    while (count < wanted && take_name(input, &out[count].pattern.name)) {
        out[count].pattern.kind = choice >> count & 1 ? PATTERN_EXACT : PATTERN_BELOW;
        count++;
    }
    return count;
}

/* The frame as the sniffer and as the filter gets it. */
static bool passes(const struct filter_program *program, const struct input *input)
{
    return keeping_run(program, input->at, input->left);
}

static void compare(const struct keeping *keeping, enum filter_link link,
                    const struct filter_program *program, const struct input *input)
{
    struct frame frame = {
        .bytes = input->at,
        .captured = (uint32_t)input->left,
        .length = (uint32_t)input->left,
        .link_type = link_types[link],
    };

    REQUIRE(!keeping_frame(keeping, &frame) || passes(program, input));
}

/* The protocol stands in the header that libpcap makes, and beside the packet in the kernel. */
static void compare_cooked(const struct keeping *keeping, const struct filter_program *program,
                           const struct input *input)
{
    static uint8_t bytes[COOKED_MAX] = "\0\0\0\1\0\6\2\0\0\0\0\1\0";
    enum { PROTOCOL_AT = KEEPING_SLL_SIZE - 2 };

    if (input->left < 2 || input->left > COOKED_MAX - PROTOCOL_AT)
        return;
    memcpy(bytes + PROTOCOL_AT, input->at, input->left);
    struct frame frame = {
        .bytes = bytes,
        .captured = (uint32_t)(PROTOCOL_AT + input->left),
        .length = (uint32_t)(PROTOCOL_AT + input->left),
        .link_type = DLT_LINUX_SLL,
    };
    struct input packet = {input->at + 2, input->left - 2};
    static struct filter_program patched;
    patched = keeping_with_protocol(program, (uint16_t)(input->at[0] << 8 | input->at[1]));
    REQUIRE(!keeping_frame(keeping, &frame) || passes(&patched, &packet));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct filter_program program;
    struct whitelist_pattern patterns[NAMES_MAX] = {0};

    if (size < CHOICE_BYTES)
        return 0;
    program.count = 0; /* it may stay without one */
    struct input input = {data + CHOICE_BYTES, size - CHOICE_BYTES};
    size_t count = take_patterns(&input, data[2], patterns);
    bool extra = data[0] & CHOICE_EXTRA && count > 0;
    struct dname derived = count > 0 ? patterns[count - 1].pattern.name : (struct dname){0};
    count -= extra;
    struct namefilter_choice choice = {
        .link = (enum filter_link)(data[0] & 3),
        .rules = keeping_tunnels(data[1]),
        .chain = data[0] & CHOICE_CHAIN,
        .most = data[0] & CHOICE_SMALL ? NAMEFILTER_SMALL : NAMEFILTER_MOST,
    };
    struct keeping keeping = {
        .matcher = matcher_new(patterns, count),
        .extra = &derived,
        .extra_count = extra,
        .rules = choice.rules,
        .chain = choice.chain,
    };
    struct nametails *names = nametails_new(patterns, count);
    struct filtercode *code = filtercode_new();
    REQUIRE(keeping.matcher && names && code);
    REQUIRE(nametails_set_extra(names, &derived, extra));
    REQUIRE(namefilter_build(&choice, names, code, &program) || choice.most < NAMEFILTER_MOST);
    if (program.count > 0 && choice.link == FILTER_COOKED)
        compare_cooked(&keeping, &program, &input);
    else if (program.count > 0)
        compare(&keeping, choice.link, &program, &input);
    filtercode_free(code);
    nametails_free(names);
    matcher_free((struct matcher *)(uintptr_t)keeping.matcher);
    return 0;
}
