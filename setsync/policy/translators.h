/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prefixes of translators that were found by asking for the addresses of ipv4only.arpa (RFC 7050):
 * where its well-known IPv4 addresses stand in an IPv6 address, DNS64 has put them, and the prefix
 * is what stands before them.  Whoever can forge that answer chooses the prefix, so that one can
 * only make an address refused: by the IPv4 address that it embeds, if it is within.
 */
#ifndef WILDSET_SETSYNC_POLICY_TRANSLATORS_H
#define WILDSET_SETSYNC_POLICY_TRANSLATORS_H

#include "dnsparse/names/address.h"
#include "dnsparse/names/dname.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRANSLATORS_MAX = 16 }; /* the one found first makes room */

struct translators {
    struct prefix prefixes[TRANSLATORS_MAX];
    size_t count;
};

/* Where the four bytes stand behind a prefix of this length (RFC 6052 section 2.2), or NULL. */
const uint8_t *translators_layout(uint8_t length);
/* The name that is asked for. */
bool translators_is_name(const struct dname *name);
/*
 * What an address of that name says: each prefix behind which a well-known address stands.  True
 * when one is new.
 */
bool translators_learn(struct translators *translators, const struct address *address);

#endif
