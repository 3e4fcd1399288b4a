/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a resolver's frame to what the daemon is told: the sniffer's own way from a DNS message on,
 * without the questions that nobody here sees.  Counts what is not taken, and how late it came.
 */
#ifndef WILDSET_DNSTAP_HEARSAY_H
#define WILDSET_DNSTAP_HEARSAY_H

#include "base/clock.h"
#include "sniffer/plan.h"
#include "source/counter.h"
#include "source/message.h"

#include <stddef.h>
#include <stdint.h>

struct hearsay;

/* Borrows the plan; `tell` gets what the daemon is to know, lent.  NULL when out of memory. */
struct hearsay *hearsay_new(const struct plan *plan,
                            void (*tell)(void *context, const struct message *message),
                            void *context);
void hearsay_frame(struct hearsay *hearsay, const uint8_t *bytes, size_t size,
                   const struct moment *now);
void hearsay_count(struct hearsay *hearsay, enum counter counter);
/* All that was counted so far. */
void hearsay_counters(struct hearsay *hearsay, struct counters *out);

#endif
