/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an address stood in: a kind of DNS record, or a registry's list.
 */
#ifndef WILDSET_DNSPARSE_NAMES_RECORD_TYPE_H
#define WILDSET_DNSPARSE_NAMES_RECORD_TYPE_H

enum record_type {
    RECORD_NONE = 0,
    RECORD_A,
    RECORD_AAAA,
    RECORD_HTTPS, /* ipv4hint, ipv6hint of RFC 9460 */
    RECORD_SVCB,
    RECORD_LIST, /* an address that stood in a registry's list: no DNS record */
    RECORD_COUNT,
};
/* "A", "AAAA", "HTTPS", "SVCB", "LIST". */
const char *record_type_name(enum record_type type);

#endif
