/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftables rules that give wildsetd the first packets whose address is not allowed (yet), so that
 * they wait until the answer has been read: base chains of our own in front of all that look at the
 * sets, with policy accept.  There ACCEPT, which is what the kernel's queue does when nobody reads
 * it, and what wildsetd says of each packet, means "on to the next chain".  In a chain that drops
 * it would mean "let it pass", so these are always whole chains, never a rule to be copied.
 */
#ifndef WILDSET_CLIENT_COMMANDS_HOLDRULES_H
#define WILDSET_CLIENT_COMMANDS_HOLDRULES_H

#include "client/commands/ruleset.h"

/* What the names of these chains and sets begin with.  No whitelist has a dot in its name, so these
 * are no chains of `wildset rules` without --hold. */
#define HOLDRULES_NAME "wildset.hold"

struct holdrules {
    const struct ruleset
        *rulesets; /* with all whitelists of a table, since they share its chains */
    size_t count;
    uint32_t queue;
    bool off;   /* in the configuration */
    bool marks; /* in front of chains that mark connections in the administrator's tables, too */
};

/* NULL, or why a whitelist has no place among them. */
const char *holdrules_problem(const struct ruleset *ruleset);
void holdrules_print(const struct holdrules *rules, FILE *out);

#endif
