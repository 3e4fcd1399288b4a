/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Servers that have been seen to keep the letters' case of a question in its answer.  Clients that
 * mix the case at random (0x20) hold an answer in another case for forged, if their server keeps
 * it; some servers never do, and every client takes their answers.
 *
 * Seen once is seen for good: no answer, forged or not, takes a server out again, so that nobody
 * can switch the defence off.  To put one in takes an answer in the random case of its question.
 * When there is no room, a server that is not known yet stays so.
 */
#ifndef WILDSET_SNIFFER_PIPELINE_CASE_KEEPERS_H
#define WILDSET_SNIFFER_PIPELINE_CASE_KEEPERS_H

#include "dnsparse/names/address.h"

#include <stdbool.h>

enum { CASEKEEPERS_MAX = 1024 };

struct siphash_key;

struct case_keepers {
    struct address servers[CASEKEEPERS_MAX]; /* family NONE: free */
};

/* Zero to begin with.  The key is the same each time. */
void case_keepers_note(struct case_keepers *keepers, const struct siphash_key *key,
                       const struct address *server);
bool case_keepers_has(const struct case_keepers *keepers, const struct siphash_key *key,
                      const struct address *server);

#endif
