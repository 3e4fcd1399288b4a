/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's filter, run by libpcap's interpreter: frames of every kind, names that are just and
 * just not meant, what cannot be told; then a million random and hostile frames, of which it may
 * drop none that the sniffer would keep.
 */
#include "keeping.h"
#include "packet.h"

#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

enum { PATTERNS_MAX = 8 };

/* Made anew by each test. */
struct filter {
    struct whitelist_pattern patterns[PATTERNS_MAX];
    size_t pattern_count;
    struct nametails *names;
    struct filtercode *code;
    struct filter_program program;
    struct namefilter_choice choice;
};

static struct filter filter;

static int set_up(void **state)
{
    (void)state;
    memset(&filter, 0, sizeof(filter));
    filter.code = filtercode_new();
    filter.choice.most = NAMEFILTER_MOST;
    assert_non_null(filter.code);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    nametails_free(filter.names);
    filtercode_free(filter.code);
    return 0;
}

static void add_pattern(const char *text)
{
    assert_true(filter.pattern_count < PATTERNS_MAX);
    assert_true(pattern_from_text(text, &filter.patterns[filter.pattern_count++].pattern));
}

static void build(void)
{
    assert_true(namefilter_build(&filter.choice, filter.names, filter.code, &filter.program));
    assert_true(bpf_validate((const struct bpf_insn *)filter.program.instructions,
                             (int)filter.program.count));
}

static void make_names(void)
{
    nametails_free(filter.names);
    filter.names = nametails_new(filter.patterns, filter.pattern_count);
    assert_non_null(filter.names);
}

static void build_for(enum filter_link link, const char *first, const char *second)
{
    filter.choice.link = link;
    filter.pattern_count = 0;
    add_pattern(first);
    if (second)
        add_pattern(second);
    make_names();
    build();
}

/* A copy of exact size, so that the sanitizer sees a load behind the end. */
static bool passes(const struct bytes *frame)
{
    uint8_t *kept = malloc(frame->size ? frame->size : 1);
    bool result;

    assert_non_null(kept);
    memcpy(kept, frame->data, frame->size);
    result = keeping_run(&filter.program, kept, frame->size);
    free(kept);
    return result;
}

static const struct datagram_of from4 = {
    .from = "192.0.2.53", .to = "192.0.2.10", .from_port = 53, .to_port = 4000};
static const struct datagram_of from6 = {
    .from = "2001:db8::53", .to = "2001:db8::10", .from_port = 53, .to_port = 4000};

static struct bytes packet(const struct datagram_of *like, const struct bytes *message)
{
    struct datagram_of of = *like;
    struct bytes out = {0};

    of.payload = message;
    put_datagram(&out, &of);
    return out;
}

static bool name_passes(const char *name)
{
    struct bytes message = dns(1, FLAGS_ANSWER, name, TYPE_A);
    struct bytes whole = packet(&from4, &message);

    return passes(&whole);
}

/* ---- names ---- */

struct name_case {
    const char *first, *second; /* patterns */
    const char *name;
    bool passes;
};

#define REST_62 "bcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"
#define LABEL_63 "a" REST_62

