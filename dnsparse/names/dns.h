/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of the protocol that several parts ask about (RFC 1035 sections 3.2.4, 4.1.1, 4.2).
 */
#ifndef WILDSET_DNSPARSE_NAMES_DNS_H
#define WILDSET_DNSPARSE_NAMES_DNS_H

enum {
    DNS_PORT = 53,
    OPCODE_QUERY = 0,
    RCODE_NOERROR = 0,
    RCODE_NXDOMAIN = 3,
    CLASS_IN = 1,
};

/* Its AAAA records show the prefixes of DNS64 (RFC 7050). */
#define DNS64_NAME "ipv4only.arpa"

#endif
