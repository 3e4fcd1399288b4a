/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why an address or a name is allowed, or why not: the leases with all their claims, what each
 * whitelist makes of it, and what was refused lately.  Looked up a little at a time.
 */
#ifndef WILDSET_DAEMON_CONTROL_EXPLAIN_H
#define WILDSET_DAEMON_CONTROL_EXPLAIN_H

#include "dnsparse/names/address.h"
#include "dnsparse/names/dname.h"

#include <jansson.h>
#include <stdbool.h>

struct daemon_views;
struct explanation;
struct event_ring;

/* Of an address, or, when that has no family, of a name.  NULL when out of memory. */
struct explanation *explanation_new(const struct address *address, const struct dname *name);
void explanation_free(struct explanation *explanation);
/*
 * One more step, well below a millisecond.  NULL until it is done; then the reply, or NULL when
 * out of memory.
 *
 *   {"protocol":1, "address" or "name", "allowed",
 *    "leases":[{"address", "set", "element":"present|foreign|absent", "element_left", "left",
 *               "expires", "clients":[ADDRESS], "claims":[{"whitelist", "name", "owner", "pattern",
 *               "record", "ttl", "source", "resolver", "first_seen", "last_seen", "expires",
 *               "left"}]}],
 *    "leases_left_out", "leases_below",
 *    "whitelists":[{"whitelist", "set" or "set4" and "set6", "problem", "pattern" or "reason" or
 *                   "near":[{"pattern", "near"}]}],
 *    "recent":[event, the newest first], "recent_left_out",
 *    "waits":[event, the newest first]}
 *
 * element is what the kernel said now, without element_left when permanent; absent when it could
 * not be asked.  leases_below: of names below this one.
 */
json_t *explanation_step(struct explanation *explanation, const struct daemon_views *views,
                         const struct event_ring *refusals, const struct event_ring *waits,
                         bool *done);

#endif
