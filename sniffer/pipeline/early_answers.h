/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers that were read before their questions: two interfaces, or the two rings of one, are read
 * one after the other, and a capture made of several holds what they delivered.  They wait a
 * moment, copied.  Bounded in number, in bytes and for each client.  What has no room does not
 * wait, but the clients share it evenly: forged answers to some of them keep no other's out.
 */
#ifndef WILDSET_SNIFFER_PIPELINE_EARLY_ANSWERS_H
#define WILDSET_SNIFFER_PIPELINE_EARLY_ANSWERS_H

#include "base/clock.h"
#include "sniffer/decode/frame.h"
#include "sniffer/pipeline/questions.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    EARLY_ANSWERS_MAX = 64,
    EARLY_ANSWERS_PER_CLIENT = 8,
    EARLY_ANSWERS_BYTES_MAX = 4096, /* of one message */
};
#define EARLY_ANSWERS_NS (30 * NS_PER_MS)

struct early_answers;

/* NULL when out of memory. */
struct early_answers *early_answers_new(void);
void early_answers_free(struct early_answers *early);

/* Copies the answer, which has to be checked, and was seen there; false when it may not wait. */
bool early_answers_hold(struct early_answers *early, const struct segment *answer,
                        const struct place *place, uint64_t now_ns);
/*
 * The first that came of those that answer this question, seen at its own place, whichever way they
 * went; or whose time is over;
 * NULL when there is none.  It waits no longer; valid until the next early_answers_hold.
 */
const struct segment *early_answers_take(struct early_answers *early,
                                         const struct question_key *question);
const struct segment *early_answers_take_due(struct early_answers *early, uint64_t now_ns);
/*
 * When all room is taken: the one that came when the most waited for its client already, if they
 * were more than wait for this client.  It waits no longer; NULL and valid as above.
 */
const struct segment *early_answers_take_surplus(struct early_answers *early,
                                                 const struct address *client);
/* When the first one's time is over; UINT64_MAX when none waits. */
uint64_t early_answers_due(const struct early_answers *early);

#endif
