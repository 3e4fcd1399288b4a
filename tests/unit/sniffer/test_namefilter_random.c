/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A million random frames, nearly right ones and hostile ones, through the kernel's filter and
 * through the sniffer's own decision: what the sniffer keeps, the filter passes.  The other way
 * round, nearly all foreign names are dropped.
 *
 * libpcap's interpreter runs the filter; the kernel itself does for one frame of four, on a socket
 * of its own (a filter is the same to every kind of socket), and has to say the same.
 */
#include "keeping.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
    SCENES = 400,
    FRAMES_A_SCENE = 3000,
    PATTERNS_MAX = 12,
    EXTRA_MAX = 4,
    FRAME_MAX = 4096,
    PROTOCOLS = 10,
    KERNEL_SHARE = 4, /* the kernel runs the filter for one frame of so many */
    BY_CHANCE = 8,    /* one of 64: none passes so many times */
};

/* ---- chance ---- */

static uint64_t seed;

static uint32_t chance(void)
{
    seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(mixed >> 32);
}

static unsigned below(unsigned most)
{
    return chance() % most;
}

/* One time of so many. */
static bool once_in(unsigned times)
{
    return below(times) == 0;
}

/* ---- bytes ---- */

struct text {
    size_t size;
    uint8_t data[FRAME_MAX];
};

static void put(struct text *out, const void *data, size_t size)
{
    if (out->size + size > FRAME_MAX)
        return;
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

static void put8(struct text *out, unsigned value)
{
    put(out, &(uint8_t){(uint8_t)value}, 1);
}

static void put16(struct text *out, unsigned value)
{
    put8(out, value >> 8);
    put8(out, value);
}

static void put_noise(struct text *out, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        put8(out, chance());
}

/* ---- scene: patterns and what else the filter is made from ---- */

struct scene {
    struct whitelist_pattern patterns[PATTERNS_MAX];
    size_t pattern_count;
    struct dname extra[EXTRA_MAX];
    struct matcher *matcher;
    struct nametails *names;
    struct keeping keeping;
    struct namefilter_choice choice;
    struct filter_program programs[PROTOCOLS]; /* cooked: one for each protocol; else the first */
    int sockets[PROTOCOLS][2]; /* what is written to the second passes the program to the first */
};

static const uint16_t protocols[PROTOCOLS] = {0x0800, 0x86dd, 0x8100, 0x8847, 0x8864,
                                              0x0806, 0x893f, 0x8903, 0x894f, 4};

static void put_label(struct text *out)
{
    static const char *const labels[] = {
        "a",
        "b",
        "io",
        "com",
        "net",
        "www",
        "lookback",
        "dormammu",
        "x-y",
        "eu1",
        "0",
        "_dns",
        "abcdefghijklmnopqrstuvwxyz01234567890123", /* 40: in a fold with 8 */
    };

    if (once_in(4)) {
        unsigned size = 1 + below(once_in(8) ? 63 : 12);
        put8(out, size);
        for (unsigned i = 0; i < size; i++)
            put8(out, once_in(16) ? chance() : 'a' + below(26));
        return;
    }
    const char *label = labels[below(sizeof(labels) / sizeof(labels[0]))];
    put8(out, (unsigned)strlen(label));
    put(out, label, strlen(label));
}

static void random_dname(struct dname *out, unsigned labels)
{
    struct text text;

    do {
        text.size = 0;
        for (unsigned i = 0; i < labels; i++)
            put_label(&text);
        put8(&text, 0);
    } while (!dname_from_wire(text.data, text.size, out));
}

static void make_patterns(struct scene *scene)
{
    scene->pattern_count = 1 + below(PATTERNS_MAX);
    for (size_t i = 0; i < scene->pattern_count; i++) {
        struct pattern *pattern = &scene->patterns[i].pattern;

        pattern->kind = once_in(2) ? PATTERN_EXACT : PATTERN_BELOW;
        if (once_in(300))
            *pattern = (struct pattern){.kind = PATTERN_ANY, .name = {.length = 1}};
        else
            random_dname(&pattern->name, 1 + below(once_in(5) ? 12 : 4));
    }
}

static void make_extra(struct scene *scene)
{
    scene->keeping.extra_count = once_in(2) ? 0 : 1 + below(EXTRA_MAX);
    for (size_t i = 0; i < scene->keeping.extra_count; i++)
        random_dname(&scene->extra[i], 1 + below(6));
    scene->keeping.extra = scene->extra;
    assert_true(nametails_set_extra(scene->names, scene->extra, scene->keeping.extra_count));
}

/* ---- the kernel ---- */

static void open_socket(const struct filter_program *program, int sockets[2])
{
    struct {
        unsigned short count;
        const struct filter_instruction *instructions;
    } code = {(unsigned short)program->count, program->instructions};

    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, sockets), 0);
    assert_int_equal(setsockopt(sockets[0], SOL_SOCKET, SO_ATTACH_FILTER, &code, sizeof(code)), 0);
}

