/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts the connections that hide names from everybody who watches: DNS over TLS and QUIC (port
 * 853, RFC 7858, RFC 9250), and whatever begins at port 443 of public resolvers that are known to
 * serve DNS over HTTPS there.  By a packet socket of its own, whose filter passes only what begins
 * such a connection and of which nobody is woken: a flood of them fills its own small queue and no
 * ring, and is counted by the kernel all the same.
 */
#ifndef WILDSET_SNIFFER_LIVE_ENCRYPTED_H
#define WILDSET_SNIFFER_LIVE_ENCRYPTED_H

#include <stdint.h>

enum encrypted_kind {
    ENCRYPTED_DNS,       /* to port 853 */
    ENCRYPTED_DNS_HTTPS, /* to port 443 of a public resolver */
    ENCRYPTED_KINDS,
};

struct encrypted {
    int fd;                          /* -1: nothing is counted */
    uint64_t count[ENCRYPTED_KINDS]; /* packets that begin a connection, since the start */
};

/* "any" or an interface by its name.  0, or -errno and an `out` that counts nothing. */
int encrypted_open(const char *interface, struct encrypted *out);
void encrypted_close(struct encrypted *encrypted);
/*
 * Takes what has come since the last time; to be called each second or so.  Of more packets than
 * the queue holds (some hundred) the share of each kind is that of those in it.
 */
void encrypted_read(struct encrypted *encrypted);

#endif
