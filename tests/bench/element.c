/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the answer on the wire to the element, seen from outside: sends the question, then the
 * answer to a fresh name on one end of a veth pair, and from then on asks without a pause, by
 * sending UDP through a rule `ip daddr @set`, whether the address is let through.  A line a name:
 * nanoseconds, or -1 when it never was, and 1 when the machine stalled meanwhile.
 */
#include "frames.h"
#include "netns.h"
#include "stall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Several clients, since one alone gets at most half of what anticipation may spend. */
enum { PROBE_PORT = 9, CLIENTS = 8 };

struct options {
    const char *peer, *interface, *firewall;
    uint32_t names, first;
    unsigned gap_us;  /* from name to name */
    unsigned lead_us; /* from question to answer */
    unsigned patience_ms;
};

struct wire {
    int sender, probe;
};

static size_t question_frame(uint32_t number, uint8_t out[static FRAME_MAX])
{
    const struct endpoints ends = {.source = {10, 99, 1, (uint8_t)(10 + number % CLIENTS)},
                                   .destination = {192, 0, 2, 53},
                                   .source_port = (uint16_t)(2000 + number % 60000),
                                   .destination_port = 53};
    struct dns_writer writer = {.size = 0};
    char name[NAME_TEXT_MAX];

    dns_begin(&writer, (uint16_t)number, 0x0100, fresh_name(number, name), RECORD_TYPE_A);
    dns_edns(&writer);
    return frame_build(&ends, writer.bytes, writer.size, out);
}

static size_t answer_frame(uint32_t number, uint8_t out[static FRAME_MAX])
{
    const struct endpoints ends = {.source = {192, 0, 2, 53},
                                   .destination = {10, 99, 1, (uint8_t)(10 + number % CLIENTS)},
                                   .source_port = 53,
                                   .destination_port = (uint16_t)(2000 + number % 60000)};
    struct dns_writer writer = {.size = 0};
    char name[NAME_TEXT_MAX];
    uint8_t address[4];

    fresh_ipv4(number, address);
    dns_begin(&writer, (uint16_t)number, 0x8180, fresh_name(number, name), RECORD_TYPE_A);
    dns_answer(&writer, NULL, RECORD_TYPE_A, 300, address, sizeof address);
    dns_edns(&writer);
    return frame_build(&ends, writer.bytes, writer.size, out);
}

static bool let_through(int probe, uint32_t number)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PROBE_PORT)};
    uint8_t address[4];

    fresh_ipv4(number, address);
    memcpy(&to.sin_addr, address, sizeof address);
    return sendto(probe, "", 1, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to) == 1;
}

static bool measure(const struct wire *wire, const struct options *options, uint32_t number)
{
    uint8_t question[FRAME_MAX], answer[FRAME_MAX];
    size_t question_size = question_frame(number, question);
    size_t answer_size = answer_frame(number, answer);
    uint64_t asked = monotonic_ns(), sent, now;
    bool through;

    if (let_through(wire->probe, number)) {
        fprintf(stderr, "element: number %u is let through before its answer\n", number);
        return false;
    }
    if (send(wire->sender, question, question_size, 0) < 0)
        return false;
    sleep_until_ns(asked + options->lead_us * UINT64_C(1000));
    sent = monotonic_ns();
    if (send(wire->sender, answer, answer_size, 0) < 0)
        return false;
    do {
        through = let_through(wire->probe, number);
        now = monotonic_ns();
    } while (!through && now - sent < options->patience_ms * UINT64_C(1000000));
    printf("%lld %d\n", through ? (long long)(now - sent) : -1LL, stalled_between(asked, now));
    sleep_until_ns(asked + options->gap_us * UINT64_C(1000));
    return true;
}

static bool parse_options(int argc, char **argv, struct options *out)
{
    static const struct option known[] = {{"names", required_argument, NULL, 'n'},
                                          {"first", required_argument, NULL, 'f'},
                                          {"gap-us", required_argument, NULL, 'g'},
                                          {"lead-us", required_argument, NULL, 'l'},
                                          {0}};
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == '?')
            return false;
        if (option == 'n')
            out->names = (uint32_t)strtoul(optarg, NULL, 10);
        if (option == 'f')
            out->first = (uint32_t)strtoul(optarg, NULL, 10);
        if (option == 'g')
            out->gap_us = (unsigned)strtoul(optarg, NULL, 10);
        if (option == 'l')
            out->lead_us = (unsigned)strtoul(optarg, NULL, 10);
    }
    if (optind + 3 != argc)
        return false;
    out->peer = argv[optind];
    out->interface = argv[optind + 1];
    out->firewall = argv[optind + 2];
    return true;
}

int main(int argc, char **argv)
{
    struct options options = {.names = 1000, .gap_us = 25000, .lead_us = 200, .patience_ms = 100};
    struct wire wire;

    if (!parse_options(argc, argv, &options)) {
        fprintf(stderr, "usage: element [--names N] [--first N] [--gap-us N] [--lead-us N] "
                        "PEER-NETNS INTERFACE FIREWALL-NETNS\n");
        return 2;
    }
    wire.sender = netns_packet_socket(options.peer, options.interface);
    wire.probe = netns_socket(options.firewall, AF_INET, SOCK_DGRAM, 0);
    if (wire.sender < 0 || wire.probe < 0 || !stall_watch_start()) {
        fprintf(stderr, "element: cannot set up: %s\n", strerror(errno));
        return 1;
    }
    stay_on_cpu(0);
    for (uint32_t i = 0; i < options.names; i++) {
        if (!measure(&wire, &options, options.first + i))
            return 1;
    }
    return 0;
}
