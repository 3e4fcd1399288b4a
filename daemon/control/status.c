/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's state as one object.  It costs what there are of sources, interfaces, sets and
 * patterns, never what there are of leases.
 */
#include "daemon/control/status.h"

#include "daemon/config/config.h"
#include "daemon/config/trusted.h"
#include "daemon/control/histogram.h"
#include "daemon/control/hold_status.h"
#include "daemon/control/protocol.h"
#include "daemon/control/reloads.h"
#include "daemon/control/trusted_json.h"
#include "daemon/outputs/output.h"
#include "daemon/outputs/views.h"
#include "daemon/sources/quiet.h"
#include "daemon/sources/sources.h"
#include "daemon/sources/topology.h"
#include "setsync/policy/translators.h"
#include "setsync/setsync.h"
#include "source/json.h"
#include "source/resolvers_seen.h"

#include <stdio.h>
#include <string.h>

enum { PATTERNS_SHOWN = 16 };

_Static_assert((int)LATENCY_BUCKETS == (int)HISTOGRAM_BUCKETS, "the same buckets");

/* Only what happened: a reason that is not there was never met. */
static json_t *refused_to_json(const uint64_t refused[static REASON_COUNT])
{
    json_t *object = json_object();

    for (unsigned i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        if (refused[i])
            put_count(object, reason_name((enum reason)i), refused[i]);
    }
    return object;
}

static json_t *counters_to_json(const struct counters *counters, enum source source)
{
    json_t *object = json_object();

    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        if (i < COUNTER_DNSTAP_FIRST || source == SOURCE_DNSTAP)
            put_count(object, counter_name((enum counter)i), counters->value[i]);
    return object;
}

/* The DLT_ numbers that a sniffer can decode; the daemon links no libpcap to ask. */
static const char *link_type_name(int32_t link_type, char number[static 16])
{
    static const struct {
        int32_t link_type;
        const char *name;
    } names[] = {{0, "NULL"},
                 {1, "EN10MB"},
                 {9, "PPP"},
                 {12, "RAW"},
                 {50, "PPP_SERIAL"},
                 {51, "PPP_ETHER"},
                 {104, "C_HDLC"},
                 {105, "IEEE802_11"},
                 {108, "LOOP"},
                 {113, "LINUX_SLL"},
                 {127, "IEEE802_11_RADIO"},
                 {228, "IPV4"},
                 {229, "IPV6"},
                 {276, "LINUX_SLL2"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].link_type == link_type)
            return names[i].name;
    }
    snprintf(number, 16, "%d", link_type);
    return number;
}

static json_t *interface_to_json(const struct state_report *report, const struct quiet *quiet,
                                 bool silent)
{
    char number[16];
    char name[IFNAMSIZ + 1] = "";
    json_t *object = json_object();

    memcpy(name, report->interface, IFNAMSIZ);
    put_text(object, "interface", name);
    put_text(object, "state",
             silent ? "unknown" : interface_state_name((enum interface_state)report->state));
    if (report->link_type >= 0)
        put_text(object, "link_type", link_type_name(report->link_type, number));
    put_text(object, "filter", interface_filter_name((enum interface_filter)report->filter));
    put_text(object, "filter_reason",
             filter_reason_name((enum filter_reason)report->filter_reason));
    put_flag(object, "promiscuous", report->promiscuous);
    if (report->snaplen)
        put_count(object, "snaplen", report->snaplen);
    if (report->buffer)
        put_count(object, "buffer", report->buffer);
    put_count(object, "received", report->received);
    if (quiet && report->state == STATE_UP && !silent) {
        uint64_t seconds = quiet_seconds(quiet, clock_now().boot_ns);

        if (seconds)
            put_count(object, "quiet", seconds);
        /* What it is not there for has never said anything. */
        if (seconds && quiet->spoke)
            put_count(object, "usual_pause", quiet_usual(quiet));
    }
    put_count(object, "dropped", report->dropped);
    put_count(object, "interface_dropped", report->interface_dropped);
    if (report->frames)
        put_count(object, "frames", report->frames);
    if (report->ethertype) {
        snprintf(number, sizeof(number), "0x%04x", report->ethertype);
        put_text(object, "ethertype", number);
        put_count(object, "ethertype_frames", report->ethertype_frames);
    }
    put_count(object, "merged", report->merged);
    put_count(object, "cut", report->cut);
    put_count(object, "undirected", report->undirected);
    return object;
}

