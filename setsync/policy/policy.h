/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may be granted: address filter, lifetimes, which whitelists a sighting feeds.  Pure: the
 * daemon and replay ask the same functions, and a sighting is judged as if its sender were hostile.
 */
#ifndef WILDSET_SETSYNC_POLICY_POLICY_H
#define WILDSET_SETSYNC_POLICY_POLICY_H

#include "setsync/policy/whitelist.h"
#include "source/reason.h"

#include <stdint.h>

/* REASON_NONE, _SPECIAL_ADDRESS, _BENCHMARK_ADDRESS, _PRIVATE_ADDRESS or _REFUSED_PREFIX. */
enum reason policy_judge_address(const struct whitelist *whitelist, const struct address *address);
/* Whether RFC 6052 says where an IPv6 prefix of this length has the IPv4 address. */
bool policy_is_translation_prefix(const struct prefix *prefix);
/* min(max(ttl, ttl-min), ttl-max), in seconds: how long a derived name lives. */
uint32_t policy_clamp_ttl(const struct whitelist *whitelist, uint32_t ttl);
/* min(max(ttl, ttl-min), ttl-max) + grace, in seconds; a TTL with the top bit set is 0. */
uint32_t policy_lifetime(const struct whitelist *whitelist, uint32_t ttl);
/* The first pattern of the whitelist that matches, or NULL. */
const struct pattern *policy_pattern(const struct whitelist *whitelist, const struct dname *name);
/* Whether one of its patterns is this very one. */
bool policy_has_pattern(const struct whitelist *whitelist, const struct pattern *pattern);
/*
 * The size of a set that wildset makes, for the sum of max-addresses of all that feed it: expired
 * elements count until the kernel collects them, so there is room for more than may be in force.
 */
uint32_t policy_set_size(uint64_t capacity);

#endif
