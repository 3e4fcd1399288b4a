/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of nftables' own language: the kernel takes a set that is called like one of them, but
 * nft can neither list it nor use it in a rule, since it has no quotes for names.
 */
#ifndef WILDSET_DAEMON_CONFIG_WORDS_H
#define WILDSET_DAEMON_CONFIG_WORDS_H

#include "setsync/policy/whitelist.h"

#include <stdbool.h>

/* Of a table's, set's or chain's name. */
bool config_word_is_taken(const char *word);
/* The table's or set's name that nft cannot say, or NULL. */
const char *config_taken_word(const struct set_name *name);

#endif
