/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon is told: answers of the resolver, addresses of a list, what was not taken, and
 * how the lists fare.
 */
#ifndef WILDSET_REGISTRY_REPORT_H
#define WILDSET_REGISTRY_REPORT_H

#include "registry/list/accepted.h"
#include "registry/resolve/resolver.h"
#include "source/list_report.h"
#include "source/reason.h"

struct teller;

/* `gone` is called when nobody reads the channel any more. */
int teller_new(struct loop *loop, int channel, void (*gone)(void *context), void *context,
               struct teller **out);
void teller_free(struct teller *teller);

void teller_ready(struct teller *teller);
/* The answer's addresses, 16 a message, and the name at which its chain is open. */
void teller_answer(struct teller *teller, const struct dname *question,
                   const struct lookup_result *result);
/* The accepted addresses; `unnamed` is the name of those that no host stands beside. */
void teller_addresses(struct teller *teller, const struct accepted *accepted,
                      const struct dname *unnamed, uint32_t ttl);
/* An entry that was not taken: `name` or `address` may be NULL. */
void teller_refusal(struct teller *teller, enum reason reason, const struct dname *name,
                    const struct address *address);
void teller_report(struct teller *teller, const struct registry_report *report);

#endif
