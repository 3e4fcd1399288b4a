/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classic BPF program that keeps what cannot be DNS out of the capture ring, run by the kernel
 * on each packet.  A superset: UDP with a port 53, IPv4 fragments, IPv6 extension headers, behind
 * up to four tags.  The decision is made later, in the program; here a packet that might matter
 * passes.
 */
#ifndef WILDSET_SNIFFER_PORTFILTER_H
#define WILDSET_SNIFFER_PORTFILTER_H

#include <stdbool.h>
#include <stdint.h>

enum portfilter_link {
    PORTFILTER_ETHERNET, /* starts with an Ethernet header */
    PORTFILTER_IP,       /* starts with an IP header */
    PORTFILTER_COOKED,   /* a packet socket of type SOCK_DGRAM: IP header or tag, protocol beside it
                          */
};

enum { PORTFILTER_MAX = 512 };

/* Laid out like struct sock_filter and libpcap's struct bpf_insn. */
struct portfilter_instruction {
    uint16_t code;
    uint8_t if_true, if_false;
    uint32_t k;
};

struct portfilter {
    unsigned count;
    struct portfilter_instruction instructions[PORTFILTER_MAX];
};

/* Only packets of `least` to `most` bytes pass (0: any number). */
struct portfilter_lengths {
    uint32_t least, most;
};

void portfilter_build(enum portfilter_link link, struct portfilter_lengths lengths,
                      struct portfilter *out);

#endif
