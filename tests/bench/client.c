/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client that people have: getaddrinfo, then connect to the first address of the family asked
 * for. Runs in the client's namespace.
 */
#include "connection.h"
#include "frames.h"
#include "stall.h"

#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

struct options {
    uint32_t names, first;
    unsigned gap_us;
    bool datagrams;
    int family; /* AF_INET, AF_INET6; AF_UNSPEC: whatever getaddrinfo puts first */
};

static const struct addrinfo *choose(const struct addrinfo *list, int family)
{
    while (list != NULL && family != AF_UNSPEC && list->ai_family != family)
        list = list->ai_next;
    return list;
}

static enum connection_outcome try_address(const struct addrinfo *address, bool datagrams)
{
    int fd = socket(address->ai_family, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);

    return (datagrams ? datagram_try : connection_try)(fd, address->ai_addr, address->ai_addrlen);
}

static bool run_one(const struct options *options, uint32_t number)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    enum connection_outcome outcome = CONNECTION_FAILED;
    uint64_t start = monotonic_ns();
    struct addrinfo *list = NULL;
    const struct addrinfo *address;
    char name[NAME_TEXT_MAX];
    int error = getaddrinfo(fresh_name(number, name), "443", &hints, &list);

    if (error != 0) {
        fprintf(stderr, "client: %s: %s\n", name, gai_strerror(error));
        return false;
    }
    address = choose(list, options->family);
    if (address != NULL)
        outcome = try_address(address, options->datagrams);
    freeaddrinfo(list);
    connection_report(outcome, start);
    sleep_until_ns(start + options->gap_us * UINT64_C(1000));
    return outcome != CONNECTION_FAILED;
}

static bool parse_options(int argc, char **argv, struct options *out)
{
    static const struct option known[] = {{"names", required_argument, NULL, 'n'},
                                          {"first", required_argument, NULL, 'f'},
                                          {"gap-us", required_argument, NULL, 'g'},
                                          {"ipv4", no_argument, NULL, '4'},
                                          {"ipv6", no_argument, NULL, '6'},
                                          {"udp", no_argument, NULL, 'u'},
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
        if (option == 'u')
            out->datagrams = true;
        if (option == '4' || option == '6')
            out->family = option == '4' ? AF_INET : AF_INET6;
    }
    return optind == argc;
}

int main(int argc, char **argv)
{
    struct options options = {.names = 1000, .gap_us = 45000, .family = AF_UNSPEC};

    if (!parse_options(argc, argv, &options)) {
        fprintf(stderr, "usage: client [--names N] [--first N] [--gap-us N] [--ipv4|--ipv6] "
                        "[--udp]\n");
        return 2;
    }
    if (!stall_watch_start())
        return 1;
    for (uint32_t i = 0; i < options.names; i++) {
        if (!run_one(&options, options.first + i))
            return 1;
    }
    return 0;
}
