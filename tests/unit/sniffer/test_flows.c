/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile flows, each one another: questions with and without answers, answers that nobody asked
 * for, TCP streams with holes and with messages, fragments that never become whole.  The memory of
 * the process stays under a bound however many they are.
 *
 *     unit_sniffer_test_flows [FLOWS [send INTERFACE]]     for example 10000000
 *
 * With an interface the frames leave by it, for a sniffer at the other end; nothing is measured
 * here.
 */
#include "sniffer/pipeline/pipeline.h"
#include "sniffer/pipeline/questions.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pcap/dlt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
    MOST_MIB = 64,
    RINGS_MIB = 12, /* of one interface, which this process does not have */
    FLOWS = 200000,
    FLOWS_SANITIZED = 10000,
    FRAME_MOST = 1514,
    ETHERNET = 14,
    IPV4 = 20,
    UDP = 8,
    TCP = 20,
    NS_A_FRAME = 1000,
};

static const char name_tail[] = "\x08"
                                "dormammu\x08lookback\x02io";

struct packet {
    size_t size;
    uint8_t bytes[FRAME_MOST];
};

struct flows {
    struct pipeline *pipeline; /* NULL: they are sent */
    int fd;
    struct sockaddr_ll to;
    uint64_t now_ns;
    uint64_t messages;
};

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

/* ---- frames ---- */

/* Client N and the resolver, or back. */
static uint8_t *begin(struct packet *packet, uint32_t number, bool back, uint8_t protocol)
{
    uint8_t *ip = packet->bytes + ETHERNET;
    uint32_t client = 0x0a000000 | number, server = 0xc0000235;

    memset(packet->bytes, 0, ETHERNET + IPV4 + TCP);
    memcpy(packet->bytes, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0", ETHERNET);
    memcpy(ip, "\x45\0\0\0\0\0\0\0\x40", 9);
    ip[9] = protocol;
    put32(ip + 12, back ? server : client);
    put32(ip + 16, back ? client : server);
    return ip + IPV4;
}

static void end(struct packet *packet, size_t payload)
{
    packet->size = ETHERNET + IPV4 + payload;
    put16(packet->bytes + ETHERNET + 2, (unsigned)(IPV4 + payload));
}

/* A question, or an answer with one address and a chain that is open; each name another one. */
static size_t write_message(uint8_t *at, uint32_t number, bool answer)
{
    uint8_t *out = at + 12;

    memset(at, 0, 12);
    put16(at, number & 0xffff);
    put16(at + 2, answer ? 0x8180 : 0x0100);
    put16(at + 4, 1);
    put16(at + 6, answer ? 1 : 0);
    out += 1 + sprintf((char *)out + 1, "n%08x", number);
    at[12] = 9;
    memcpy(out, name_tail, sizeof(name_tail));
    out += sizeof(name_tail);
    put16(out, 1);
    put16(out + 2, 1);
    out += 4;
    if (!answer)
        return (size_t)(out - at);
    if (number % 16 == 0) { /* an alias without its address: a name is derived */
        memcpy(out, "\xc0\x0c\0\5\0\1\0\0\1\x2c\0\x0f\x09", 13);
        sprintf((char *)out + 13, "t%08x", number);
        memcpy(out + 22, "\3net", 5);
        return (size_t)(out + 27 - at);
    }
    memcpy(out, "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4", 12);
    put32(out + 12, 0xc6336400 + number % 200);
    return (size_t)(out + 16 - at);
}

static void make_udp(struct packet *packet, uint32_t number, bool answer)
{
    uint8_t *udp = begin(packet, number, answer, IPPROTO_UDP);
    unsigned port = 1024 + number % 60000;
    size_t size = UDP + write_message(udp + UDP, number, answer);

    put16(udp, answer ? 53 : port);
    put16(udp + 2, answer ? port : 53);
    put16(udp + 4, (unsigned)size);
    end(packet, size);
}

static uint8_t *make_tcp(struct packet *packet, uint32_t number, uint32_t sequence, uint8_t flags,
                         size_t payload)
{
    uint8_t *tcp = begin(packet, number, true, IPPROTO_TCP);

    put16(tcp, 53);
    put16(tcp + 2, 1024 + number % 60000);
    put32(tcp + 4, sequence);
    tcp[12] = 0x50;
    tcp[13] = flags;
    end(packet, TCP + payload);
    return tcp + TCP;
}

static void make_fragment(struct packet *packet, uint32_t number)
{
    enum { SIZE = 1000 };
    static const unsigned offsets[] = {7000, 125, 1000, 3000}; /* in eights */
    uint8_t *payload = begin(packet, number, true, IPPROTO_UDP);

    put16(packet->bytes + ETHERNET + 4, number & 0xffff);
    put16(packet->bytes + ETHERNET + 6, 0x2000 | offsets[number / 4 % 4]);
    memset(payload, 0x5a, SIZE);
    end(packet, SIZE);
}

/* ---- flows ---- */

static void pass(struct flows *flows, const struct packet *packet)
{
    struct frame frame = {
        .bytes = packet->bytes,
        .captured = (uint32_t)packet->size,
        .length = (uint32_t)packet->size,
        .link_type = DLT_EN10MB,
        .captured_ns = flows->now_ns,
    };

    flows->now_ns += NS_A_FRAME;
    if (flows->pipeline)
        pipeline_frame(flows->pipeline, &frame, flows->now_ns);
    else
        while (sendto(flows->fd, packet->bytes, packet->size, 0, (struct sockaddr *)&flows->to,
                      sizeof(flows->to)) < 0)
            ; /* the queue is full */
}

static void ask(struct flows *flows, uint32_t number)
{
    static struct packet packet;

    make_udp(&packet, number, false);
    pass(flows, &packet);
    if (number % 4 == 0)
        return;
    make_udp(&packet, number, true);
    pass(flows, &packet);
}

static void answer_unasked(struct flows *flows, uint32_t number)
{
    static struct packet packet;

    make_udp(&packet, number, true);
    pass(flows, &packet);
}

/* A whole message, which leaves its past behind; half a one; and bytes far behind a hole. */
static void stream(struct flows *flows, uint32_t number)
{
    static const uint32_t holes[] = {1000, 100000, 3000, 30000, 800};
    static struct packet packet;
    uint8_t *payload;
    size_t size;

    make_tcp(&packet, number, 999, 0x12, 0);
    pass(flows, &packet);
    payload = make_tcp(&packet, number, 1000, 0x18, 0);
    size = write_message(payload + 2, number, true);
    put16(payload, (unsigned)size);
    end(&packet, TCP + 2 + size);
    pass(flows, &packet);
    payload = make_tcp(&packet, number, (uint32_t)(1000 + 2 + size), 0x18, 700);
    memset(payload, 0x33, 700);
    pass(flows, &packet);
    payload = make_tcp(&packet, number, 1000 + holes[number / 4 % 5], 0x18, 1400);
    memset(payload, 0x44, 1400);
    pass(flows, &packet);
}

static void fragment(struct flows *flows, uint32_t number)
{
    static struct packet packet;

    make_fragment(&packet, number);
    pass(flows, &packet);
}

static const struct {
    const char *name;
    void (*run)(struct flows *flows, uint32_t number);
} kinds[] = {
    {"questions", ask},
    {"answers that nobody asked for", answer_unasked},
    {"TCP streams", stream},
    {"fragments", fragment},
};

static void count_message(void *context, const struct message *message)
{
    struct flows *flows = context;

    (void)message;
    flows->messages++;
}

static struct pipeline *open_pipeline(struct flows *flows)
{
    static struct whitelist_pattern pattern;
    static const struct plan_resolver resolver = {
        .prefix = {.address = {.family = ADDRESS_IPV4, .bytes = {192, 0, 2, 53}}, .length = 32}};
    static struct plan plan = {
        .resolvers = &resolver,
        .resolver_count = 1,
        .patterns = &pattern,
        .pattern_count = 1,
        .follow_whitelists = ~UINT64_C(0),
        .require_query = true,
        .checksums = CHECKSUMS_IGNORE,
    };
    struct pipeline_hooks hooks = {.report = count_message, .context = flows};

    for (unsigned i = 0; i < WHITELISTS_MAX; i++) {
        plan.ttl_min[i] = 60;
        plan.ttl_max[i] = 86400;
    }
    if (!pattern_from_text("*.dormammu.lookback.io", &pattern.pattern))
        return NULL;
    return pipeline_new(&plan, &hooks);
}

static long peak_kib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void run_all(struct flows *flows, uint32_t count)
{
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        for (uint32_t number = 0; number < count; number++)
            kinds[kind].run(flows, number);
        printf("%u %s: %ld KiB at most so far\n", count, kinds[kind].name, peak_kib());
    }
    /* All at once, so that no table rests while another one grows. */
    for (uint32_t number = 0; number < count; number++)
        kinds[number % 4].run(flows, number);
    printf("%u of all kinds: %ld KiB at most\n", count, peak_kib());
}