static void open_sockets(struct scene *scene)
{
    unsigned count = scene->choice.link == FILTER_COOKED ? PROTOCOLS : 1;

    for (unsigned i = 0; i < PROTOCOLS; i++)
        scene->sockets[i][0] = scene->sockets[i][1] = -1;
    for (unsigned i = 0; i < count; i++)
        open_socket(&scene->programs[i], scene->sockets[i]);
}

static void close_sockets(struct scene *scene)
{
    for (unsigned i = 0; i < PROTOCOLS && scene->sockets[i][0] >= 0; i++) {
        close(scene->sockets[i][0]);
        close(scene->sockets[i][1]);
    }
}

static bool kernel_run(const int sockets[2], const uint8_t *bytes, size_t size)
{
    static uint8_t received[FRAME_MAX];

    assert_int_equal(send(sockets[1], bytes, size, 0), size);
    ssize_t got = recv(sockets[0], received, sizeof(received), 0);
    if (got < 0)
        assert_int_equal(errno, EAGAIN);
    else
        assert_int_equal(got, size); /* whole */
    return got >= 0;
}

static void make_programs(struct scene *scene, struct filtercode *code)
{
    static const unsigned sizes[] = {NAMEFILTER_MOST, NAMEFILTER_SMALL, 400};
    struct filter_program *first = &scene->programs[0];

    scene->choice.most = sizes[below(sizeof(sizes) / sizeof(sizes[0]))];
    if (!namefilter_build(&scene->choice, scene->names, code, first)) {
        scene->choice.most = NAMEFILTER_MOST;
        assert_true(namefilter_build(&scene->choice, scene->names, code, first));
    }
    assert_true(bpf_validate((const struct bpf_insn *)first->instructions, (int)first->count));
    if (scene->choice.link != FILTER_COOKED)
        return;
    for (unsigned i = PROTOCOLS; i-- > 0;)
        scene->programs[i] = keeping_with_protocol(first, protocols[i]);
}

static void open_scene(struct scene *scene, struct filtercode *code)
{
    memset(scene, 0, sizeof(*scene));
    make_patterns(scene);
    scene->names = nametails_new(scene->patterns, scene->pattern_count);
    scene->matcher = matcher_new(scene->patterns, scene->pattern_count);
    assert_non_null(scene->names);
    assert_non_null(scene->matcher);
    make_extra(scene);
    scene->choice.link = (enum filter_link)below(4);
    scene->keeping.chain = scene->choice.chain = once_in(4);
    scene->keeping.matcher = scene->matcher;
    if (once_in(2))
        scene->keeping.rules = keeping_tunnels(chance());
    scene->choice.rules = scene->keeping.rules;
    make_programs(scene, code);
    open_sockets(scene);
}

static void close_scene(struct scene *scene)
{
    close_sockets(scene);
    matcher_free(scene->matcher);
    nametails_free(scene->names);
}

/* ---- messages ---- */

