/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Servers that have been seen to keep the letters' case of a question in its answer.  Clients that
 * mix the case at random (0x20) hold an answer in another case for forged, if their server keeps
 * it; some servers never do, and every client takes their answers.
 *
 * To put one in takes an answer in the random case of its question, which whoever saw the question
 * can forge.  So a server whose answers are in another case for many questions in a row is taken
 * out again.  That does not switch the defence off: of a server that keeps the case, an answer that
 * does so comes to each question, and begins the row anew.  When there is no room, a server that is
 * not known yet stays so.
 */
#ifndef WILDSET_SNIFFER_PIPELINE_CASE_KEEPERS_H
#define WILDSET_SNIFFER_PIPELINE_CASE_KEEPERS_H

#include "dnsparse/names/address.h"

#include <stdbool.h>

enum {
    CASEKEEPERS_MAX = 1024,
    CASEKEEPERS_DOUBTS_MAX = 8, /* questions in a row */
};

struct siphash_key;

struct case_keeper {
    struct address server; /* family NONE: free */
    uint8_t doubts;        /* since an answer was last seen that kept the case */
};

struct case_keepers {
    struct case_keeper keepers[CASEKEEPERS_MAX];
};

/* Zero to begin with.  The key is the same each time. */
void case_keepers_note(struct case_keepers *keepers, const struct siphash_key *key,
                       const struct address *server);
/* Another question was answered in another case.  True when the server is none any more. */
bool case_keepers_doubt(struct case_keepers *keepers, const struct siphash_key *key,
                        const struct address *server);
bool case_keepers_has(const struct case_keepers *keepers, const struct siphash_key *key,
                      const struct address *server);

#endif
