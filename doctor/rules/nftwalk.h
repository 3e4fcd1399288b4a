/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ruleset does with a new connection, mostly to an address in a set: the way of its first
 * packet through the base chains of a hook, as nft_do_chain() goes it (Linux 6.1), in doubt both
 * ways. Pure.
 */
#ifndef WILDSET_DOCTOR_RULES_NFTWALK_H
#define WILDSET_DOCTOR_RULES_NFTWALK_H

#include "doctor/rules/nftmatch.h"
#include "doctor/rules/queuerules.h"

enum nftwalk_way {
    NFTWALK_FORWARD, /* prerouting, forward, postrouting */
    NFTWALK_OUTPUT,  /* output, postrouting */
};

enum nftwalk_outcome {
    NFTWALK_PASSES,
    NFTWALK_MAY_PASS, /* when conditions hold that cannot be judged here */
    NFTWALK_DROPPED,
};

enum { NFTWALK_PLACE_MAX = 256 };

struct nftwalk {
    enum nftwalk_outcome outcome;
    bool filtered;   /* some chain drops by its policy or rules: else nothing is in the way */
    bool by_set;     /* a rule that looks at the set, or at a mark set by one, lets it pass */
    bool foreign;    /* on the way are statements that cannot be read here (iptables' extensions) */
    bool incomplete; /* more steps than are worth taking: an endless ruleset */
    char place[NFTWALK_PLACE_MAX]; /* dropped: where; "" otherwise */
    char doubt[NFTWALK_PLACE_MAX]; /* a rule that may drop it before it can pass; "" without */
    struct nftmark mark;           /* the connection's, at the end */
    bool queued;                   /* it may reach the queue that was asked about */
    char queue[NFTWALK_PLACE_MAX]; /* the rule that gives it there; "" without */
    char late[NFTWALK_PLACE_MAX];  /* a rule that looks at the set before that; "" without */
};

/* `queues`: NULL when none is asked about. */
struct nftwalk nftwalk(const struct nftruleset *ruleset, const struct nftpacket *packet,
                       const struct queuerules *queues, enum nftwalk_way way);

#endif