static const struct name_case name_cases[] = {
    {"*.dormammu.lookback.io", NULL, "a.dormammu.lookback.io", true},
    {"*.dormammu.lookback.io", NULL, "a.b.c.d.DORMAMMU.LookBack.iO", true},
    {"*.dormammu.lookback.io", NULL, "a.dormammu.lookback.com", false},
    {"*.dormammu.lookback.io", NULL, "a.dormammu.lookbacc.io", false},
    {"*.dormammu.lookback.io", NULL, "a.notdormammu.lookback.io", false},
    {"*.dormammu.lookback.io", NULL, "dormammu.lookback.io.evil.example", false},
    {"*.dormammu.lookback.io", NULL, "lookback.io", false},
    {"*.dormammu.lookback.io", NULL, "io", false},
    {"*.dormammu.lookback.io", NULL, "", false},
    {"dormammu.lookback.io", NULL, "dormammu.lookback.io", true},
    {"dormammu.lookback.io", NULL, "DORMAMMU.LOOKBACK.IO", true},
    {"dormammu.lookback.io", NULL, "a.dormammu.lookback.io", false},
    {"dormammu.lookback.io", NULL, "lookback.io", false},
    {"dormammu.lookback.io", "*.dormammu.lookback.io", "dormammu.lookback.io", true},
    {"dormammu.lookback.io", "*.dormammu.lookback.io", "a.dormammu.lookback.io", true},
    /* a pattern's name of each length modulo four, short ones too */
    {"a", NULL, "a", true},
    {"a", NULL, "b", false},
    {"a", NULL, "b.a", false},
    {"*.a", NULL, "b.a", true},
    {"*.a", NULL, "a.b", false},
    {"*.ab", NULL, "x.ab", true},
    {"*.ab", NULL, "x.bb", false},
    {"*.abc", NULL, "x.abc", true},
    {"*.abc", NULL, "x.bbc", false},
    {"*.abcd", NULL, "x.abcd", true},
    {"*.abcd", NULL, "x.bbcd", false},
    {"*.a.b", NULL, "x.a.b", true},
    {"*.a.b", NULL, "x.c.b", false},
    {"ab", NULL, "ab", true},
    {"abc", NULL, "abc", true},
    {"abcd", NULL, "abcd", true},
    {"a.b.c", NULL, "a.b.c", true},
    {"a.b.c", NULL, "x.a.b.c", false},
    {".", NULL, "", true},
    {".", NULL, "a", false},
    /* one inside the other, and two that share an end */
    {"a.b.c.d", "*.c.d", "a.b.c.d", true},
    {"a.b.c.d", "*.c.d", "x.c.d", true},
    {"a.b.c.d", "c.d", "b.c.d", false},
    {"a.b.c.d", "c.d", "c.d", true},
    {"a.b.c.d", "c.d", "a.b.c.d", true},
    {"www.example.com", "www.example.net", "www.example.net", true},
    {"www.example.com", "www.example.net", "www.example.com", true},
    {"www.example.com", "www.example.net", "www.example.org", false},
    {"*.one.example", "*.two.example", "x.two.example", true},
    {"*.one.example", "*.two.example", "x.six.example", false},
    /* longer than 40 bytes: X is moved */
    {"*." LABEL_63 ".example", NULL, "x." LABEL_63 ".example", true},
    {"*." LABEL_63 ".example", NULL, "x.x" REST_62 ".example", false},
    {"x." LABEL_63 "." LABEL_63 "." LABEL_63 ".example", NULL,
     "x." LABEL_63 "." LABEL_63 "." LABEL_63 ".example", true},
    {"x." LABEL_63 "." LABEL_63 "." LABEL_63 ".example", NULL,
     "y." LABEL_63 "." LABEL_63 "." LABEL_63 ".example", false},
    {"x." LABEL_63 ".example", NULL, LABEL_63 ".example", false},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(name_cases) / sizeof(name_cases[0]); i++) {
        const struct name_case *one = &name_cases[i];

        build_for(FILTER_IP, one->first, one->second);
        if (name_passes(one->name) != one->passes)
            fail_msg("%s and %s, %s: wrong", one->first, one->second ? one->second : "nothing",
                     one->name);
    }
}

/* At a length of each remainder, with nothing behind the question: no load may leave the packet. */
static void test_last_bytes(void **state)
{
    char pattern[64] = "*.", name[64] = "x.";

    (void)state;
    for (unsigned length = 1; length < 50; length++) {
        pattern[1 + length] = '.';
        pattern[2 + length] = (char)('a' + length % 26);
        memcpy(name, pattern, sizeof(name));
        name[0] = 'x';
        pattern[1 + length] = name[1 + length] = 'q';
        build_for(FILTER_IP, pattern, NULL);
        assert_true(name_passes(name));
    }
}

static void test_extra_names(void **state)
{
    struct dname extra[NAMETAILS_EXTRA_MAX + 1];

    (void)state;
    for (unsigned i = 0; i <= NAMETAILS_EXTRA_MAX; i++) {
        char text[32];

        snprintf(text, sizeof(text), "edge%u.cdn.example", i);
        assert_true(dname_from_text(text, &extra[i]));
    }
    build_for(FILTER_IP, "*.lookback.io", NULL);
    assert_false(name_passes("edge3.cdn.example"));
    assert_true(nametails_set_extra(filter.names, extra, NAMETAILS_EXTRA_MAX));
    build();
    assert_true(name_passes("edge0.cdn.example"));
    assert_true(name_passes("EDGE15.cdn.example"));
    assert_false(name_passes("edge16.cdn.example"));
    assert_false(name_passes("x.edge3.cdn.example"));
    assert_true(name_passes("x.lookback.io"));
    assert_false(nametails_set_extra(filter.names, extra, NAMETAILS_EXTRA_MAX + 1));
    /* twice, as for two whitelists, and one that a pattern has */
    extra[1] = extra[0];
    assert_true(dname_from_text("lookback.io", &extra[2]));
    assert_true(nametails_set_extra(filter.names, extra, 3));
    build();
    assert_true(name_passes("edge0.cdn.example"));
    assert_false(name_passes("edge3.cdn.example"));
    assert_true(nametails_set_extra(filter.names, extra, 0));
    build();
    assert_false(name_passes("edge0.cdn.example"));
    assert_true(name_passes("x.lookback.io"));
}

