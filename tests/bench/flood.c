/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sends the frames of a pcap on an interface, over and over, at a given rate or as fast as it goes:
 * sendmmsg on AF_PACKET without a queueing discipline, paced by spinning.
 */
#include "stall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { BATCH = 32, FRAMES_MAX = 1 << 18 };

struct options {
    const char *file, *interface;
    uint64_t rate;   /* frames a second; 0: as fast as it goes */
    uint64_t frames; /* how many to send */
    int cpu;
};

static struct iovec frames[FRAMES_MAX];
static size_t frame_count;

static bool load(const char *path)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *file = pcap_open_offline(path, error);
    struct pcap_pkthdr *head;
    const u_char *bytes;

    while (file != NULL && frame_count < FRAMES_MAX && pcap_next_ex(file, &head, &bytes) == 1) {
        struct iovec *frame = &frames[frame_count++];

        frame->iov_base = malloc(head->caplen);
        frame->iov_len = head->caplen;
        if (frame->iov_base == NULL)
            return false;
        memcpy(frame->iov_base, bytes, head->caplen);
    }
    return frame_count > 0;
}

static int open_socket(const char *interface)
{
    struct sockaddr_ll where = {.sll_family = AF_PACKET,
                                .sll_ifindex = (int)if_nametoindex(interface)};
    int one = 1, fd = socket(AF_PACKET, SOCK_RAW, 0); /* protocol 0: it receives nothing */

    if (fd < 0 || bind(fd, (struct sockaddr *)&where, sizeof where) != 0)
        return -1;
    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one);
    return fd;
}

static bool send_batch(int fd, int count, size_t *next)
{
    struct mmsghdr messages[BATCH];
    int sent = 0;

    for (size_t i = 0; i < (size_t)count; i++) {
        messages[i].msg_hdr =
            (struct msghdr){.msg_iov = &frames[(*next + i) % frame_count], .msg_iovlen = 1};
    }
    while (sent < count) {
        int done = sendmmsg(fd, messages + sent, (unsigned)(count - sent), 0);

        if (done < 0 && errno != ENOBUFS && errno != EINTR)
            return false;
        sent += done > 0 ? done : 0;
    }
    *next = (*next + (size_t)count) % frame_count;
    return true;
}

static bool flood(int fd, const struct options *options)
{
    uint64_t start = monotonic_ns(), sent = 0, took;
    size_t next = 0;

    while (sent < options->frames) {
        uint64_t due = options->rate == 0 ? 0 : start + sent * 1000000000u / options->rate;
        uint64_t left = options->frames - sent;
        int count = left < BATCH ? (int)left : BATCH;

        while (monotonic_ns() < due)
            ;
        if (!send_batch(fd, count, &next))
            return false;
        sent += (uint64_t)count;
    }
    took = monotonic_ns() - start;
    printf("sent %llu ns %llu\n", (unsigned long long)sent, (unsigned long long)took);
    return true;
}

static bool parse_options(int argc, char **argv, struct options *out)
{
    static const struct option known[] = {{"rate", required_argument, NULL, 'r'},
                                          {"frames", required_argument, NULL, 'n'},
                                          {"cpu", required_argument, NULL, 'c'},
                                          {0}};
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == '?')
            return false;
        if (option == 'r')
            out->rate = strtoull(optarg, NULL, 10);
        if (option == 'n')
            out->frames = strtoull(optarg, NULL, 10);
        if (option == 'c')
            out->cpu = atoi(optarg);
    }
    out->file = argv[optind];
    out->interface = optind + 1 < argc ? argv[optind + 1] : NULL;
    return optind + 2 == argc;
}

int main(int argc, char **argv)
{
    struct options options = {.frames = 500000, .cpu = 0};
    int fd;

    if (!parse_options(argc, argv, &options)) {
        fprintf(stderr, "usage: flood [--rate PPS] [--frames N] [--cpu N] FILE INTERFACE\n");
        return 2;
    }
    if (!load(options.file)) {
        fprintf(stderr, "flood: no frames in %s\n", options.file);
        return 1;
    }
    fd = open_socket(options.interface);
    stay_on_cpu(options.cpu);
    if (fd < 0 || !flood(fd, &options)) {
        fprintf(stderr, "flood: %s: %s\n", options.interface, strerror(errno));
        return 1;
    }
    return 0;
}
