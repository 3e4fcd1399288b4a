/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STUN (RFC 8489) as far as a probe needs it: one Binding request, and what came back.  Pure.
 */
#ifndef WILDSET_DOCTOR_HOST_STUN_H
#define WILDSET_DOCTOR_HOST_STUN_H

#include "dnsparse/names/address.h"

#include <stddef.h>
#include <stdint.h>

enum {
    STUN_ID_SIZE = 12,      /* section 5 */
    STUN_REQUEST_SIZE = 28, /* the header and FINGERPRINT */
};

struct stun_id {
    uint8_t bytes[STUN_ID_SIZE]; /* random: an answer is known by it */
};

enum stun_kind {
    STUN_NONE,    /* no answer to this request, or no STUN at all */
    STUN_SUCCESS, /* Binding success response */
    STUN_ERROR,   /* Binding error response: the server was reached all the same */
};

struct stun_reply {
    enum stun_kind kind;
    struct address mapped; /* how the server sees us: XOR-MAPPED-ADDRESS; ADDRESS_NONE without */
    uint16_t mapped_port;
    uint16_t error; /* 300..699, 0 without */
};

/* With FINGERPRINT (section 14.7): servers that share their port with others want it. */
void stun_request(const struct stun_id *id, uint8_t out[static STUN_REQUEST_SIZE]);
/* One datagram.  A FINGERPRINT that does not fit makes it none; unknown attributes are passed over.
 */
struct stun_reply stun_read(const struct stun_id *id, const uint8_t *bytes, size_t size);

#endif