/* ---- headers ---- */

static const char macs[] = "\2\0\0\0\0\1\2\0\0\0\0\2";

static void assert_frame(const char *header, size_t size, const struct bytes *inner, bool expected)
{
    struct bytes frame = {0};

    put(&frame, header, size);
    put(&frame, inner->data, inner->size);
    if (passes(&frame) != expected)
        fail_msg("behind %zu bytes of header a frame %s", size, expected ? "is dropped" : "passes");
}

struct ethernet_case {
    const char *header4, *header6;
    size_t size;
};

static const struct ethernet_case ethernet_cases[] = {
    {"\x08\x00", "\x86\xdd", 2},
    {"\x81\x00\x20\x64\x08\x00", "\x81\x00\x20\x64\x86\xdd", 6},
    {"\x88\xa8\x00\x07\x81\x00\x00\x08\x08\x00", "\x88\xa8\x00\x07\x81\x00\x00\x08\x86\xdd", 10},
    {"\x91\x00\x00\x07\x92\x00\x00\x08\x81\x00\x00\x01\x88\xa8\x00\x01\x08\x00",
     "\x91\x00\x00\x07\x92\x00\x00\x08\x81\x00\x00\x01\x88\xa8\x00\x01\x86\xdd", 18},
    {"\x88\x47\x00\x01\x00\x40\x00\x01\x01\x40", "\x88\x47\x00\x01\x00\x40\x00\x01\x01\x40", 10},
    {"\x88\x48\x00\x01\x01\x40", "\x88\x48\x00\x01\x01\x40", 6},
    {"\x88\x64\x11\x00\x00\x01\x02\x00\x00\x21", "\x88\x64\x11\x00\x00\x01\x02\x00\x00\x57", 10},
    {"\x81\x00\x00\x01\x88\x64\x11\x00\x00\x01\x02\x00\x00\x21",
     "\x81\x00\x00\x01\x88\x64\x11\x00\x00\x01\x02\x00\x00\x57", 14},
};

#define FRAME(ethertype) "\2\0\0\0\0\1\2\0\0\0\0\2" ethertype

/* What passes whole, so that the sniffer has to look. */
static const struct ethernet_case rare_cases[] = {
    {"\x93\x00\x00\x07\x08\x00", "\x93\x00\x00\x07\x86\xdd", 6},
    {"\x89\x3f\0\0\0\0\0\0\x08\x00", "\x89\x3f\0\0\0\0\0\0\x86\xdd", 10},
    {"\x81\x00\x00\x07\x89\x26\0\0\0\0\x08\x00", "\x81\x00\x00\x07\x89\x26\0\0\0\0\x86\xdd", 12},
    {"\x89\x09\0\0\0\0\0\0\x08\x00", "\x89\x09\0\0\0\0\0\0\x86\xdd", 10},
    {"\x89\x03\0\0" FRAME("\x08\x00"), "\x89\x03\0\0" FRAME("\x86\xdd"), 18},
    {"\x88\xe7\0\0\0\0" FRAME("\x08\x00"), "\x88\xe7\0\0\0\0" FRAME("\x86\xdd"), 20},
    {"\x89\x4f\0\2\2\1\0\0\0\0", "\x89\x4f\0\2\2\2\0\0\0\0", 10},
    {"\1\0\xaa\xaa\3\0\0\0\x08\x00", "\1\0\xaa\xaa\3\0\0\0\x86\xdd", 10},
};

static void assert_ethernet(const struct ethernet_case *one, const char *name, bool expected)
{
    struct bytes message = dns(1, FLAGS_ANSWER, name, TYPE_A);
    struct bytes v4 = packet(&from4, &message), v6 = packet(&from6, &message);
    char header[64];

    memcpy(header, macs, 12);
    memcpy(header + 12, one->header4, one->size);
    assert_frame(header, 12 + one->size, &v4, expected);
    memcpy(header + 12, one->header6, one->size);
    assert_frame(header, 12 + one->size, &v6, expected);
}

