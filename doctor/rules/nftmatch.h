/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether an nftables expression fits the first packet of a connection to an address in a set, or
 * to one outside of it: yes, no, or it depends on what is not known here (who sends it, over which
 * interface).  Pure.
 */
#ifndef WILDSET_DOCTOR_RULES_NFTMATCH_H
#define WILDSET_DOCTOR_RULES_NFTMATCH_H

#include "client/nftruleset.h"
#include "dnsparse/names/address.h"

#include <stdint.h>

enum truth {
    TRUTH_NO,
    TRUTH_MAYBE,
    TRUTH_YES,
};

struct nftmark {
    bool known;
    uint32_t value;
    bool by_set; /* a rule that looks at the set has written it */
};

struct nftpacket {
    enum address_family family;
    uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
    uint16_t port;    /* the destination's */
    const struct set_name *set;
    bool outside; /* its address is not in the set */
    struct nftmark connection_mark, packet_mark;
};

/* An expression's value for this packet. */
struct nftfact {
    enum {
        FACT_UNKNOWN,
        FACT_ABSENT, /* the packet has no such thing: no match, whatever it is compared with */
        FACT_NUMBER,
        FACT_WORD,
        FACT_DESTINATION,
        FACT_INTERFACE,
    } kind;
    uint32_t number;
    const char *word; /* with its number, where it has one */
    bool by_set;
};

struct nftfact nftfact_of(const json_t *expression, const struct nftpacket *packet);
/* Whether the fact is what stands to the right of it; *by_set when the set said so. */
enum truth nftfact_is(const struct nftfact *fact, const json_t *right, const struct nftchain *chain,
                      const struct nftpacket *packet, bool *by_set);
/* One "match" statement. */
enum truth nftmatch(const json_t *match, const struct nftchain *chain,
                    const struct nftpacket *packet, bool *by_set);
/* What a mark is set to. */
struct nftmark nftmark_of(const json_t *expression, const struct nftpacket *packet);

#endif
