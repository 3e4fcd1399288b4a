/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash of a name's suffix that goes on into the next longer one's: FNV-1a over the bytes from the
 * last to the first.  Not keyed: what stands in the tables was written by the administrator.
 */
#ifndef WILDSET_DNSPARSE_NAMES_SUFFIX_HASH_H
#define WILDSET_DNSPARSE_NAMES_SUFFIX_HASH_H

#include "dnsparse/names/dname.h"

#include <stddef.h>
#include <stdint.h>

#define SUFFIXHASH_START UINT64_C(0xcbf29ce484222325)

/* `bytes` stand in front of what is hashed so far; in any case. */
static inline uint64_t suffixhash_extend(uint64_t hash, const uint8_t *bytes, size_t size)
{
    while (size-- > 0)
        hash = (hash ^ byte_lower(bytes[size])) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