/* A name that matters, or nearly. */
static void put_near_name(struct text *out, const struct scene *scene)
{
    const struct dname *name = &scene->patterns[below((unsigned)scene->pattern_count)].pattern.name;
    size_t start = out->size;

    if (scene->keeping.extra_count > 0 && once_in(4))
        name = &scene->extra[below((unsigned)scene->keeping.extra_count)];
    for (unsigned i = below(once_in(20) ? 60 : 3); i > 0; i--)
        put_label(out);
    put(out, name->wire, name->length);
    for (size_t i = start; i < out->size; i++) {
        if (out->data[i] >= 'a' && out->data[i] <= 'z' && once_in(4))
            out->data[i] ^= 0x20;
    }
    if (once_in(3))
        out->data[start + below((unsigned)(out->size - start))] ^= (uint8_t)(1u << below(8));
}

static void put_name(struct text *out, const struct scene *scene)
{
    struct dname name;

    if (!once_in(3)) {
        put_near_name(out, scene);
        return;
    }
    random_dname(&name, below(6));
    put(out, name.wire, name.length);
}

static void put_record(struct text *out, const struct scene *scene)
{
    static const uint16_t types[] = {1, 5, 5, 39, 28, 65, 16};
    struct text data = {0};
    uint16_t type = types[below(sizeof(types) / sizeof(types[0]))];

    if (once_in(4))
        put_name(out, scene);
    else
        put16(out, 0xc00c);
    if (type == 5 || type == 39)
        put_name(&data, scene);
    else
        put_noise(&data, type == 28 ? 16 : 4);
    put16(out, type);
    put16(out, 1);
    put_noise(out, 4);
    put16(out, (unsigned)data.size + (once_in(30) ? below(3) : 0));
    put(out, data.data, data.size);
}

static void put_message(struct text *out, const struct scene *scene)
{
    static const uint16_t flags[] = {0x0100, 0x8180, 0x8180, 0x8183, 0x8380, 0x2800};
    static const uint16_t types[] = {1, 1, 28, 65, 64, 255, 12, 16};
    unsigned records = once_in(2) ? below(once_in(10) ? 12 : 4) : 0;
    size_t start = out->size;

    put_noise(out, 2);
    put16(out, flags[below(sizeof(flags) / sizeof(flags[0]))]);
    put16(out, once_in(20) ? below(4) : 1);
    put16(out, once_in(20) ? chance() : records);
    put16(out, 0);
    put16(out, 0);
    put_name(out, scene);
    put16(out, types[below(sizeof(types) / sizeof(types[0]))]);
    put16(out, once_in(20) ? chance() : 1);
    for (unsigned i = 0; i < records; i++)
        put_record(out, scene);
    if (once_in(12))
        out->size = start + below((unsigned)(out->size - start + 1));
    if (once_in(12))
        put_noise(out, below(8));
}

/* ---- packets ---- */

static unsigned port(void)
{
    static const uint16_t ports[] = {53, 53, 53, 4000, 4789, 6081, 37008, 5353};
    return once_in(20) ? chance() & 0xffff : ports[below(sizeof(ports) / sizeof(ports[0]))];
}

static void put_udp(struct text *out, const struct text *payload)
{
    put16(out, port());
    put16(out, once_in(2) ? 53 : port());
    put16(out, (unsigned)payload->size + 8 + (once_in(40) ? below(5) : 0));
    put16(out, 0);
    put(out, payload->data, payload->size);
}

static void put_ipv4(struct text *out, unsigned protocol, const struct text *payload)
{
    unsigned options = once_in(5) ? 4 * below(11) : 0;

    put8(out, 0x45 + options / 4 - (once_in(50) ? below(3) : 0));
    put8(out, 0);
    put16(out, (unsigned)payload->size + 20 + options - (once_in(40) ? below(9) : 0));
    put16(out, 1);
    put16(out, once_in(20) ? chance() : 0x4000);
    put8(out, 64);
    put8(out, protocol);
    put_noise(out, 10 + options);
    put(out, payload->data, payload->size);
}

static void put_ipv6(struct text *out, unsigned protocol, const struct text *payload)
{
    static const uint8_t types[] = {0, 43, 44, 51, 60, 135};
    unsigned extension = once_in(6) ? 8 : 0;

    put8(out, 0x60);
    put_noise(out, 3);
    put16(out, (unsigned)payload->size + extension - (once_in(40) ? below(9) : 0));
    put8(out, extension ? types[below(sizeof(types))] : protocol);
    put_noise(out, 33);
    if (extension) {
        put8(out, protocol);
        put8(out, 0);
        put16(out, once_in(2) ? 0 : chance());
        put_noise(out, 4);
    }
    put(out, payload->data, payload->size);
}