/* Interfaces that are mirror ports, or might be. */
static json_t *mirrors_to_json(const struct source_status *status)
{
    json_t *array = json_array();

    for (size_t i = 0; i < status->port_count; i++) {
        enum mirror_verdict verdict = (enum mirror_verdict)status->ports[i].verdict;
        json_t *object = json_object();

        put_text(object, "interface", status->ports[i].name);
        put_flag(object, "taken", mirror_is_taken(verdict));
        put_text(object, "why", mirror_verdict_name(verdict));
        json_array_append_new(array, object);
    }
    return array;
}

static const char *source_state(const struct source_status *status)
{
    if (status->pid == 0)
        return "waiting";
    if (status->silent)
        return "silent";
    return status->ready ? "running" : "starting";
}

static json_t *list_to_json(const struct registry_report *report, const struct whitelist *whitelist)
{
    const enum registry_outcome outcome = (enum registry_outcome)report->outcome;
    json_t *object = json_object();

    put_text(object, "whitelist", whitelist->name);
    put_count(object, "names", report->names);
    put_count(object, "unresolved", report->unresolved);
    if (report->unresolved)
        put_name(object, "unresolved_name", &report->unresolved_name);
    if (!report->has_list)
        return object;
    put_text(object, "url", whitelist->registry);
    put_text(object, "outcome", registry_outcome_name(outcome));
    put_text(object, "text", registry_outcome_text(outcome));
    if (report->status)
        put_count(object, "status", report->status);
    put_count(object, "failures", report->failures);
    put_time(object, "tried", report->tried_ns);
    put_time(object, "good", report->good_ns);
    put_time(object, "next", report->next_ns);
    put_count(object, "hosts", report->hosts);
    put_count(object, "addresses", report->addresses);
    put_count(object, "outside", report->outside);
    put_count(object, "wildcards", report->wildcards);
    put_count(object, "prefixes", report->prefixes);
    put_count(object, "others", report->not_taken);
    put_flag(object, "kept", report->kept);
    return object;
}

/* The lookups are the process's: each report has the same figures. */
static void put_lists(json_t *object, const struct source_status *status,
                      const struct config *config)
{
    json_t *lists = json_array(), *lookups = json_object();

    for (size_t i = 0; i < config->whitelist_count; i++) {
        const struct registry_report *report = &status->lists[i];

        if (!(status->reported_lists >> i & 1) || (!report->has_list && report->names == 0))
            continue;
        json_array_append_new(lists, list_to_json(report, &config->whitelists[i]));
        put_count(lookups, "count", report->lookups);
        put_count(lookups, "failures", report->lookup_failures);
        put_count(lookups, "mismatches", report->lookup_mismatches);
    }
    json_object_set_new(object, "lists", lists);
    json_object_set_new(object, "lookups", lookups);
}

static json_t *source_to_json(const struct source_status *status, const struct config *config)
{
    json_t *object = json_object();

    put_text(object, "source", source_name(status->source));
    put_text(object, "state", source_state(status));
    if (status->pid)
        put_count(object, "pid", (uint64_t)status->pid);
    if (status->silent)
        put_count(object, "silent", status->silent);
    put_count(object, "restarts", status->restarts);
    put_count(object, "violations", status->violations);
    put_text(object, "problem", status->problem);
    if (status->lists)
        put_lists(object, status, config);
    if (!status->counters)
        return object;
    json_object_set_new(object, "counters", counters_to_json(status->counters, status->source));
    json_object_set_new(object, "refused", refused_to_json(status->counters->refused));
    json_t *interfaces = json_array();
    for (size_t i = 0; i < status->interface_count; i++)
        json_array_append_new(interfaces,
                              interface_to_json(&status->interfaces[i].report,
                                                status->quiet ? &status->quiet[i] : NULL,
                                                status->silent > 0));
    json_object_set_new(object, "interfaces", interfaces);
    json_object_set_new(object, "mirrors", mirrors_to_json(status));
    return object;
}