static void test_ethernet(void **state)
{
    static const struct ethernet_case five_tags = {
        "\x81\x00\x00\x01\x81\x00\x00\x01\x81\x00\x00\x01\x81\x00\x00\x01\x81\x00\x00\x01\x08\x00",
        "\x81\x00\x00\x01\x81\x00\x00\x01\x81\x00\x00\x01\x81\x00\x00\x01\x81\x00\x00\x01\x86\xdd",
        22};

    (void)state;
    build_for(FILTER_ETHERNET, "*.lookback.io", NULL);
    for (size_t i = 0; i < sizeof(ethernet_cases) / sizeof(ethernet_cases[0]); i++) {
        assert_ethernet(&ethernet_cases[i], "x.lookback.io", true);
        assert_ethernet(&ethernet_cases[i], "x.look.io", false);
    }
    for (size_t i = 0; i < sizeof(rare_cases) / sizeof(rare_cases[0]); i++) {
        assert_ethernet(&rare_cases[i], "x.lookback.io", true);
        assert_ethernet(&rare_cases[i], "x.look.io", true);
    }
    assert_ethernet(&five_tags, "x.lookback.io", true);
    assert_ethernet(&five_tags, "x.look.io", true); /* not walked so far */
    assert_ethernet(&(struct ethernet_case){"\x08\x06", "\x88\xcc", 2}, "x.lookback.io", false);
    assert_ethernet(
        &(struct ethernet_case){"\1\0\x42\x42\3\0\0\0\x08\0", "\1\0\x42\x42\3\0\0\0\x86\xdd", 10},
        "x.lookback.io", false);
}

static void test_cooked(void **state)
{
    struct bytes message = dns(1, FLAGS_ANSWER, "x.lookback.io", TYPE_A);
    struct bytes other = dns(1, FLAGS_ANSWER, "x.look.io", TYPE_A);
    struct bytes v4 = packet(&from4, &message), v6 = packet(&from6, &other);

    (void)state;
    build_for(FILTER_COOKED, "*.lookback.io", NULL);
    struct filter_program program = filter.program;
    filter.program = keeping_with_protocol(&program, 0x0800);
    assert_true(passes(&v4));
    filter.program = keeping_with_protocol(&program, 0x86dd);
    assert_false(passes(&v6));
    filter.program = keeping_with_protocol(&program, 0x0806);
    assert_false(passes(&v4));
    filter.program = keeping_with_protocol(&program, 0x8100);
    assert_frame("\x00\x07\x08\x00", 4, &v4, true);
    assert_frame("\x00\x07\x86\xdd", 4, &v6, false);
}

static void test_ip(void **state)
{
    struct bytes ours = dns(1, FLAGS_QUESTION, "x.lookback.io", TYPE_A);
    struct bytes other = dns(1, FLAGS_QUESTION, "x.look.io", TYPE_A);
    struct datagram_of of = {
        .from = "192.0.2.10", .to = "192.0.2.53", .from_port = 4000, .to_port = 53};

    (void)state;
    build_for(FILTER_IP, "*.lookback.io", NULL);
    for (unsigned options = 0; options <= 40; options += 4) {
        of.options = options;
        struct bytes yes = packet(&of, &ours), no = packet(&of, &other);
        assert_true(passes(&yes));
        assert_false(passes(&no));
        yes.data[0] = 0x55; /* no such version */
        assert_false(passes(&yes));
    }
    of.options = 0;
    of.to_port = 54;
    struct bytes yes = packet(&of, &ours);
    assert_false(passes(&yes));
    of.from_port = of.to_port = 53;
    yes = packet(&of, &ours);
    assert_true(passes(&yes));
    of.fragment = 0x2000;
    yes = packet(&of, &other);
    assert_true(passes(&yes));
    of.fragment = 0x0001;
    yes = packet(&of, &other);
    assert_true(passes(&yes));
    yes.data[9] = 50; /* fragments of what is not read */
    assert_false(passes(&yes));
    of.fragment = 0x4000; /* DF */
    yes = packet(&of, &other);
    assert_false(passes(&yes));
}

static void test_extension_headers(void **state)
{
    static const uint8_t types[] = {0, 43, 44, 51, 60, 135, 139, 140};
    struct bytes other = dns(1, FLAGS_QUESTION, "x.look.io", TYPE_A);
    struct bytes frame = packet(&from6, &other);

    (void)state;
    build_for(FILTER_IP, "*.lookback.io", NULL);
    assert_false(passes(&frame));
    for (size_t i = 0; i < sizeof(types); i++) {
        frame.data[6] = types[i];
        assert_true(passes(&frame));
    }
    frame.data[6] = 58; /* ICMPv6 */
    assert_false(passes(&frame));
    frame = packet(&from4, &other);
    assert_false(passes(&frame));
    frame.data[9] = 51; /* an authentication header over IPv4 */
    assert_true(passes(&frame));
}

