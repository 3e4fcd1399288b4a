/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rdata of SVCB and HTTPS records (RFC 9460 section 2.2), as far as addresses go.
 */
#ifndef WILDSET_DNSPARSE_ANSWERS_SVCB_H
#define WILDSET_DNSPARSE_ANSWERS_SVCB_H

#include "dnsparse/names/dname.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct svcb {
    uint16_t priority;   /* 0: alias mode */
    struct dname target; /* the root: the owner itself; in alias mode: no such service */
    const uint8_t *ipv4; /* ipv4hint: 4 bytes each, borrowed */
    size_t ipv4_count;
    const uint8_t *ipv6; /* ipv6hint: 16 bytes each, borrowed */
    size_t ipv6_count;
};

/*
 * Returns false, and leaves *out alone, when the rdata is not well-formed: a target that is cut or
 * compressed, keys out of order, a list of hints that is empty or cut, `mandatory` keys that are
 * out of order or missing.  Alias mode has no parameters that count (section 2.4.2).
 */
bool svcb_read(const uint8_t *rdata, size_t size, struct svcb *out);

#endif
