/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftables rules for one whitelist, in two shapes: a chain for the administrator's own table, and
 * chains of our own that only mark connections.  `nft -f` takes both, on an empty ruleset and on
 * one where wildset has made its sets already, as often as one likes: what is there is declared,
 * our own chains are filled anew, and neither the sets' elements nor any other chain is touched.
 */
#ifndef WILDSET_CLIENT_COMMANDS_RULESET_H
#define WILDSET_CLIENT_COMMANDS_RULESET_H

#include "setsync/policy/whitelist.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct ruleset_mark {
    uint32_t value; /* within mask */
    uint32_t mask;  /* not 0 */
};

struct ruleset {
    const struct whitelist *whitelist;
    struct set_name set4,
        set6;              /* as the rules use them: maybe other than the configuration has them */
    uint32_t size4, size6; /* that the sets have, or that wildset would give them; 0: none */
    bool theirs4, theirs6; /* the administrator makes the set: it is not declared */
    bool jumps;            /* table shape: the administrator's chain is known to jump to ours */
    const char *chain;     /* table shape: the administrator's chain */
    struct ruleset_mark mark; /* mark shape */
};

/* "VALUE/MASK" or "VALUE", decimal or 0x.  Leaves *out alone on failure. */
bool ruleset_mark_from_text(const char *text, struct ruleset_mark *out);
/* NULL, or why no rules can be made of it. */
const char *ruleset_problem(const struct ruleset *ruleset);
/* Table shape: our own chain. */
enum { RULESET_CHAIN_MAX = WHITELIST_NAME_MAX + 16 };
const char *ruleset_chain_name(const struct ruleset *ruleset, char out[static RULESET_CHAIN_MAX]);
/* "inet filter", of a set. */
const char *table_to_text(const struct set_name *set, char out[static SET_TEXT_MAX]);
bool table_equal(const struct set_name *a, const struct set_name *b);
/* "udp 19305-19309" */
enum { SERVICE_TEXT_MAX = 32 };
const char *service_to_text(const struct service *service, char out[static SERVICE_TEXT_MAX]);

/* Declares its tables and sets. */
void ruleset_print_sets(const struct ruleset *ruleset, FILE *out);
void ruleset_print_table(const struct ruleset *ruleset, FILE *out);
/* Table shape: the command that lets the administrator's chain use it, a line a table. */
void ruleset_print_jump(const struct ruleset *ruleset, const char *before, FILE *out);
void ruleset_print_mark(const struct ruleset *ruleset, FILE *out);

#endif
