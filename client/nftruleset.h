/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's whole ruleset as `nft -j -t list ruleset` prints it (libnftables-json(5)): chains
 * and their rules, found by name.  Pure; borrows the JSON.
 */
#ifndef WILDSET_CLIENT_NFTRULESET_H
#define WILDSET_CLIENT_NFTRULESET_H

#include "setsync/policy/whitelist.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct nftchain {
    const char *family, *table, *name;
    const char *type;
    const char *hook; /* NULL: not a base chain */
    json_int_t priority;
    bool drops; /* its policy */
    const json_t **rules;
    size_t rule_count;
};

struct nftruleset {
    struct nftchain *chains;
    size_t chain_count;
};

/* False when it is no such document, or when out of memory; then nothing is to be freed. */
bool nftruleset_read(const json_t *document, struct nftruleset *out);
void nftruleset_free(struct nftruleset *ruleset);

/* NULL when there is none. */
struct nftchain *nftruleset_chain(const struct nftruleset *ruleset, const char *family,
                                  const char *table, const char *name);
/* Whether a text of this table, "@lookback4", is this set. */
bool nftchain_names_set(const struct nftchain *chain, const char *text, const struct set_name *set);
/* How many rules speak of the set, wherever in them. */
size_t nftruleset_references(const struct nftruleset *ruleset, const struct set_name *set);

#endif
