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

struct reporter;

/* `gone` is called when nobody reads the channel any more. */
int reporter_new(struct loop *loop, int channel, void (*gone)(void *context), void *context,
                 struct reporter **out);

void reporter_ready(struct reporter *reporter);
/* The answer's addresses, 16 a message, and the name at which its chain is open. */
void reporter_answer(struct reporter *reporter, const struct dname *question,
                     const struct lookup_result *result);
/* The accepted addresses; `unnamed` is the name of those that no host stands beside. */
void reporter_addresses(struct reporter *reporter, const struct accepted *accepted,
                        const struct dname *unnamed, uint32_t ttl);
/* An entry that was not taken: `name` or `address` may be NULL. */
void reporter_refusal(struct reporter *reporter, enum reason reason, const struct dname *name,
                      const struct address *address);
void reporter_list(struct reporter *reporter, const struct registry_report *report);

#endif