/* Of the answers that were not believed: who asked for what; and whether that is to be said. */
static void put_stranger(json_t *object, const struct resolver_seen *seen, bool believed,
                         uint64_t now_ns)
{
    static const char *const findings[] = {
        [RESOLVER_FINE] = "", [RESOLVER_UNNAMED] = "unnamed", [RESOLVER_ELSEWHERE] = "elsewhere"};

    put_count(object, "untrusted", seen->unnamed + seen->elsewhere);
    put_flag(object, "believed", believed);
    if (seen->client_count == 0)
        return;
    put_text(object, "finding", findings[resolver_finding(seen, believed, now_ns)]);
    put_name(object, "name", &seen->name);
    put_address(object, "client", &seen->clients[0]);
    put_count(object, "clients", seen->client_count);
    if (seen->more_clients)
        put_flag(object, "more_clients", true);
}

static json_t *resolver_to_json(const struct resolver_seen *seen, const struct trusted *trusted,
                                const struct moment *now)
{
    char interface[IFNAMSIZ + 1] = "";
    json_t *object = json_object();

    memcpy(interface, seen->interface, IFNAMSIZ);
    put_address(object, "resolver", &seen->address);
    put_text(object, "interface", interface);
    put_count(object, "answers", seen->answers);
    put_stranger(object, seen, trusted_has(trusted, &seen->address), now->boot_ns);
    put_count(object, "refused", seen->refused);
    put_count(object, "alarms", seen->alarms);
    put_time(object, "last_seen", now->real_ns - (now->boot_ns - seen->seen_ns));
    return object;
}

static json_t *resolvers_to_json(const struct resolvers *resolvers, const struct trusted *trusted,
                                 const struct moment *now)
{
    const struct resolver_seen *ranked[RESOLVERS_SEEN_MAX];
    json_t *array = json_array();

    resolvers_ranked(resolvers, ranked);
    for (size_t i = 0; i < resolvers->count; i++)
        json_array_append_new(array, resolver_to_json(ranked[i], trusted, now));
    return array;
}

static json_t *set_to_json(const struct set_status *status)
{
    char text[SET_TEXT_MAX];
    json_t *object = json_object();

    put_text(object, "set", set_name_to_text(status->name, text));
    put_text(object, "state", set_state_name(status->state));
    put_text(object, "problem", status->problem);
    put_text(object, "type", status->family == ADDRESS_IPV4 ? "ipv4_addr" : "ipv6_addr");
    put_flag(object, "create", status->create);
    if (status->table_owned)
        put_flag(object, "table_owned", true);
    put_count(object, "leases", status->leases);
    put_count(object, "covered", status->covered);
    if (status->interval)
        put_flag(object, "interval", true);
    put_count(object, "capacity", status->capacity);
    if (status->size)
        put_count(object, "size", status->size);
    put_count(object, "full", status->full);
    put_count(object, "restored", status->restored);
    return object;
}

static void put_sets(json_t *object, const struct setsync *sync)
{
    json_t *array = json_array();
    uint64_t leases = 0;

    for (size_t i = 0; i < setsync_set_count(sync); i++) {
        struct set_status status = setsync_set(sync, i);

        leases += status.leases;
        json_array_append_new(array, set_to_json(&status));
    }
    json_object_set_new(object, "sets", array);
    put_count(object, "leases", leases);
}

