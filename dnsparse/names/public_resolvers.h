/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Public DNS resolvers that are known well enough to be trusted without being named: what
 * `capture.resolvers` means by "default" beside the servers that the system names, and where a
 * connection to port 443 is likely DNS over HTTPS.  Pure.
 *
 * Listed is who has an operator with a name, has been open to all for years, and answers the same
 * to everybody: not a service where a customer says himself what a name's answer is (NextDNS,
 * profiles of Control D or AdGuard), since that customer may be anybody.  To bring the list up to
 * date: compare it with what the operators' own pages name today, and set the date anew.
 */
#ifndef WILDSET_DNSPARSE_NAMES_PUBLIC_RESOLVERS_H
#define WILDSET_DNSPARSE_NAMES_PUBLIC_RESOLVERS_H

#include "dnsparse/names/address.h"

#include <stdbool.h>
#include <stddef.h>

/* When the list was last compared with the operators' pages. */
#define PUBLICRESOLVERS_DATE "2026-11-30"

enum public_service {
    PUBLIC_DNS = 1,   /* on port 53: trusted by default */
    PUBLIC_HTTPS = 2, /* on port 443: connections there are counted */
};

/* By number, from 0; false behind the last one. */
bool publicresolvers_get(size_t index, struct address *out, unsigned *services);
/* How many there are with this service. */
size_t publicresolvers_count(enum public_service service);

#endif