/* What stands behind an EtherType. */
struct body {
    uint16_t ethertype;
    struct text text;
};

static void put_ip(struct body *out, unsigned protocol, const struct text *payload)
{
    bool v6 = once_in(2);

    out->ethertype = v6 ? 0x86dd : 0x0800;
    if (v6)
        put_ipv6(&out->text, protocol, payload);
    else
        put_ipv4(&out->text, protocol, payload);
}

static void put_ethernet(struct text *out, const struct body *body)
{
    put_noise(out, 12);
    put16(out, body->ethertype);
    put(out, body->text.data, body->text.size);
}

static void wrap_in_gre(struct body *body, struct text *out)
{
    bool bridged = once_in(3);

    put16(out, once_in(4) ? (chance() & 0xb007) : 0);
    put16(out, bridged ? (once_in(4) ? 0x88be : 0x6558) : body->ethertype);
    if (bridged)
        put_ethernet(out, body);
    else
        put(out, body->text.data, body->text.size);
}

static void wrap_in_vxlan(struct body *body, struct text *out)
{
    struct text payload = {0};

    put8(&payload, once_in(10) ? chance() : 8);
    put_noise(&payload, 7);
    put_ethernet(&payload, body);
    put16(out, 12345);
    put16(out, once_in(4) ? port() : 4789);
    put16(out, (unsigned)payload.size + 8);
    put16(out, 0);
    put(out, payload.data, payload.size);
}

static void wrap_in_tunnel(struct body *body)
{
    struct body outer = {0};
    struct text payload = {0};
    unsigned protocol = body->ethertype == 0x0800 ? 4 : 41;

    switch (below(3)) {
    case 0:
        put(&payload, body->text.data, body->text.size);
        break;
    case 1:
        protocol = 47;
        wrap_in_gre(body, &payload);
        break;
    default:
        protocol = 17;
        wrap_in_vxlan(body, &payload);
    }
    put_ip(&outer, protocol, &payload);
    *body = outer;
}

static void wrap_in_tag(struct body *body)
{
    static const uint16_t types[] = {0x8100, 0x88a8, 0x9100, 0x9200};
    struct body outer = {.ethertype = types[below(4)]};

    put_noise(&outer.text, 2);
    put16(&outer.text, body->ethertype);
    put(&outer.text, body->text.data, body->text.size);
    *body = outer;
}

static void wrap_in_mpls(struct body *body)
{
    struct body outer = {.ethertype = 0x8847};

    for (unsigned i = below(6); i > 0; i--)
        put(&outer.text, "\0\1\0\1", 4);
    put(&outer.text, "\0\1\1\1", 4);
    put(&outer.text, body->text.data, body->text.size);
    *body = outer;
}

static void wrap_in_pppoe(struct body *body)
{
    struct body outer = {.ethertype = 0x8864};

    put(&outer.text, "\x11\0\0\1", 4);
    put16(&outer.text, (unsigned)body->text.size + 2);
    if (once_in(5))
        put8(&outer.text, body->ethertype == 0x0800 ? 0x21 : 0x57);
    else
        put16(&outer.text, body->ethertype == 0x0800 ? 0x21 : 0x57);
    put(&outer.text, body->text.data, body->text.size);
    *body = outer;
}