static json_t *whitelist_to_json(const struct whitelist *whitelist, const struct setsync *sync,
                                 size_t index)
{
    const struct translators *found = whitelist->translators;
    char text[PATTERN_TEXT_MAX], prefix[PREFIX_TEXT_MAX];
    json_t *object = json_object();
    json_t *patterns = json_array();

    put_text(object, "whitelist", whitelist->name);
    put_text(object, "set4", set_name_to_text(&whitelist->set4, text));
    put_text(object, "set6", set_name_to_text(&whitelist->set6, text));
    put_count(object, "leases4", setsync_whitelist_leases(sync, index, ADDRESS_IPV4));
    put_count(object, "leases6", setsync_whitelist_leases(sync, index, ADDRESS_IPV6));
    put_count(object, "pattern_count", whitelist->pattern_count);
    for (size_t i = 0; i < whitelist->pattern_count && i < PATTERNS_SHOWN; i++)
        json_array_append_new(patterns,
                              json_string(pattern_to_text(&whitelist->patterns[i], text)));
    json_object_set_new(object, "patterns", patterns);
    /* Those that were found; none is nothing to be said. */
    json_t *prefixes = found && found->count > 0 ? json_array() : NULL;
    for (size_t i = 0; prefixes && i < found->count; i++)
        json_array_append_new(prefixes, json_string(prefix_to_text(&found->prefixes[i], prefix)));
    if (prefixes)
        json_object_set_new(object, "dns64", prefixes);
    return object;
}

static void put_statistics(json_t *object, const struct setsync_statistics *statistics)
{
    json_t *transactions = json_object();

    put_count(object, "sightings", statistics->sightings);
    put_count(object, "granted", statistics->granted);
    put_count(object, "extended", statistics->extended);
    put_count(object, "expired", statistics->expired);
    put_count(object, "evicted", statistics->evicted);
    put_count(object, "forgotten", statistics->forgotten);
    json_object_set_new(object, "refused", refused_to_json(statistics->refused));
    put_count(transactions, "count", statistics->transactions);
    put_count(transactions, "failed", statistics->transactions_failed);
    put_count(transactions, "elements", statistics->elements_written);
    json_object_set_new(object, "transactions", transactions);
    if (statistics->updates_probed)
        put_flag(object, "updates_in_place", statistics->updates_in_place);
    json_object_set_new(object, "latency",
                        histogram_to_json(statistics->latency_us, statistics->latency_sum_us));
}

static void warning_append(void *context, const char *line)
{
    json_array_append_new(context, json_string(line));
}

static void put_config(json_t *object, const struct config *config, const struct setsync *sync)
{
    static const char *const logs[] = {[CONFIG_LOG_ALARMS] = "alarms",
                                       [CONFIG_LOG_GRANTS] = "grants",
                                       [CONFIG_LOG_DEBUG] = "debug"};
    json_t *whitelists = json_array();
    json_t *warnings = json_array();

    put_text(object, "log", logs[config->log]);
    put_flag(object, "require_query", config->require_query);
    for (size_t i = 0; i < config->whitelist_count; i++)
        json_array_append_new(whitelists, whitelist_to_json(&config->whitelists[i], sync, i));
    json_object_set_new(object, "whitelists", whitelists);
    config_warnings(config, warning_append, warnings);
    json_object_set_new(object, "warnings", warnings);
}

json_t *overview_to_json(const struct daemon_views *views, const struct moment *now)
{
    json_t *object = json_object(), *sources = json_array();
    struct source_status status;

    put_count(object, "protocol", CONTROL_PROTOCOL);
    put_text(object, "version", WILDSET_VERSION);
    put_count(object, "uptime", (now->boot_ns - views->started.boot_ns) / NS_PER_SECOND);
    for (size_t i = 0; sources_status(views->sources, i, &status); i++)
        json_array_append_new(sources, source_to_json(&status, views->config));
    json_object_set_new(object, "sources", sources);
    json_object_set_new(object, "trusted", trusted_to_json(views->trusted));
    json_object_set_new(object, "resolvers",
                        resolvers_to_json(views->resolvers, views->trusted, now));
    put_sets(object, views->sync);
    outputs_status(views->outputs, object);
    if (views->hold)
        json_object_set_new(object, "hold", hold_to_json(views->hold, now));
    put_statistics(object, setsync_statistics(views->sync));
    put_config(object, views->config, views->sync);
    if (views->reloads)
        put_text(object, "refused_configuration", reloads_refusal(views->reloads));
    return object;
}
