/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sequence of packets through the whole pipeline, as its state allows.  The first byte changes
 * the plan; then each packet has a kind, the time since the one before, a length and its bytes: a
 * whole frame, or the payload of a question or an answer between one client and one resolver. Every
 * message that comes out must pass the check that it meets at the daemon, and the counters must add
 * up.
 */
#include "require.h"
#include "sniffer/pipeline/pipeline.h"

#include <pcap/dlt.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    PLAN_CHAIN = 1,
    PLAN_ONE_DIRECTION = 2,
    PLAN_ANSWER_ONLY = 4,
    PLAN_RESOLVERS = 8,
    PLAN_CHECKSUMS = 16,
    PLAN_DRAIN = 32,
    PLAN_TUNNELS = 64,
    PLAN_LIVE = 128, /* frames have come in or gone out, over interfaces that are known or not */
    KIND_FRAME = 0,
    KIND_QUESTION,
    KIND_ANSWER,
    KINDS,
    HEADERS_SIZE = 28, /* IPv4 and UDP */
    FRAME_MAX = 4096,
};

static const struct plan_interface interfaces[] = {{.name = "eth0"},
                                                   {.name = "eth1", .mirror = true}};

static const struct plan_resolver named[] = {
    {.prefix = {.address = {.family = ADDRESS_IPV4, .bytes = {192, 0, 2, 53}}, .length = 32},
     .interface = "eth1"},
    {.prefix = {.address = {.family = ADDRESS_IPV6}, .length = 0}},
};

static const struct plan_resolver anybody[] = {
    {.prefix = {.address = {.family = ADDRESS_IPV4}, .length = 0}},
    {.prefix = {.address = {.family = ADDRESS_IPV6}, .length = 0}},
};

/* Anybody's on the mirror port; on the other interface one sender's, by a number or a port. */
static const struct plan_tunnel tunnels[] = {
    {.encapsulation = ENCAPSULATION_GRE},
    {.encapsulation = ENCAPSULATION_ERSPAN},
    {.encapsulation = ENCAPSULATION_VXLAN},
    {.encapsulation = ENCAPSULATION_GENEVE},
    {.encapsulation = ENCAPSULATION_IPIP},
    {.encapsulation = ENCAPSULATION_TZSP},
    {.encapsulation = ENCAPSULATION_GTP},
    {.encapsulation = ENCAPSULATION_VXLAN,
     .from = {.address = {.family = ADDRESS_IPV4, .bytes = {203, 0, 113}}, .length = 24},
     .has_number = true,
     .number = 42},
    {.encapsulation = ENCAPSULATION_GENEVE,
     .from = {.address = {.family = ADDRESS_IPV4}, .length = 0},
     .port = 4789},
};

static const struct plan_link links[] = {
    {.index = 1, .name = "lo", .loopback = true},
    {.index = 2, .name = "eth0"},
    {.index = 3, .name = "eth1", .mirror = true},
};

static const struct plan_origin origins[] = {
    {.link = 0, .prefix = {{.family = ADDRESS_IPV4, .bytes = {192, 0, 2, 1}}, 32}},
    {.link = 2, .prefix = {{.family = ADDRESS_IPV4, .bytes = {192, 0, 2}}, 24}},
};

static struct whitelist_pattern patterns[3];

/* Each bit of the choice is one thing that a plan may say. */
static struct plan plan_of(uint8_t choice)
{
    struct plan plan = {
        .interfaces = interfaces,
        .interface_count = 2,
        .resolvers = choice & PLAN_RESOLVERS ? named : anybody,
        .resolver_count = 2,
        .patterns = patterns,
        .pattern_count = 3,
        .links = links,
        .link_count = sizeof(links) / sizeof(links[0]),
        .origins = origins,
        .origin_count = sizeof(origins) / sizeof(origins[0]),
        .chain_whitelists = choice & PLAN_CHAIN ? 2 : 0,
        .follow_whitelists = choice & PLAN_ANSWER_ONLY ? 0 : 3,
        .ttl_min = {0, 60},
        .ttl_max = {86400, 3600},
        .tunnels = tunnels,
        .tunnel_count = choice & PLAN_TUNNELS ? sizeof(tunnels) / sizeof(tunnels[0]) : 0,
        .require_query = !(choice & PLAN_ONE_DIRECTION),
        .checksums = choice & PLAN_CHECKSUMS ? CHECKSUMS_AUTO : CHECKSUMS_IGNORE,
    };

    REQUIRE(pattern_from_text("*.a", &patterns[0].pattern));
    REQUIRE(pattern_from_text("b", &patterns[1].pattern));
    patterns[1].whitelist = 1;
    REQUIRE(pattern_from_text("*.dormammu.lookback.io", &patterns[2].pattern));
    return plan;
}