static bool open_interface(struct flows *flows, const char *name)
{
    flows->fd = socket(AF_PACKET, SOCK_RAW, 0);
    flows->to = (struct sockaddr_ll){
        .sll_family = AF_PACKET,
        .sll_ifindex = (int)if_nametoindex(name),
        .sll_halen = ETH_ALEN,
    };
    return flows->fd >= 0 && flows->to.sll_ifindex > 0;
}

/* What was not dealt with would stay small too. */
static bool was_dealt_with(const struct counters *counters, uint64_t count)
{
    const uint64_t *value = counters->value;

    return value[COUNTER_QUESTIONS] >= count && value[COUNTER_LEARNED] >= count / 2 &&
           (count <= QUESTIONS_MAX || value[COUNTER_QUESTIONS_DROPPED] > 0) &&
           value[COUNTER_TCP_SEGMENTS] >= count && value[COUNTER_FRAGMENTS] >= count &&
           value[COUNTER_FRAGMENTS_FORGOTTEN] > 0;
}

static bool is_small_enough(void)
{
#ifdef WILDSET_SANITIZED
    return true; /* the sanitizer's own memory is larger than all */
#else
    return peak_kib() + RINGS_MIB * 1024 < MOST_MIB * 1024;
#endif
}

int main(int argc, char **argv)
{
#ifdef WILDSET_SANITIZED
    uint32_t count = FLOWS_SANITIZED;
#else
    uint32_t count = FLOWS;
#endif
    struct flows flows = {.now_ns = UINT64_C(1000000000000)};

    if (argc > 1)
        count = (uint32_t)strtoul(argv[1], NULL, 10);
    if (argc > 3) {
        if (!open_interface(&flows, argv[3]))
            return EXIT_FAILURE;
        run_all(&flows, count);
        return EXIT_SUCCESS;
    }
    flows.pipeline = open_pipeline(&flows);
    if (!flows.pipeline)
        return EXIT_FAILURE;
    run_all(&flows, count);
    bool good = was_dealt_with(pipeline_counters(flows.pipeline), count) && is_small_enough();
    printf("%s: at most %d MiB with %d MiB of rings, %llu messages for the daemon\n",
           good ? "good" : "FAILED", MOST_MIB, RINGS_MIB, (unsigned long long)flows.messages);
    pipeline_free(flows.pipeline);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
