/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose frames are taken: the users that resolvers run as, by number.  The daemon hands them over
 * as a sealed memfd.
 */
#ifndef WILDSET_DNSTAP_PEERS_H
#define WILDSET_DNSTAP_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DNSTAP_PEERS_MAX = 16 };

/* The array is borrowed. */
struct dnstap_peers {
    const uint32_t *uids;
    size_t count;
};

/* A descriptor or -errno. */
int dnstap_peers_seal(const struct dnstap_peers *peers);
/* 0 with an array that stays as long as the process, or -errno. */
int dnstap_peers_open(int fd, struct dnstap_peers *out);
bool dnstap_peers_have(const struct dnstap_peers *peers, uint32_t uid);

#endif
