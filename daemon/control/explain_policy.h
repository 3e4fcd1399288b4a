/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each whitelist makes of an address or a name, whether or not it was ever seen: which pattern
 * matches, which come near, why the address is never granted, and what is wrong with the sets.
 */
#ifndef WILDSET_DAEMON_CONTROL_EXPLAIN_POLICY_H
#define WILDSET_DAEMON_CONTROL_EXPLAIN_POLICY_H

#include "dnsparse/names/address.h"
#include "dnsparse/names/dname.h"

#include <jansson.h>

struct daemon_views;

/* The array `whitelists` of explain.h; of the name when the address has no family. */
json_t *judgement_to_json(const struct daemon_views *views, const struct address *address,
                          const struct dname *name);

#endif
