/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP datagrams put together from their fragments (RFC 791 section 3.2, RFC 8200 section 4.5) as a
 * careful host does: any order, no overlaps (RFC 5722; refused for IPv4 too), exact copies ignored,
 * incomplete ones forgotten in time.  Bounded in datagrams and in bytes: of those from one address
 * to another the most numerous make room, the oldest first.
 */
#ifndef WILDSET_SNIFFER_REASSEMBLY_FRAGMENTS_H
#define WILDSET_SNIFFER_REASSEMBLY_FRAGMENTS_H

#include "base/clock.h"
#include "dnsparse/names/address.h"
#include "sniffer/decode/place.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAGMENTS_DATAGRAMS_MAX = 256,
    FRAGMENTS_BYTES_MAX = 4 << 20, /* of all incomplete datagrams together */
    FRAGMENTS_DATAGRAM_MAX = 65535,
};
/* No question lives longer than 10 s, so nothing older can settle one. */
#define FRAGMENTS_LIFETIME_NS (10 * NS_PER_SECOND)

#define FRAGMENTS_DONE_LIFETIME_NS NS_PER_SECOND

struct fragment {
    struct address source, destination;
    uint32_t id;      /* 16 bits for IPv4 */
    uint8_t protocol; /* of the datagram's payload: IPv4 protocol, IPv6 next header */
    bool more;        /* another fragment follows */
    uint32_t offset;  /* bytes */
    const uint8_t *bytes;
    size_t size;
    struct place place;  /* what is put together was all seen at one place, and */
    struct address peer; /* came from one tunnel's peer */
};

/* Valid until the next call. */
struct datagram {
    const uint8_t *bytes; /* transport header and payload */
    size_t size;
};

enum fragments_outcome {
    FRAGMENTS_WAITING,   /* kept; others are missing */
    FRAGMENTS_WHOLE,     /* *whole is filled */
    FRAGMENTS_DUPLICATE, /* seen before, the same */
    FRAGMENTS_REFUSED,   /* overlap, lying offset or length, or no room: the datagram is given up */
};

struct fragments;

/* NULL when memory or randomness is out. */
struct fragments *fragments_new(void);
void fragments_free(struct fragments *fragments);
enum fragments_outcome fragments_add(struct fragments *fragments, const struct fragment *fragment,
                                     uint64_t now_ns, struct datagram *whole);
/* Forgets what is too old; UINT64_MAX: everything.  Otherwise that is done as others come. */
void fragments_expire(struct fragments *fragments, uint64_t now_ns);
/* Datagrams given up since the start because pieces were missing. */
uint64_t fragments_forgotten(const struct fragments *fragments);
/* Bytes kept for incomplete datagrams. */
size_t fragments_bytes(const struct fragments *fragments);

#endif
