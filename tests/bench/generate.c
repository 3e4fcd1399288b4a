/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a pcap of DNS answers such as a resolver gives, the same bytes on every run: mean about
 * 160 bytes, 30 % over IPv6, a skewed pool of 200 000 names and 10 % one-off names, address
 * answers, CNAME chains, errors, PTR and TXT, EDNS on 90 %.  One answer in --every has a fresh name
 * in our zone (a quarter of them in mixed case) and its question before it; --questions puts one
 * before each answer.
 */
#include "frames.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOL = 200000, CLIENTS = 250, SPACING_US = 10 };

struct options {
    const char *path;
    uint32_t answers;
    uint32_t every; /* 0: none is ours */
    bool questions;
};

struct generator {
    FILE *file;
    uint64_t random;
    uint64_t now_us;
    uint32_t ours, one_off;
};

/* One answer's shape: what share of answers has it, in per cent. */
enum shape {
    SHAPE_ADDRESSES,
    SHAPE_CHAIN,
    SHAPE_ERROR,
    SHAPE_PTR,
    SHAPE_TXT,
};
static const struct {
    enum shape shape;
    unsigned share;
} shapes[] = {
    {SHAPE_ADDRESSES, 72}, {SHAPE_CHAIN, 15}, {SHAPE_ERROR, 8}, {SHAPE_PTR, 3}, {SHAPE_TXT, 2},
};

/* xorshift64*: Vigna 2016. */
static uint32_t draw(struct generator *generator, uint32_t below)
{
    uint64_t x = generator->random;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    generator->random = x;
    return (uint32_t)((x * UINT64_C(0x2545f4914f6cdd1d) >> 32) % below);
}

static enum shape draw_shape(struct generator *generator)
{
    unsigned at = draw(generator, 100);
    size_t i = 0;

    while (i + 1 < sizeof shapes / sizeof *shapes && at >= shapes[i].share)
        at -= shapes[i++].share;
    return shapes[i].shape;
}

static void foreign_name(struct generator *generator, char out[static NAME_TEXT_MAX])
{
    static const char *const hosts[] = {"www", "api", "cdn-edge", "static.assets", "mail", "img"};
    static const char *const tops[] = {"com", "net", "org", "co.uk", "de", "cloud"};
    uint32_t number = draw(generator, POOL);

    if (draw(generator, 10) == 0) {
        snprintf(out, NAME_TEXT_MAX, "%08x%08x.telemetry.example.com", draw(generator, UINT32_MAX),
                 generator->one_off++);
        return;
    }
    /* Cubed: a few names take most of the answers. */
    number = (uint32_t)((uint64_t)number * number / POOL * number / POOL);
    snprintf(out, NAME_TEXT_MAX, "%s.%s%u.%s", hosts[number % 6],
             number % 3 == 0 ? "shop" : "service", number, tops[number / 7 % 6]);
}

static void our_name(struct generator *generator, char out[static NAME_TEXT_MAX])
{
    fresh_name(generator->ours % FRESH_MAX, out);
    for (char *c = out; generator->ours % 4 == 3 && *c != '\0'; c += 2)
        *c = (char)toupper((unsigned char)*c);
}

static void add_addresses(struct generator *generator, struct dns_writer *writer, const char *owner,
                          uint16_t type)
{
    unsigned count = 1 + draw(generator, 4);
    uint8_t address[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 9};

    for (unsigned i = 0; i < count; i++) {
        uint32_t host = draw(generator, UINT32_MAX);

        memcpy(address + 12, &host, 4);
        if (type == RECORD_TYPE_A)
            memcpy(address, (uint8_t[]){203, 0, 113, (uint8_t)host}, 4);
        dns_answer(writer, owner, type, 60 + host % 3600, address, type == RECORD_TYPE_A ? 4 : 16);
    }
}

static void foreign_answer(struct generator *generator, struct dns_writer *writer, uint16_t id,
                           char name[static NAME_TEXT_MAX], uint16_t *question_type)
{
    uint16_t type = draw(generator, 10) < 3 ? RECORD_TYPE_AAAA : RECORD_TYPE_A;
    char target[NAME_TEXT_MAX];

    foreign_name(generator, name);
    *question_type = type;
    switch (draw_shape(generator)) {
    case SHAPE_ADDRESSES:
        dns_begin(writer, id, 0x8180, name, type);
        add_addresses(generator, writer, NULL, type);
        break;
    case SHAPE_CHAIN:
        snprintf(target, sizeof target, "e%u.g.edge-network.example", draw(generator, 10000));
        dns_begin(writer, id, 0x8180, name, type);
        dns_answer_name(writer, NULL, RECORD_TYPE_CNAME, 300, target);
        add_addresses(generator, writer, target, type);
        break;
    case SHAPE_ERROR:
        dns_begin(writer, id, draw(generator, 2) == 0 ? 0x8180 : 0x8183, name, type);
        break;
    case SHAPE_PTR:
        *question_type = RECORD_TYPE_PTR;
        snprintf(name, NAME_TEXT_MAX, "%u.%u.113.203.in-addr.arpa", draw(generator, 256),
                 draw(generator, 256));
        dns_begin(writer, id, 0x8180, name, RECORD_TYPE_PTR);
        dns_answer_name(writer, NULL, RECORD_TYPE_PTR, 3600, "host.customer.example.net");
        break;
    case SHAPE_TXT:
        *question_type = RECORD_TYPE_TXT;
        dns_begin(writer, id, 0x8180, name, RECORD_TYPE_TXT);
        dns_answer(writer, NULL, RECORD_TYPE_TXT, 300, "\x1fv=spf1 include:example.com ~all ok",
                   32);
        break;
    }
}

