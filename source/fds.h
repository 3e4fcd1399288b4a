/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The descriptors of a source, by fixed numbers.  The daemon hands them over at exec and speaks to
 * a source by nothing but signals, the sniffer's eventfd, and requests (source/request.h) where
 * source/kind.c lists some, after that.
 *
 *   3     the channel's writing end (SOCK_SEQPACKET, source/channel.h)
 *   4     the plan, a sealed memfd (sniffer/plan.h, registry/plan.h)
 *   5...  what is lent to this source alone; closed where there is none
 *
 * Descriptors 0 to 2 are the daemon's (stderr is the log); every other one is closed at exec. There
 * are no arguments; of the environment the registry process reads the proxy's variables. Privileges
 * at exec: CAP_NET_RAW for the sniffer, which drops it before the first packet is read; none for
 * others.
 *
 * SIGTERM drains a sniffer: no alarms from then on, answers are still reported, exit 0 after
 * SOURCE_DRAIN_SECONDS.  It ends others at once, as SIGINT and a channel that nobody reads do all.
 */
#ifndef WILDSET_SOURCE_FDS_H
#define WILDSET_SOURCE_FDS_H

enum {
    SOURCE_CHANNEL_FD = 3,
    SOURCE_PLAN_FD = 4,
    SOURCE_LENT_FD = 5,
    SOURCE_LENT_MAX = 64, /* how many at most: one for each whitelist */

    /* /dev/cpu_dma_latency, open for reading and writing */
    SNIFFER_CPU_LATENCY_FD = SOURCE_LENT_FD,
    /* An eventfd: when it is readable, what has been captured by then is to be told, and then
     * MESSAGE_CAUGHT_UP, once.  Readable beside busy rings, which a signal does not get between. */
    SNIFFER_CATCH_UP_FD,
    /* Opened by the sniffer itself, the sockets that count encrypted DNS
     * (sniffer/live/encrypted.h): they alone are read by a call, and the sandbox knows them by
     * their place. */
    SNIFFER_ENCRYPTED_FD = 512, /* the first of them: far above what all rings take */
    SNIFFER_ENCRYPTED_FDS = 64, /* one for each interface; a power of two that divides the first */

    /* For each whitelist of the plan in its order the file of its last good list
     * (registry/list/list_cache.h), open for reading and writing. */
    REGISTRY_LIST_CACHE_FD = SOURCE_LENT_FD,

    /* The listening socket that resolvers connect to, and who may (dnstap/peers.h). */
    DNSTAP_LISTENER_FD = SOURCE_LENT_FD,
    DNSTAP_PEERS_FD,
};

enum { SOURCE_DRAIN_SECONDS = 10 };

#endif
