/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftables rules for one whitelist, in two shapes: rules for the administrator's own table, and
 * chains of our own that only mark connections.  `nft -f` takes both, on an empty ruleset and on
 * one where wildset has made its sets already; neither touches the sets' elements.
 */
#ifndef WILDSET_CLIENT_RULESET_H
#define WILDSET_CLIENT_RULESET_H

#include "setsync/whitelist.h"

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
        set6;          /* as the rules use them: maybe other than the configuration has them */
    uint32_t size4, size6; /* that wildset would give the sets */
    const char *chain; /* table shape: the administrator's chain */
    struct ruleset_mark mark; /* mark shape */
};

/* "VALUE/MASK" or "VALUE", decimal or 0x.  Leaves *out alone on failure. */
bool ruleset_mark_from_text(const char *text, struct ruleset_mark *out);
/* NULL, or why no rules can be made of it. */
const char *ruleset_problem(const struct ruleset *ruleset);
/* "udp 19305-19309" */
enum { SERVICE_TEXT_MAX = 32 };
const char *service_to_text(const struct service *service, char out[static SERVICE_TEXT_MAX]);

void ruleset_print_table(const struct ruleset *ruleset, FILE *out);
void ruleset_print_mark(const struct ruleset *ruleset, FILE *out);

#endif
