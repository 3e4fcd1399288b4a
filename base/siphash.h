/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-2-4 (Aumasson and Bernstein 2012), 64 and 128 bits: keyed, so that nobody on the wire can
 * choose names or ports that fall into one bucket.
 */
#ifndef WILDSET_BASE_SIPHASH_H
#define WILDSET_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t k0, k1;
};

/* A key from getrandom(2).  0 or -errno. */
int siphash_key_random(struct siphash_key *out);
uint64_t siphash(const struct siphash_key *key, const void *data, size_t size);
void siphash128(const struct siphash_key *key, const void *data, size_t size,
                uint64_t out[static 2]);

#endif
