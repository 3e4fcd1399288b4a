/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor: libpcap reads and nothing looks.  What this costs, every program on libpcap costs.
 * With -i it captures as the sniffer has to (immediate mode, 8 MiB) behind a port filter, or
 * another one that is given.
 */
#include <pcap/pcap.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static pcap_t *capture;

static void nothing(u_char *user, const struct pcap_pkthdr *head, const u_char *bytes)
{
    (void)user, (void)head, (void)bytes;
}

static void stop(int signal)
{
    (void)signal;
    pcap_breakloop(capture);
}

static pcap_t *open_live(const char *interface, const char *filter)
{
    struct bpf_program program;
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *live = pcap_create(interface, error);

    if (live == NULL)
        return NULL;
    pcap_set_snaplen(live, 1700);
    pcap_set_immediate_mode(live, 1);
    pcap_set_buffer_size(live, 8 << 20);
    if (pcap_activate(live) < 0 || pcap_compile(live, &program, filter, 1, 0) < 0 ||
        pcap_setfilter(live, &program) < 0)
        return NULL;
    return live;
}

int main(int argc, char **argv)
{
    bool live = (argc == 3 || argc == 4) && strcmp(argv[1], "-i") == 0;
    char error[PCAP_ERRBUF_SIZE];
    struct pcap_stat stat;

    if (argc != 2 && !live) {
        fprintf(stderr, "usage: floor FILE | floor -i INTERFACE [FILTER]\n");
        return 2;
    }
    capture = live ? open_live(argv[2], argc == 4 ? argv[3] : "udp port 53")
                   : pcap_open_offline(argv[1], error);
    if (capture == NULL) {
        fprintf(stderr, "floor: cannot open %s\n", argv[argc - 1]);
        return 1;
    }
    signal(SIGTERM, stop);
    if (pcap_loop(capture, -1, nothing, NULL) == PCAP_ERROR) {
        fprintf(stderr, "floor: %s\n", pcap_geterr(capture));
        return 1;
    }
    if (live && pcap_stats(capture, &stat) == 0)
        printf("received %u dropped %u\n", stat.ps_recv, stat.ps_drop);
    pcap_close(capture);
    return 0;
}
