/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a whitelist takes of a list: the hosts that its patterns match, and addresses where it wants
 * them; everything else is counted by what became of it.  Pure.
 */
#ifndef WILDSET_REGISTRY_LIST_ACCEPTED_H
#define WILDSET_REGISTRY_LIST_ACCEPTED_H

#include "dnsparse/names/matcher.h"
#include "registry/list/entry.h"
#include "source/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fate {
    FATE_HOST,     /* taken: it is resolved */
    FATE_ADDRESS,  /* taken */
    FATE_REPEATED, /* taken before */
    FATE_OUTSIDE,  /* no pattern matches the host, or the host that the address belongs to */
    FATE_WILDCARD, /* nothing to resolve: patterns belong in the configuration */
    FATE_PREFIX,
    FATE_LIST_ADDRESS, /* registry-addresses is false */
    FATE_MALFORMED,
    FATE_NO_ROOM, /* more than ACCEPTED_HOSTS_MAX or ACCEPTED_ADDRESSES_MAX */
    FATE_COUNT,
};
/* As refusals are reported; REASON_NONE for what is not refused. */
enum reason fate_reason(enum fate fate);

enum {
    ACCEPTED_HOSTS_MAX = 4096,
    ACCEPTED_ADDRESSES_MAX = 4096,
    ACCEPTED_UNNAMED = UINT16_MAX,
};

struct accepted_address {
    struct address address;
    uint16_t host; /* index of the host that it belongs to, or ACCEPTED_UNNAMED */
};

struct accepted {
    const struct matcher *matcher; /* borrowed */
    unsigned whitelist;            /* whose patterns count: its bit in the matcher */
    bool takes_addresses;
    struct dname *hosts; /* no one twice */
    size_t host_count;
    struct accepted_address *addresses;
    size_t address_count;
    uint32_t fates[FATE_COUNT];
    uint32_t *slots; /* 1 + index of a host, or that plus SLOT_ADDRESS; 0: empty */
    bool no_memory;  /* sticks: it is of no use then */
};

void accepted_init(struct accepted *accepted, const struct matcher *matcher, unsigned whitelist,
                   bool takes_addresses);
/* What it holds; it can be initialised again. */
void accepted_free(struct accepted *accepted);

/* `beside` as document_visit has it. */
enum fate accepted_take(struct accepted *accepted, const struct entry *entry,
                        const struct dname *beside);
/* How much it would be missed: hosts and addresses. */
size_t accepted_size(const struct accepted *accepted);

/*
 * The name under which addresses are claimed that no host stands beside: a listed name, "*.NAME" as
 * a name of its own where a pattern is a wildcard, since they are servers somewhere below it.
 */
struct dname accepted_unnamed(const struct whitelist_pattern *patterns, size_t count,
                              unsigned whitelist);

#endif
