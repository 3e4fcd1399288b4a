/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each entry of a list with what becomes of it, in the list's order: the registry process's own
 * judgement, and the daemon's of each address.
 */
#ifndef WILDSET_CLIENT_COMMANDS_REGISTRY_ENTRIES_H
#define WILDSET_CLIENT_COMMANDS_REGISTRY_ENTRIES_H

#include "base/loop.h"
#include "registry/list/accepted.h"
#include "registry/list/document.h"
#include "registry/resolve/resolver.h"
#include "setsync/policy/whitelist.h"
#include "source/reason.h"

enum { ENTRY_SHOWN_MAX = 256 }; /* bytes of an entry's text, with its NUL */

struct listed_address {
    struct answer_address address;
    enum reason reason; /* REASON_NONE: it is allowed */
};

struct listed {
    char text[ENTRY_SHOWN_MAX]; /* printable */
    struct entry entry;
    struct dname beside; /* length 0: none */
    enum fate fate;
    enum reason reason; /* why it is not taken; REASON_NONE: it is, or it stands there twice */
    bool unresolved;    /* a host for which nobody had an address */
    struct listed_address *addresses;
    size_t address_count;
};

struct listed_entries {
    const struct whitelist *whitelist;
    struct accepted accepted;
    struct listed *list;
    size_t count, room;
    bool no_memory;
};

/* How many may be granted: not refused, not the same again. */
size_t listed_taken(const struct listed_entries *entries, enum fate fate);

/* Borrows the whitelist and the matcher; `index` is the whitelist's bit in it. */
void listed_init(struct listed_entries *entries, const struct whitelist *whitelist, unsigned index,
                 const struct matcher *matcher);
void listed_free(struct listed_entries *entries);
enum document_outcome listed_read(struct listed_entries *entries, const char *bytes, size_t size);
/* Looks the hosts up that are taken, a few at a time; returns when all is known.  0 or -errno. */
int listed_resolve(struct listed_entries *entries, struct loop *loop, struct resolver *resolver);

#endif
