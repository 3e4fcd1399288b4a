/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `wildset status` is told: sources, interfaces, sets, counters, latency, as one JSON object.
 */
#ifndef WILDSET_DAEMON_CONTROL_STATUS_H
#define WILDSET_DAEMON_CONTROL_STATUS_H

#include <jansson.h>

struct daemon_views;
struct moment;

/*
 * Counters are integers, durations whole seconds, latencies whole microseconds with _us; what is
 * not known is absent.  A new reference, NULL when out of memory.
 *
 *   {"protocol":1, "version", "uptime", "log",
 *    "sources":[{"source", "state":"running|starting|waiting", "pid", "restarts", "violations",
 *                "problem", "counters":{NAME:N}, "refused":{REASON:N},
 *                "interfaces":[{"interface", "state", "link_type", "promiscuous", "snaplen",
 *                               "buffer", "received", "dropped", "interface_dropped",
 *                               "merged", "cut", "undirected"}],
 *                "mirrors":[{"interface", "taken",
 *                            "why":"named|no-addresses|forwards|part|had-addresses"}]}],
 *    "sets":[{"set", "state":"ready|missing|wrong", "problem", "leases", "capacity", "size",
 * "full"}], "trusted":{"default":whether the next two are, "named_count", "named":[first 64],
 *               "system":[{"resolver", "file"}], "public":N, "public_date"},
 *    "resolvers":[{"resolver", "interface", "answers", "untrusted", "refused", "alarms",
 *                  "last_seen", "believed":whether it is now, and of those untrusted:
 *                  "finding":"unnamed|elsewhere", "name", "client":the first, "clients",
 *                  "more_clients"}],
 *    "whitelists":[{"whitelist", "set4", "set6", "leases4", "leases6", "pattern_count",
 * "patterns":[first 16]}], "leases", "sightings", "granted", "extended", "expired", "evicted",
 * "forgotten", "refused":{REASON:N}, "transactions":{"count", "failed", "elements"},
 * "updates_in_place", "feeds":[{"whitelist", "feed", "addresses", "written", "problem"}],
 *    "latency":{"count", "sum_us", "mean_us", "median_us", "p99_us", "buckets":[{"below_us",
 * "count"}]}, "require_query", "warnings":[TEXT]}
 *
 * median_us and p99_us are interpolated inside their bucket; the last bucket has no below_us.
 */
json_t *overview_to_json(const struct daemon_views *views, const struct moment *now);

#endif