static void check_message(void *context, const struct message *message)
{
    unsigned *count = context;

    REQUIRE(message_is_valid(message, SOURCE_SNIFFER));
    ++*count;
}

/* IPv4 and UDP headers around a payload, their sums left to an interface. */
static size_t wrap(uint8_t kind, const uint8_t *payload, size_t size, uint8_t out[static FRAME_MAX])
{
    static const uint8_t client[] = {192, 0, 2, 10}, resolver[] = {192, 0, 2, 53};
    size_t whole = size + HEADERS_SIZE;

    memset(out, 0, HEADERS_SIZE);
    out[0] = 0x45;
    out[2] = (uint8_t)(whole >> 8);
    out[3] = (uint8_t)whole;
    out[9] = 17;
    memcpy(out + 12, kind == KIND_QUESTION ? client : resolver, 4);
    memcpy(out + 16, kind == KIND_QUESTION ? resolver : client, 4);
    out[21] = kind == KIND_QUESTION ? 99 : 53;
    out[23] = kind == KIND_QUESTION ? 53 : 99;
    out[24] = (uint8_t)((size + 8) >> 8);
    out[25] = (uint8_t)(size + 8);
    memcpy(out + HEADERS_SIZE, payload, size);
    return whole;
}

static void one_packet(struct pipeline *pipeline, bool live, uint8_t kind, const uint8_t *bytes,
                       size_t size, uint64_t now_ns)
{
    uint8_t buffer[FRAME_MAX];
    struct frame frame = {
        .bytes = bytes,
        .captured = (uint32_t)size,
        .length = (uint32_t)size,
        .link_type = DLT_EN10MB,
        .interface = kind / KINDS % 3,
        .captured_ns = now_ns,
    };

    if (live) {
        frame.link = kind / KINDS % 5;
        frame.way = (uint8_t)(WAY_UNKNOWN + kind / (KINDS * 5) % 3);
    }
    if (kind % KINDS != KIND_FRAME && size <= FRAME_MAX - HEADERS_SIZE) {
        frame.length = frame.captured = (uint32_t)wrap(kind % KINDS, bytes, size, buffer);
        frame.bytes = buffer;
        frame.link_type = DLT_RAW;
    }
    pipeline_frame(pipeline, &frame, now_ns);
}

static void check_counters(const struct counters *counters)
{
    const uint64_t *value = counters->value;

    REQUIRE(value[COUNTER_ANSWERS] ==
            value[COUNTER_FOREIGN_ANSWERS] + value[COUNTER_MATCHING_ANSWERS]);
    REQUIRE(value[COUNTER_LEARNED] <= value[COUNTER_MATCHING_ANSWERS]);
    REQUIRE(value[COUNTER_FRAMES] >= value[COUNTER_NOT_DNS] + value[COUNTER_BAD_FRAMES] +
                                         value[COUNTER_CUT_BY_SNAPLEN] + value[COUNTER_CUT_BEFORE] +
                                         value[COUNTER_TCP_SEGMENTS]);
    REQUIRE(value[COUNTER_FRAGMENTS] >=
            value[COUNTER_REASSEMBLED] + value[COUNTER_FRAGMENTS_REFUSED]);
    REQUIRE(value[COUNTER_TCP_SEGMENTS] >=
            value[COUNTER_TCP_REPEATED] + value[COUNTER_TCP_CONFLICTS] + value[COUNTER_TCP_LOST] +
                value[COUNTER_TCP_GIVEN_UP]);
    REQUIRE(value[COUNTER_EARLY_ANSWERS] <= value[COUNTER_MATCHING_ANSWERS]);
    REQUIRE(counters->refused[REASON_NONE] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned messages = 0;
    struct pipeline_hooks hooks = {.report = check_message, .context = &messages};
    uint64_t now_ns = UINT64_C(1) << 40;

    if (size < 1)
        return 0;
    struct plan plan = plan_of(data[0]);
    struct pipeline *pipeline = pipeline_new(&plan, &hooks);
    REQUIRE(pipeline);
    if (data[0] & PLAN_DRAIN)
        pipeline_drain(pipeline);
    for (size_t at = 1; size - at >= 4;) {
        size_t length = (size_t)data[at + 2] << 8 | data[at + 3], left = size - at - 4;
        now_ns += data[at + 1] * UINT64_C(20000000);
        one_packet(pipeline, data[0] & PLAN_LIVE, data[at], data + at + 4,
                   length < left ? length : left, now_ns);
        at += 4 + (length < left ? length : left);
    }
    pipeline_run(pipeline, UINT64_MAX);
    check_counters(pipeline_counters(pipeline));
    (void)pipeline_sees_one_direction(pipeline);
    pipeline_free(pipeline);
    return 0;
}