static void our_answer(struct generator *generator, struct dns_writer *writer, uint16_t id,
                       char name[static NAME_TEXT_MAX], uint16_t *type)
{
    uint8_t address[16];

    our_name(generator, name);
    *type = generator->ours % 3 == 2 ? RECORD_TYPE_AAAA : RECORD_TYPE_A;
    fresh_ipv6(generator->ours % FRESH_MAX, address);
    if (*type == RECORD_TYPE_A)
        fresh_ipv4(generator->ours % FRESH_MAX, address);
    dns_begin(writer, id, 0x8180, name, *type);
    dns_answer(writer, NULL, *type, 300, address, *type == RECORD_TYPE_A ? 4 : 16);
    generator->ours++;
}

static void write_frame(struct generator *generator, const struct endpoints *ends,
                        const struct dns_writer *writer)
{
    uint8_t frame[FRAME_MAX];
    size_t size = frame_build(ends, writer->bytes, writer->size, frame);
    const uint32_t head[4] = {1767323045 + (uint32_t)(generator->now_us / 1000000),
                              (uint32_t)(generator->now_us % 1000000), (uint32_t)size,
                              (uint32_t)size};

    fwrite(head, sizeof head, 1, generator->file);
    fwrite(frame, size, 1, generator->file);
    generator->now_us += SPACING_US;
}

static struct endpoints draw_ends(struct generator *generator, bool question)
{
    uint8_t host = (uint8_t)(1 + draw(generator, CLIENTS));
    struct endpoints ends = {.ipv6 = draw(generator, 10) < 3,
                             .source_port = 53,
                             .destination_port = (uint16_t)(1024 + draw(generator, 60000))};
    uint8_t resolver[16] = {192, 0, 2, 53}, client[16] = {198, 51, 100, host};

    if (ends.ipv6) {
        memcpy(resolver, (uint8_t[16]){0x20, 0x01, 0x0d, 0xb8, [15] = 0x53}, 16);
        memcpy(client, (uint8_t[16]){0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = host}, 16);
    }
    memcpy(question ? ends.destination : ends.source, resolver, 16);
    memcpy(question ? ends.source : ends.destination, client, 16);
    return ends;
}

static struct endpoints turned(const struct endpoints *ends)
{
    struct endpoints back = {.ipv6 = ends->ipv6,
                             .source_port = ends->destination_port,
                             .destination_port = ends->source_port};

    memcpy(back.source, ends->destination, 16);
    memcpy(back.destination, ends->source, 16);
    return back;
}

static void generate(struct generator *generator, const struct options *options)
{
    struct dns_writer answer = {.size = 0}, question = {.size = 0};
    char name[NAME_TEXT_MAX];

    for (uint32_t i = 0; i < options->answers; i++) {
        bool ours = options->every != 0 && i % options->every == options->every / 2;
        uint16_t id = (uint16_t)draw(generator, 65536), type;
        struct endpoints ends = draw_ends(generator, false), back = turned(&ends);

        if (ours)
            our_answer(generator, &answer, id, name, &type);
        else
            foreign_answer(generator, &answer, id, name, &type);
        if (draw(generator, 10) != 0)
            dns_edns(&answer);
        if (ours || options->questions) {
            dns_begin(&question, id, 0x0100, name, type);
            write_frame(generator, &back, &question);
        }
        write_frame(generator, &ends, &answer);
    }
}

static bool parse_options(int argc, char **argv, struct options *out)
{
    static const struct option known[] = {{"answers", required_argument, NULL, 'n'},
                                          {"every", required_argument, NULL, 'e'},
                                          {"questions", no_argument, NULL, 'q'},
                                          {0}};
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == '?')
            return false;
        if (option == 'n')
            out->answers = (uint32_t)strtoul(optarg, NULL, 10);
        if (option == 'e')
            out->every = (uint32_t)strtoul(optarg, NULL, 10);
        out->questions |= option == 'q';
    }
    out->path = argv[optind];
    return optind + 1 == argc;
}

int main(int argc, char **argv)
{
    /* Microseconds, Ethernet: pcap-savefile(5). */
    static const uint32_t head[6] = {0xa1b2c3d4, 4u << 16 | 2u, 0, 0, 65535, 1};
    struct options options = {.answers = 1000000, .every = 1000};
    struct generator generator = {.random = 88172645463325252u};

    if (!parse_options(argc, argv, &options)) {
        fprintf(stderr, "usage: generate [--answers N] [--every N] [--questions] FILE\n");
        return 2;
    }
    generator.file = fopen(options.path, "wb");
    if (generator.file == NULL) {
        fprintf(stderr, "generate: %s: %s\n", options.path, strerror(errno));
        return 1;
    }
    fwrite(head, sizeof head, 1, generator.file);
    generate(&generator, &options);
    if (ferror(generator.file) || fclose(generator.file) != 0) {
        fprintf(stderr, "generate: %s: %s\n", options.path, strerror(errno));
        return 1;
    }
    return 0;
}
