/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One dnstap frame (dnstap.info, a protocol buffer) to what is wanted of it: a response that a
 * resolver gave to a client.  A walker of the fields' encoding, without a copy: unknown fields cost
 * nothing, and of a repeated one the last counts.  Pure.
 */
#ifndef WILDSET_DNSTAP_TAPMESSAGE_H
#define WILDSET_DNSTAP_TAPMESSAGE_H

#include "dnsparse/names/address.h"
#include "source/message.h"

#include <stddef.h>
#include <stdint.h>

struct tap_message {
    struct address client, resolver; /* ADDRESS_NONE: not told */
    uint16_t client_port, resolver_port;
    enum transport transport;
    uint64_t responded_ns; /* CLOCK_REALTIME; 0: not told */
    const uint8_t *dns;    /* the whole message, lent */
    size_t dns_size;
};

enum tap_outcome {
    TAP_RESPONSE,   /* *out is filled */
    TAP_OTHER_KIND, /* well-formed, and no answer to a client */
    TAP_MALFORMED,
};

enum tap_outcome tapmessage_read(const uint8_t *bytes, size_t size, struct tap_message *out);

#endif
