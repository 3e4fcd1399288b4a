/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way from the question's name along its aliases: CNAME (RFC 1034 section 3.6.2) and DNAME
 * (RFC 6672), in any record order.
 */
#ifndef WILDSET_DNSPARSE_ANSWERS_CHAIN_H
#define WILDSET_DNSPARSE_ANSWERS_CHAIN_H

#include "dnsparse/answers/answer.h"
#include "dnsparse/answers/records.h"

/*
 * Fills chain, chain_count, chain_ttl and leads of an answer whose question is filled.  ANSWER_OK,
 * ANSWER_LOOP, ANSWER_TOO_LONG_CHAIN, or ANSWER_MALFORMED for a name with two different DNAMEs and
 * for a DNAME that makes a name too long.  *idle: names that have no alias but themselves, as
 * VMware's NAT writes them in front of their addresses; without an address they are a loop.
 */
enum answer_outcome chain_follow(const struct records *records, struct answer *answer,
                                 answer_names *idle);

#endif
