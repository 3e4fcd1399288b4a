/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worst client there is: one thread holds the client's and the resolver's sockets, asks,
 * answers 200 us later, and sends its SYN to the fresh address in the moment in which it has read
 * the answer.
 */
#include "connection.h"
#include "frames.h"
#include "netns.h"
#include "stall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Several clients, since one alone gets at most half of what anticipation may spend. */
enum { CLIENTS = 8 };

struct options {
    const char *client, *resolver, *resolver_address;
    uint32_t names, first;
    unsigned gap_us, lead_us;
};

struct wire {
    int clients[CLIENTS], resolver;
    const char *client_netns;
};

static bool ask(const struct wire *wire, uint32_t number, struct sockaddr_in *from)
{
    struct dns_writer writer = {.size = 0};
    socklen_t from_size = sizeof *from;
    char name[NAME_TEXT_MAX];
    uint8_t seen[MESSAGE_MAX];

    dns_begin(&writer, (uint16_t)number, 0x0100, fresh_name(number, name), RECORD_TYPE_A);
    return send(wire->clients[number % CLIENTS], writer.bytes, writer.size, 0) > 0 &&
           recvfrom(wire->resolver, seen, sizeof seen, 0, (struct sockaddr *)from, &from_size) > 0;
}

static bool answer(const struct wire *wire, uint32_t number, const struct sockaddr_in *to)
{
    struct dns_writer writer = {.size = 0};
    char name[NAME_TEXT_MAX];
    uint8_t address[4];

    fresh_ipv4(number, address);
    dns_begin(&writer, (uint16_t)number, 0x8180, fresh_name(number, name), RECORD_TYPE_A);
    dns_answer(&writer, NULL, RECORD_TYPE_A, 300, address, sizeof address);
    return sendto(wire->resolver, writer.bytes, writer.size, 0, (const struct sockaddr *)to,
                  sizeof *to) > 0;
}

static bool read_answer(int client)
{
    uint8_t seen[MESSAGE_MAX];
    uint64_t limit = monotonic_ns() + UINT64_C(1000000000);

    while (recv(client, seen, sizeof seen, MSG_DONTWAIT) < 0) {
        if (monotonic_ns() > limit)
            return false;
    }
    return true;
}

static bool run_one(const struct wire *wire, const struct options *options, uint32_t number)
{
    struct sockaddr_in asker, to = {.sin_family = AF_INET, .sin_port = htons(443)};
    int fd = netns_socket(wire->client_netns, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    uint64_t asked = monotonic_ns();
    enum connection_outcome outcome;

    fresh_ipv4(number, (uint8_t *)&to.sin_addr);
    if (fd < 0 || !ask(wire, number, &asker))
        return false;
    sleep_until_ns(asked + options->lead_us * UINT64_C(1000));
    if (!answer(wire, number, &asker) || !read_answer(wire->clients[number % CLIENTS]))
        return false;
    outcome = connection_try(fd, (struct sockaddr *)&to, sizeof to);
    connection_report(outcome, asked);
    sleep_until_ns(asked + options->gap_us * UINT64_C(1000));
    return outcome != CONNECTION_FAILED;
}

/* The clients' addresses are 10.99.1.10 and the next ones. */
static bool open_clients(const struct options *options, struct wire *out)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};

    inet_pton(AF_INET, options->resolver_address, &to.sin_addr);
    for (unsigned i = 0; i < CLIENTS; i++) {
        char address[INET_ADDRSTRLEN];

        snprintf(address, sizeof address, "10.99.1.%u", 10 + i);
        out->clients[i] = netns_bound_socket(options->client, SOCK_DGRAM, address, 0);
        if (out->clients[i] < 0 || connect(out->clients[i], (struct sockaddr *)&to, sizeof to) != 0)
            return false;
    }
    return true;
}

static bool open_wire(const struct options *options, struct wire *out)
{
    const struct timeval patience = {.tv_sec = 2};

    out->client_netns = options->client;
    out->resolver =
        netns_bound_socket(options->resolver, SOCK_DGRAM, options->resolver_address, 53);
    if (out->resolver < 0)
        return false;
    setsockopt(out->resolver, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return open_clients(options, out);
}

static bool parse_options(int argc, char **argv, struct options *out)
{
    static const struct option known[] = {{"names", required_argument, NULL, 'n'},
                                          {"first", required_argument, NULL, 'f'},
                                          {"gap-us", required_argument, NULL, 'g'},
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
    }
    if (optind + 3 != argc)
        return false;
    out->client = argv[optind];
    out->resolver = argv[optind + 1];
    out->resolver_address = argv[optind + 2];
    return true;
}

int main(int argc, char **argv)
{
    struct options options = {.names = 1000, .gap_us = 25000, .lead_us = 200};
    struct wire wire;

    if (!parse_options(argc, argv, &options)) {
        fprintf(stderr, "usage: race [--names N] [--first N] [--gap-us N] "
                        "CLIENT-NETNS RESOLVER-NETNS RESOLVER-ADDRESS\n");
        return 2;
    }
    if (!open_wire(&options, &wire) || !stall_watch_start()) {
        fprintf(stderr, "race: cannot set up: %s\n", strerror(errno));
        return 1;
    }
    stay_on_cpu(0);
    for (uint32_t i = 0; i < options.names; i++) {
        if (!run_one(&wire, &options, options.first + i)) {
            fprintf(stderr, "race: name %u: %s\n", options.first + i, strerror(errno));
            return 1;
        }
    }
    return 0;
}