static void test_tcp(void **state)
{
    struct bytes other = dns(1, FLAGS_QUESTION, "x.look.io", TYPE_A);
    struct bytes v4 = packet(&from4, &other), v6 = packet(&from6, &other);

    (void)state;
    build_for(FILTER_IP, "*.lookback.io", NULL);
    v4.data[9] = v6.data[6] = 6;
    assert_true(passes(&v4));
    assert_true(passes(&v6));
    set16(&v4, 20, 4000);
    assert_false(passes(&v4));
    set16(&v4, 22, 53);
    assert_true(passes(&v4));
}

static bool passes_between(const char *name, uint16_t from, uint16_t to, bool tcp)
{
    struct bytes message = dns(1, FLAGS_ANSWER, name, TYPE_A);
    struct datagram_of of = {.from = "192.0.2.53",
                             .to = "192.0.2.10",
                             .from_port = from,
                             .to_port = to,
                             .payload = &message};
    struct bytes whole = {0};

    put_datagram(&whole, &of);
    if (tcp)
        whole.data[9] = 6; /* TCP */
    return passes(&whole);
}

/* Where resolvers are said to answer, as at 53; nowhere else. */
static void test_resolvers_at_other_ports(void **state)
{
    static const uint16_t ports[] = {5335, 5300, 53};
    const struct dnsports dns_ports = {.others = {5335, 5300}, .count = 2};
    const struct tunnelrules rules = {.dns = &dns_ports};

    (void)state;
    build_for(FILTER_IP, "*.lookback.io", NULL);
    assert_false(passes_between("x.lookback.io", 5335, 4000, false));
    filter.choice.rules = &rules;
    build();
    for (size_t i = 0; i < 3; i++) {
        assert_true(passes_between("x.lookback.io", ports[i], 4000, false));
        assert_true(passes_between("x.lookback.io", 4000, ports[i], false));
        assert_false(passes_between("x.example", ports[i], 4000, false));
        assert_true(passes_between("x.example", ports[i], 4000, true));
        assert_true(passes_between("x.example", 4000, ports[i], true));
    }
    assert_false(passes_between("x.lookback.io", 5336, 4000, false));
    assert_false(passes_between("x.lookback.io", 5336, 4000, true));
    filter.choice.rules = NULL;
}

static void test_lengths(void **state)
{
    struct bytes message = dns(1, FLAGS_ANSWER, "x.lookback.io", TYPE_A);
    struct bytes frame = packet(&from4, &message);

    (void)state;
    filter.choice.lengths.most = (uint32_t)frame.size - 1;
    build_for(FILTER_IP, "*.lookback.io", NULL);
    assert_false(passes(&frame));
    filter.choice.lengths.most = (uint32_t)frame.size;
    build();
    assert_true(passes(&frame));
    filter.choice.lengths = (struct filter_lengths){.least = (uint32_t)frame.size};
    build();
    assert_true(passes(&frame));
    filter.choice.lengths.least++;
    build();
    assert_false(passes(&frame));
}

/* ---- tunnels ---- */

enum {
    ALL_TUNNELS = 1 << ENCAPSULATION_GRE | 1 << ENCAPSULATION_ERSPAN | 1 << ENCAPSULATION_VXLAN |
                  1 << ENCAPSULATION_GENEVE | 1 << ENCAPSULATION_IPIP | 1 << ENCAPSULATION_TZSP,
};

struct tunnel_case {
    uint8_t protocol;
    const char *header;
    size_t size;
    uint8_t encapsulation;
    bool v6, ours, other; /* inside; what passes */
};

#define VXLAN_TO(port) "\x12\x34" port "\0\0\0\0"
#define INNER(type) "\2\0\0\0\0\1\2\0\0\0\0\2" type

