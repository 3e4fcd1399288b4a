/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One entry of a registry's list: a host name, host:port, a URL, an address, a prefix or a
 * wildcard. The lists' format is documented nowhere, so this reads what such lists look like. Pure.
 */
#ifndef WILDSET_REGISTRY_LIST_ENTRY_H
#define WILDSET_REGISTRY_LIST_ENTRY_H

#include "dnsparse/names/address.h"
#include "dnsparse/names/dname.h"

#include <stdbool.h>
#include <stddef.h>

enum entry_kind {
    ENTRY_MALFORMED, /* none of the others */
    ENTRY_HOST,      /* name */
    ENTRY_ADDRESS,   /* address */
    ENTRY_PREFIX,    /* address is the first of them; /32 and /128 are an ADDRESS */
    ENTRY_WILDCARD,  /* name is what stands behind "*."; the root for "*" */
};

enum { ENTRY_TEXT_MAX = 2048 }; /* bytes: nothing longer is an entry */

struct entry {
    enum entry_kind kind;
    struct dname name;
    struct address address;
};

/*
 * `sure`: the text stands where only an entry can, so that a name of one label is a host too;
 * otherwise only what cannot well be anything else is one.  Ports, paths and users are left out.
 */
struct entry entry_from_text(const char *text, size_t size, bool sure);

#endif
