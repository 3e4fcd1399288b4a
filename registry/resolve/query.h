/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One DNS question as bytes, and whether a message answers it.  Whoever is not on the way has to
 * guess the id, the source port and the case of every letter (RFC 5452;
 * draft-vixie-dnsext-dns0x20). Pure.
 */
#ifndef WILDSET_REGISTRY_RESOLVE_QUERY_H
#define WILDSET_REGISTRY_RESOLVE_QUERY_H

#include "dnsparse/answers/wire.h"
#include "dnsparse/names/dname.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QUERY_SIZE_MAX = WIRE_HEADER_SIZE + DNAME_MAX + 4 + 11,
    QUERY_RANDOM_SIZE = 2 + 32, /* the id, and a bit for each byte of a name */
    QUERY_PAYLOAD = 1232,       /* bytes: what arrives unfragmented nearly everywhere */
};

struct query {
    uint8_t bytes[QUERY_SIZE_MAX];
    uint16_t size;
    uint16_t question_size;
};

/* `random` must not be guessable.  `edns`: with an OPT record (RFC 6891). */
void query_make(struct query *query, const struct dname *name, uint16_t type,
                const uint8_t random[static QUERY_RANDOM_SIZE], bool edns);

enum query_verdict {
    QUERY_ANSWERED,  /* NOERROR or NXDOMAIN */
    QUERY_TRUNCATED, /* to be asked again over TCP */
    QUERY_REFUSED,   /* another response code: somebody else may know */
    QUERY_MISMATCH,  /* no answer to this question */
};

/* Fills *out but on QUERY_MISMATCH.  `any_case`: over TCP, where the peer has proved its address.
 */
enum query_verdict query_check(const struct query *query, const uint8_t *bytes, size_t size,
                               bool any_case, struct wire_message *out);

#endif