/* Tags of switches, an outer frame, LLC with SNAP, a service header. */
static void wrap_in_rarity(struct body *body)
{
    static const struct {
        uint16_t ethertype;
        uint8_t size; /* of the tag, without the EtherTypes */
        bool frame;   /* a whole one follows */
    } tags[] = {{0x893f, 6, false},
                {0x8926, 4, false},
                {0x8909, 6, false},
                {0x8903, 2, true},
                {0x88e7, 4, true}};
    unsigned which = below(sizeof(tags) / sizeof(tags[0]) + 2);
    struct body outer = {0};

    if (which < sizeof(tags) / sizeof(tags[0])) {
        outer.ethertype = tags[which].ethertype;
        put_noise(&outer.text, tags[which].size + (tags[which].frame ? 12u : 0u));
        put16(&outer.text, body->ethertype);
    } else if (which == sizeof(tags) / sizeof(tags[0])) {
        put(&outer.text, "\xaa\xaa\3\0\0", 5);
        put8(&outer.text, once_in(4) ? 0xf8 : 0);
        put16(&outer.text, body->ethertype);
        outer.ethertype = (uint16_t)(outer.text.size + body->text.size);
    } else {
        outer.ethertype = 0x894f;
        put16(&outer.text, 2);
        put8(&outer.text, 2);
        put8(&outer.text, body->ethertype == 0x0800 ? 1 : 2);
        put_noise(&outer.text, 4);
    }
    put(&outer.text, body->text.data, body->text.size);
    *body = outer;
}

static void make_body(struct body *body, const struct scene *scene)
{
    struct text message = {0}, udp = {0};

    *body = (struct body){0};
    put_message(&message, scene);
    put_udp(&udp, &message);
    put_ip(body, once_in(30) ? 6 : 17, &udp);
    if (scene->keeping.rules) {
        for (unsigned depth = 0; depth < 2 && once_in(2); depth++)
            wrap_in_tunnel(body);
    }
    if (once_in(10))
        wrap_in_mpls(body);
    else if (once_in(10))
        wrap_in_pppoe(body);
    else if (once_in(8))
        wrap_in_rarity(body);
    while (once_in(4))
        wrap_in_tag(body);
    for (unsigned i = once_in(6) ? 1 + below(4) : 0; i > 0 && body->text.size > 0; i--)
        body->text.data[below((unsigned)body->text.size)] = (uint8_t)chance();
    if (once_in(100)) {
        body->text.size = 0;
        put_noise(&body->text, below(200));
    }
    if (once_in(20))
        body->text.size = below((unsigned)body->text.size + 1);
}

/* ---- both decisions ---- */

static unsigned protocol_index(uint16_t ethertype)
{
    for (unsigned i = 0; i < PROTOCOLS; i++) {
        if (protocols[i] == ethertype)
            return i;
    }
    return PROTOCOLS;
}

struct tally {
    unsigned frames, kept, passed;
};

static void compare(const struct scene *scene, const struct frame *frame, const uint8_t *seen,
                    size_t size, unsigned program, struct tally *tally)
{
    bool keeps = keeping_frame(&scene->keeping, frame);
    bool passes = keeping_run(&scene->programs[program], seen, size);

    tally->frames++;
    tally->kept += keeps;
    tally->passed += passes;
    if (tally->frames % KERNEL_SHARE == 0) {
        bool kernel_passes = kernel_run(scene->sockets[program], seen, size);

        /* Frames of EtherTypes that are not read pass now and then, by chance: not every time. */
        for (unsigned i = 0; i < BY_CHANCE && kernel_passes && !passes; i++)
            kernel_passes = kernel_run(scene->sockets[program], seen, size);
        assert_int_equal(kernel_passes, passes);
    }
    if (!keeps || passes)
        return;
    for (size_t i = 0; i < frame->captured; i++)
        print_error("%02x", frame->bytes[i]);
    fail_msg(" is kept by the sniffer and dropped by the filter (link %d)", scene->choice.link);
}

