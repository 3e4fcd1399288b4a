/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's ruleset says of the places where a whitelist's rules are to go: whether the
 * administrator's chain is one that packets pass, and whose the sets are.
 */
#ifndef WILDSET_CLIENT_COMMANDS_LOADED_H
#define WILDSET_CLIENT_COMMANDS_LOADED_H

#include "client/commands/ruleset.h"
#include "client/nftruleset.h"

#include <jansson.h>

struct loaded;

/* Asks nft.  0, or -errno: -EPERM for who is not root, -ENOENT without nft. */
int loaded_open(struct loaded **out);
void loaded_close(struct loaded *loaded);

/* Fills in what the ruleset can tell: whose sets and how large, and whether the chain jumps to ours
 * already. */
void loaded_tell(const struct loaded *loaded, struct ruleset *ruleset);

enum { LOADED_PROBLEM_MAX = 512 };
/* Table shape: false with the reason when a jump from the ruleset's chain would do nothing.  A
 * table without chains that packets pass is no problem yet: the ruleset may be loaded later. */
bool loaded_chain_is_good(const struct loaded *loaded, const struct ruleset *ruleset,
                          char problem[static LOADED_PROBLEM_MAX]);

#endif
