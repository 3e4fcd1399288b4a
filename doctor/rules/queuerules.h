/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that give packets to wildsetd's queue, and the base chains that they are in: behind such a
 * rule the rest of its base chain is skipped, by wildsetd's verdict (ACCEPT) and, with "bypass",
 * when nobody reads the queue (Linux 6.1 to 7.2).  So what the chain would drop passes it.  Pure.
 */
#ifndef WILDSET_DOCTOR_RULES_QUEUERULES_H
#define WILDSET_DOCTOR_RULES_QUEUERULES_H

#include "client/nftruleset.h"
#include "dnsparse/names/address.h"
#include "doctor/rules/nftmatch.h"

/* What iptables-save(8) prints; nft shows of such rules that they are there, not their number. */
struct saved_rules {
    const char *text; /* NULL: not known */
    size_t size;
};

struct queuerules {
    uint32_t number;
    struct saved_rules saved[FAMILIES]; /* iptables-save's, ip6tables-save's */
};

struct queuerule {
    enum truth ours; /* MAYBE: a rule of iptables whose number cannot be read */
    bool bypass;
    size_t position; /* of a rule of iptables in its chain, from 1; 0: native */
};

struct queuerule queuerule_read(const struct queuerules *queues, const struct nftchain *chain,
                                const json_t *rule);

struct queueplace {
    const struct nftchain *base;
    const struct nftchain *chain; /* with the rule: `base`, or one that it leads to */
    const json_t *rule;
    struct queuerule read;
    bool drops_behind;           /* what the queue makes to be skipped drops packets */
    bool drops_before;           /* the same base chain, in front of it */
    const struct nftchain *drop; /* which chain drops; NULL: none */
    const json_t *drop_rule;     /* NULL: its policy */
};

/* Of each base chain that leads to such a rule the first one.  False when it is an endless ruleset,
 * which was not seen to the end. */
bool queuerules_each(const struct nftruleset *ruleset, const struct queuerules *queues,
                     void (*tell)(void *context, const struct queueplace *place), void *context);

#endif