static void one_frame(const struct scene *scene, struct tally *tally)
{
    static struct body body;
    struct text whole = {0};
    struct frame frame = {.link_type = DLT_RAW};
    unsigned program = 0;
    size_t header = 0;

    make_body(&body, scene);
    switch (scene->choice.link) {
    case FILTER_IP:
        break;
    case FILTER_ETHERNET:
        frame.link_type = DLT_EN10MB;
        put_noise(&whole, 12);
        put16(&whole, body.ethertype);
        break;
    case FILTER_HDLC:
        frame.link_type = DLT_C_HDLC;
        put16(&whole, once_in(20) ? chance() : once_in(2) ? 0x0f00 : 0x8f00);
        put16(&whole, body.ethertype);
        break;
    case FILTER_COOKED:
        frame.link_type = DLT_LINUX_SLL;
        put(&whole, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0", 14);
        put16(&whole, body.ethertype);
        header = whole.size;
        program = protocol_index(body.ethertype);
        if (program == PROTOCOLS)
            return;
        break;
    }
    put(&whole, body.text.data, body.text.size);
    frame.bytes = whole.data;
    frame.captured = frame.length = (uint32_t)whole.size;
    compare(scene, &frame, whole.data + header, whole.size - header, program, tally);
}

static void test_nothing_kept_is_dropped(void **state)
{
    static struct scene scene;
    struct filtercode *code = filtercode_new();
    struct tally tally = {0};

    (void)state;
    seed = 1;
    assert_non_null(code);
    for (unsigned i = 0; i < SCENES; i++) {
        open_scene(&scene, code);
        for (unsigned j = 0; j < FRAMES_A_SCENE; j++)
            one_frame(&scene, &tally);
        close_scene(&scene);
    }
    filtercode_free(code);
    print_message("%u frames, %u kept, %u passed\n", tally.frames, tally.kept, tally.passed);
    assert_true(tally.frames > 1000000);
    /* Otherwise nothing has been compared. */
    assert_true(tally.kept > tally.frames / 8);
    assert_true(tally.passed < tally.frames * 3 / 4);
}

/* ---- how much is dropped ---- */

static void put_foreign_name(struct text *out)
{
    static const char *const ends[] = {"\3com",
                                       "\3net",
                                       "\2io",
                                       "\3org",
                                       "\2de",
                                       "\4arpa",
                                       "\10lookback\2io",
                                       "\10lookback\3com",
                                       "\7example\3com"};
    const char *end = ends[below(sizeof(ends) / sizeof(ends[0]))];

    for (unsigned i = 1 + below(4); i > 0; i--) {
        unsigned size = 2 + below(12);
        put8(out, size);
        for (unsigned j = 0; j < size; j++)
            put8(out, once_in(8) ? '0' + below(10) : 'a' + below(26));
    }
    put(out, end, strlen(end) + 1);
}

static double foreign_pass_rate(const struct whitelist_pattern *patterns, size_t count)
{
    enum { NAMES = 50000 };
    static struct filter_program program;
    struct nametails *names = nametails_new(patterns, count);
    struct filtercode *code = filtercode_new();
    struct namefilter_choice choice = {.link = FILTER_IP, .most = NAMEFILTER_SMALL};
    unsigned passed = 0;

    assert_true(namefilter_build(&choice, names, code, &program));
    for (unsigned i = 0; i < NAMES; i++) {
        struct text frame = {0};

        put(&frame, "\x45\0\0\0\0\0\0\0\x40\x11", 10);
        put_noise(&frame, 10);
        put(&frame,
            "\0\x35\x10\0\0\0\0\0"
            "\0\0\x81\x80\0\1\0\1\0\0\0\0",
            20);
        put_foreign_name(&frame);
        put(&frame, "\0\1\0\1", 4);
        passed += keeping_run(&program, frame.data, frame.size);
    }
    nametails_free(names);
    filtercode_free(code);
    return (double)passed / NAMES;
}

static void test_foreign_names_are_dropped(void **state)
{
    static const size_t counts[] = {2, 20, 200};
    static struct whitelist_pattern patterns[200];

    (void)state;
    seed = 2;
    for (size_t i = 0; i < 200; i++) {
        char text[64];
        snprintf(text, sizeof(text), "*.n%u.service%u.example.net", chance(), below(20));
        assert_true(pattern_from_text(text, &patterns[i].pattern));
    }
    assert_true(pattern_from_text("dormammu.lookback.io", &patterns[0].pattern));
    assert_true(pattern_from_text("*.dormammu.lookback.io", &patterns[1].pattern));
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        double rate = foreign_pass_rate(patterns, counts[i]);
        print_message("%zu patterns: %.3f %% of foreign names pass\n", counts[i], rate * 100);
        assert_true(rate < 0.01);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_kept_is_dropped),
        cmocka_unit_test(test_foreign_names_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