static const struct tunnel_case tunnel_cases[] = {
    {4, "", 0, ENCAPSULATION_IPIP, false, true, false},
    {41, "", 0, ENCAPSULATION_IPIP, true, true, false},
    {47, "\0\0\x08\0", 4, ENCAPSULATION_GRE, false, true, false},
    {47, "\0\0\x86\xdd", 4, ENCAPSULATION_GRE, true, true, false},
    {47, "\0\0\x65\x58" INNER("\x08\0"), 18, ENCAPSULATION_GRE, false, true, false},
    {47, "\0\0\x65\x58" INNER("\x86\xdd"), 18, ENCAPSULATION_GRE, true, true, false},
    {47, "\0\0\x65\x58" INNER("\x81\0\0\1\x86\xdd"), 22, ENCAPSULATION_GRE, true, true, true},
    {47, "\0\0\x65\x58" INNER("\x08\x06"), 18, ENCAPSULATION_GRE, true, false, false},
    {47, "\x20\0\x08\0\0\0\0\1", 8, ENCAPSULATION_GRE, false, true, true},
    {47, "\0\1\x08\0", 4, ENCAPSULATION_GRE, false, false, false},
    {47, "\0\0\x88\xbe" INNER("\x08\0"), 18, ENCAPSULATION_GRE, false, false, false},
    {47, "\0\0\x88\xbe" INNER("\x08\0"), 18, ENCAPSULATION_ERSPAN, false, true, true},
    {47, "\0\0\x08\0", 4, ENCAPSULATION_ERSPAN, false, false, false},
    {17, VXLAN_TO("\x12\xb5") "\x08\0\0\0\0\0\1\0" INNER("\x08\0"), 30, ENCAPSULATION_VXLAN, false,
     true, false},
    {17, VXLAN_TO("\x12\xb5") "\x08\0\0\0\0\0\1\0" INNER("\x86\xdd"), 30, ENCAPSULATION_VXLAN, true,
     true, false},
    {17, VXLAN_TO("\x12\xb5") "\0\0\0\0\0\0\1\0" INNER("\x08\0"), 30, ENCAPSULATION_VXLAN, false,
     false, false},
    {17, VXLAN_TO("\x17\xc1"), 8, ENCAPSULATION_GENEVE, false, true, true},
    {17, VXLAN_TO("\x90\x90"), 8, ENCAPSULATION_TZSP, false, true, true},
    {17, VXLAN_TO("\x12\xb5"), 8, ENCAPSULATION_TZSP, false, false, false},
};

static bool tunnel_passes(const struct tunnel_case *one, bool outer_v6, const char *name)
{
    struct bytes message = dns(1, FLAGS_ANSWER, name, TYPE_A);
    struct bytes inner = packet(one->v6 ? &from6 : &from4, &message);
    struct bytes outer = packet(outer_v6 ? &from6 : &from4, &(struct bytes){0});

    outer.size = outer_v6 ? 40 : 20;
    outer.data[outer_v6 ? 6 : 9] = one->protocol;
    put(&outer, one->header, one->size);
    put(&outer, inner.data, inner.size);
    return passes(&outer);
}

static void assert_tunnel(size_t number, bool expected, bool got)
{
    if (expected != got)
        fail_msg("tunnel %zu %s", number, got ? "passes" : "is dropped");
}

static void test_tunnels(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(tunnel_cases) / sizeof(tunnel_cases[0]); i++) {
        const struct tunnel_case *one = &tunnel_cases[i];

        filter.choice.rules = keeping_tunnels(1u << one->encapsulation);
        build_for(FILTER_IP, "*.lookback.io", NULL);
        for (unsigned outer = 0; outer < 2; outer++) {
            assert_tunnel(i, one->ours, tunnel_passes(one, outer, "x.lookback.io"));
            assert_tunnel(i, one->other, tunnel_passes(one, outer, "x.look.io"));
        }
        filter.choice.rules = keeping_tunnels(ALL_TUNNELS & ~(1u << one->encapsulation));
        if (one->protocol != 47 && one->size != 8) {
            build();
            assert_tunnel(i, false, tunnel_passes(one, false, "x.lookback.io"));
        }
        filter.choice.rules = NULL;
        build();
        assert_tunnel(i, false, tunnel_passes(one, false, "x.lookback.io"));
    }
}

/* What is inside twice is not walked. */
static void test_tunnel_in_tunnel(void **state)
{
    struct bytes outer = packet(&from4, &(struct bytes){0});

    (void)state;
    filter.choice.rules = keeping_tunnels(ALL_TUNNELS);
    build_for(FILTER_IP, "*.lookback.io", NULL);
    outer.size = 20;
    outer.data[9] = 4;
    put(&outer, outer.data, 20);
    assert_true(passes(&outer));
    outer.data[29] = 47;
    assert_true(passes(&outer));
    outer.data[29] = 1;
    assert_false(passes(&outer));
}

/* ---- what cannot be told ---- */

static void test_cannot_be_told(void **state)
{
    struct bytes message = dns(1, FLAGS_ANSWER, "x.look.io", TYPE_A), whole;

    (void)state;
    build_for(FILTER_IP, "*.lookback.io", NULL);
    for (unsigned count = 0; count < 3; count++) {
        set16(&message, 4, count);
        whole = packet(&from4, &message);
        assert_int_equal(passes(&whole), count != 1);
    }
    set16(&message, 4, 1);
    for (unsigned length = 64; length < 256; length += 48) {
        message.data[14] = (uint8_t)length; /* the second label's */
        whole = packet(&from4, &message);
        assert_true(passes(&whole));
    }
}

static void name_of_labels(char *out, unsigned labels)
{
    for (unsigned i = 0; i < labels; i++)
        strcpy(out + 2 * i, i + 1 < labels ? "a." : "a");
}

