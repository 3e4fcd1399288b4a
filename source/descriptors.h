/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon hands to a sniffer at exec, by fixed numbers, and what the sniffer answers to.
 *
 *   3  the channel's writing end (SOCK_SEQPACKET, runtime/channel.h); the sniffer makes it
 * non-blocking 4  the plan, a sealed memfd (sniffer/plan.h) 5  /dev/cpu_dma_latency, open for
 * reading and writing; closed when it is not to be had
 *
 * Descriptors 0 to 2 are the daemon's (stderr is the log); every other one is closed at exec. Those
 * that the sniffer opens take any number, but for the sockets that count encrypted DNS
 * (sniffer/encrypted.h): they alone are read by a call, and the sandbox knows them by their place.
 * Privileges at exec: CAP_NET_RAW permitted and effective, no other; the sniffer drops it before
 * the first packet is read.  There are no arguments and nothing is read from the environment.
 *
 * SIGTERM drains: no alarms from then on, answers are still reported, exit 0 after
 * SNIFFER_DRAIN_SECONDS.  SIGINT, and a channel that nobody reads, end it at once.
 */
#ifndef WILDSET_SOURCE_DESCRIPTORS_H
#define WILDSET_SOURCE_DESCRIPTORS_H

enum {
    SNIFFER_CHANNEL_FD = 3,
    SNIFFER_PLAN_FD = 4,
    SNIFFER_CPU_LATENCY_FD = 5,
    SNIFFER_ENCRYPTED_FD = 512, /* the first of them: far above what all rings take */
    SNIFFER_ENCRYPTED_FDS = 64, /* one for each interface; a power of two that divides the first */
};

enum { SNIFFER_DRAIN_SECONDS = 10 };

#endif
