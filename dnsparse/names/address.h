/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP addresses and prefixes as plain values.  An address is 17 bytes without padding: it goes over
 * the channel as it is, and two equal addresses are equal byte for byte.
 */
#ifndef WILDSET_DNSPARSE_NAMES_ADDRESS_H
#define WILDSET_DNSPARSE_NAMES_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

enum address_family {
    ADDRESS_NONE = 0, /* unknown: all other bytes are zero */
    ADDRESS_IPV4 = 4,
    ADDRESS_IPV6 = 6,
};
enum { FAMILIES = 2 }; /* as an index: 0 is IPv4 */

enum {
    ADDRESS_TEXT_MAX = 46, /* INET6_ADDRSTRLEN: text and its NUL */
    PREFIX_TEXT_MAX = ADDRESS_TEXT_MAX + 4,
};

struct address {
    uint8_t family;    /* enum address_family */
    uint8_t bytes[16]; /* network order; IPv4 uses the first four, the others are zero */
};

/* The addresses that share the first `length` bits; bits behind them are zero. */
struct prefix {
    struct address address;
    uint8_t length; /* 0..32 or 0..128 */
};

struct address address_from_ipv4(const uint8_t bytes[static 4]);
struct address address_from_ipv6(const uint8_t bytes[static 16]);

/* True when the family is known and all unused bytes are zero. */
bool address_is_canonical(const struct address *address);
bool address_equal(const struct address *a, const struct address *b);
/* Orders IPv4 before IPv6, then by value: <0, 0, >0. */
int address_compare(const struct address *a, const struct address *b);
/* The next one up; false, and *out is left alone, for the last of its family. */
bool address_above(const struct address *address, struct address *out);
/* The address's length in bytes: 4, 16, or 0 for ADDRESS_NONE. */
unsigned address_size(const struct address *address);

/* inet_pton(3) forms only; leaves *out alone on failure. */
bool address_from_text(const char *text, struct address *out);
/* RFC 5952 text, "" for ADDRESS_NONE.  Returns `out`. */
const char *address_to_text(const struct address *address, char out[static ADDRESS_TEXT_MAX]);

/* "ADDRESS" or "ADDRESS/LENGTH"; bits behind the length must be zero.  Leaves *out alone on
 * failure. */
bool prefix_from_text(const char *text, struct prefix *out);
const char *prefix_to_text(const struct prefix *prefix, char out[static PREFIX_TEXT_MAX]);
/* An address in the form of this library, a length that it may have, and no bits behind that. */
bool prefix_is_canonical(const struct prefix *prefix);
bool prefix_contains(const struct prefix *prefix, const struct address *address);

#endif