static void test_many_labels(void **state)
{
    char name[300];

    (void)state;
    build_for(FILTER_IP, "*.lookback.io", NULL);
    for (unsigned labels = 1; labels <= 127; labels++) {
        name_of_labels(name, labels);
        assert_int_equal(name_passes(name), labels > 36);
    }
    assert_false(name_passes("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
                             "ip6.arpa"));
}

/* ---- match = "chain" ---- */

static bool answer_passes(const struct bytes *message)
{
    struct bytes whole = packet(&from4, message);
    return passes(&whole);
}

static bool typed_passes(uint16_t flags, uint16_t type, uint16_t class)
{
    struct bytes message = dns(1, flags, "a.example", type);

    set16(&message, message.size - 2, class);
    return answer_passes(&message);
}

static void test_chain_questions(void **state)
{
    (void)state;
    filter.choice.chain = true;
    build_for(FILTER_IP, "*.lookback.io", NULL);
    assert_true(typed_passes(FLAGS_QUESTION, TYPE_A, 1));
    assert_true(typed_passes(FLAGS_QUESTION, TYPE_AAAA, 1));
    assert_true(typed_passes(FLAGS_QUESTION, TYPE_HTTPS, 1));
    assert_true(typed_passes(FLAGS_QUESTION, 64, 1));
    assert_true(typed_passes(FLAGS_QUESTION, 255, 1));
    assert_false(typed_passes(FLAGS_QUESTION, TYPE_TXT, 1));
    assert_false(typed_passes(FLAGS_QUESTION, TYPE_A, 3));
    assert_false(typed_passes(FLAGS_ANSWER, TYPE_A, 1));
    assert_true(name_passes("x.lookback.io"));
    filter.choice.chain = false;
    build();
    assert_false(typed_passes(FLAGS_QUESTION, TYPE_A, 1));
}

/* One record whose owner is a pointer to the question. */
static void short_record(struct bytes *message, uint16_t type, const char *data, unsigned size)
{
    set16(message, 6, (unsigned)(message->data[6] << 8 | message->data[7]) + 1);
    put16(message, 0xc00c);
    put16(message, type);
    put16(message, 1);
    put32(message, 300);
    put16(message, size);
    put(message, data, size);
}

static void test_chain_answers(void **state)
{
    struct bytes message = dns(1, FLAGS_ANSWER, "a.example", TYPE_A);

    (void)state;
    filter.choice.chain = true;
    build_for(FILTER_IP, "*.lookback.io", NULL);
    for (unsigned records = 1; records <= 10; records++) {
        short_record(&message, TYPE_A, "\xc6\x33\x64\7", 4);
        assert_int_equal(answer_passes(&message), records > 8);
        struct bytes last = message;
        short_record(&last, TYPE_CNAME, "\1b\xc0\x0e", 4);
        assert_true(answer_passes(&last));
        last.data[3] |= 3; /* NXDOMAIN: it teaches nothing */
        assert_int_equal(answer_passes(&last), false);
        last = message;
        short_record(&last, 39, "\1b\xc0\x0e", 4); /* DNAME */
        assert_true(answer_passes(&last));
    }
    message = dns(1, FLAGS_ANSWER, "a.example", TYPE_A);
    answer(&message, "a.example", 60, "198.51.100.7"); /* an owner that is spelled out */
    assert_true(answer_passes(&message));
}

/* ---- datagrams that were merged ---- */

static bool two_pass(const struct bytes *first, const struct bytes *second)
{
    struct bytes both = *first;

    put(&both, second->data, second->size);
    return answer_passes(&both);
}

/* A message of so many records behind the question, the last of them OPT. */
static struct bytes with_records(const char *name, unsigned records)
{
    struct bytes message = dns(1, FLAGS_ANSWER, name, TYPE_A);

    for (unsigned i = 1; i < records; i++)
        short_record(&message, TYPE_A, "\xc6\x33\x64\7", 4);
    if (records > 0) {
        set16(&message, 10, 1);
        put8(&message, 0);
        put16(&message, 41);
        put16(&message, 1232);
        put32(&message, 0);
        put16(&message, 4);
        put32(&message, 0);
    }
    return message;
}

/* Only where that is known to happen; and what is one message is dropped there as well. */
static void test_merged_datagrams(void **state)
{
    struct bytes ours = with_records("x.lookback.io", 3), padded;

    (void)state;
    build_for(FILTER_IP, "*.lookback.io", NULL);
    for (unsigned chain = 0; chain < 2; chain++) {
        filter.choice.chain = chain;
        for (unsigned records = 0; records <= 10; records++) {
            struct bytes foreign = with_records("www.example", records);

            filter.choice.merges = false;
            build();
            assert_int_equal(two_pass(&foreign, &ours), chain && records > 9);
            filter.choice.merges = true;
            build();
            assert_true(two_pass(&foreign, &ours));
            assert_true(two_pass(&ours, &foreign));
            assert_int_equal(answer_passes(&foreign), records > 8);
        }
        padded = with_records("www.example", 2);
        put8(&padded, 0);
        assert_true(answer_passes(&padded));
        padded = dns(1, FLAGS_QUESTION, "www.example", TYPE_TXT);
        assert_false(answer_passes(&padded));
        assert_true(two_pass(&padded, &ours));
    }
}

/* ---- many patterns ---- */

/* "*.nNUMBER.example", with numbers that are spread. */
static struct whitelist_pattern *many_patterns(size_t count)
{
    struct whitelist_pattern *patterns = calloc(count, sizeof(*patterns));

    assert_non_null(patterns);
    for (size_t i = 0; i < count; i++) {
        char text[64];

        snprintf(text, sizeof(text), "*.n%u.example", (unsigned)(i * 2654435761u));
        assert_true(pattern_from_text(text, &patterns[i].pattern));
    }
    return patterns;
}

/* Coarser the more there are, and never too coarse; all of them pass. */
static void test_many_patterns(void **state)
{
    static const size_t counts[] = {1, 2, 10, 40, 100, 300, 1000};
    char name[64];

    (void)state;
    filter.choice.link = FILTER_IP;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct whitelist_pattern *patterns = many_patterns(counts[i]);

        nametails_free(filter.names);
        filter.names = nametails_new(patterns, counts[i]);
        free(patterns); /* copied */
        build();
        for (size_t j = 0; j < counts[i]; j++) {
            snprintf(name, sizeof(name), "x.n%u.example", (unsigned)(j * 2654435761u));
            assert_true(name_passes(name));
        }
        assert_false(name_passes("x.other.example"));
        assert_false(name_passes("x.n.example"));
        assert_false(name_passes("example.com"));
    }
}

static void test_too_many_patterns(void **state)
{
    struct whitelist_pattern *patterns = many_patterns(NAMETAILS_MAX + 1);

    (void)state;
    filter.names = nametails_new(patterns, NAMETAILS_MAX + 1);
    assert_false(nametails_are_usable(filter.names));
    assert_false(nametails_have_any(filter.names));
    filter.choice.link = FILTER_IP;
    build();
    assert_true(name_passes("example.com"));
    /* all of them below one of them */
    free(patterns);
    patterns = many_patterns(NAMETAILS_MAX + 1);
    assert_true(pattern_from_text("*.example", &patterns[77].pattern));
    nametails_free(filter.names);
    filter.names = nametails_new(patterns, NAMETAILS_MAX + 1);
    assert_true(nametails_are_usable(filter.names));
    build();
    assert_false(name_passes("example.com"));
    assert_true(name_passes("n0.example"));
    free(patterns);
}

static void test_any(void **state)
{
    (void)state;
    build_for(FILTER_IP, "*.lookback.io", "*");
    assert_true(nametails_have_any(filter.names));
    assert_true(name_passes("example.com"));
    struct bytes frame = packet(&from4, &(struct bytes){0});
    set16(&frame, 20, 54);
    assert_false(passes(&frame));
}

static void test_most(void **state)
{
    struct whitelist_pattern *patterns = many_patterns(60);

    (void)state;
    filter.names = nametails_new(patterns, 60);
    free(patterns);
    filter.choice = (struct namefilter_choice){.link = FILTER_ETHERNET, .most = NAMEFILTER_SMALL};
    build();
    assert_true(filter.program.count <= NAMEFILTER_SMALL);
    filter.choice.most = 100;
    assert_false(namefilter_build(&filter.choice, filter.names, filter.code, &filter.program));
    assert_false(namefilter_build(&filter.choice, NULL, filter.code, &filter.program));
    filter.choice.most = 0;
    assert_false(namefilter_build(&filter.choice, NULL, filter.code, &filter.program));
}

/* The figures of the design: what is attached for the first user fits into old kernels. */
static void test_size(void **state)
{
    (void)state;
    build_for(FILTER_ETHERNET, "dormammu.lookback.io", "*.dormammu.lookback.io");
    print_message("the shipped patterns: %u instructions\n", filter.program.count);
    assert_true(filter.program.count <= NAMEFILTER_SMALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_last_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_extra_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ethernet, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cooked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_extension_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tcp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_resolvers_at_other_ports, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lengths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tunnels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tunnel_in_tunnel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cannot_be_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_labels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_chain_questions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_chain_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_merged_datagrams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_patterns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_patterns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_any, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_most, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_size, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
