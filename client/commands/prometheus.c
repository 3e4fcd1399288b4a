/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table says which member of which array is which metric; a metric's samples stand together, one
 * for each element of the array, with the element's own names as labels.
 */
#include "client/commands/prometheus.h"

#include "base/json_read.h"
#include "source/counter.h"

#include <stdbool.h>
#include <string.h>

enum { LABELS_MAX = 2, NAME_MAX_TEXT = 96 };

/* One sample's labels: names, and values that may be anybody's. */
struct labels {
    const char *name[LABELS_MAX];
    const char *value[LABELS_MAX];
};

static void metric_begin(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void sample_print(FILE *out, const char *name, const struct labels *labels, json_int_t value)
{
    const char *before = "{";

    fputs(name, out);
    for (unsigned i = 0; i < LABELS_MAX && labels->name[i]; i++) {
        fprintf(out, "%s%s=\"", before, labels->name[i]);
        /* Backslash, quote and line feed are the three that the format escapes. */
        for (const char *at = labels->value[i]; *at; at++) {
            if (*at == '\n')
                fputs("\\n", out);
            else
                fprintf(out, *at == '\\' || *at == '"' ? "\\%c" : "%c", *at);
        }
        putc('"', out);
        before = ",";
    }
    fprintf(out, "%s %" JSON_INTEGER_FORMAT "\n", *before == ',' ? "}" : "", value);
}

/* ---- by table ---- */

/* Where a metric's samples are: the elements of `array`, or of `inner` in each of them, or, without
 * either, the status itself. */
struct metric {
    const char *name; /* a counter when it ends with _total, else a gauge */
    const char *help;
    const char *array, *inner;
    const char *key;
    const char *is;                /* the value is 1 where the key's text is this, else 0 */
    const char *label[LABELS_MAX]; /* keys of the element; an inner one's first is the outer's */
};

static const struct metric metrics[] = {
    {.name = "wildset_uptime_seconds",
     .help = "How long wildsetd has been running.",
     .key = "uptime"},
    {.name = "wildset_sightings_total",
     .help = "Answers that the daemon checked.",
     .key = "sightings"},
    {.name = "wildset_granted_total", .help = "Addresses that became allowed.", .key = "granted"},
    {.name = "wildset_extended_total",
     .help = "Addresses that were seen again.",
     .key = "extended"},
    {.name = "wildset_expired_total", .help = "Addresses that expired.", .key = "expired"},
    {.name = "wildset_evicted_total", .help = "Addresses that were evicted.", .key = "evicted"},
    {.name = "wildset_forgotten_total", .help = "Addresses that were revoked.", .key = "forgotten"},
    {.name = "wildset_whitelist_ipv4_addresses",
     .help = "IPv4 addresses that a whitelist allows now.",
     .array = "whitelists",
     .key = "leases4",
     .label = {"whitelist"}},
    {.name = "wildset_whitelist_ipv6_addresses",
     .help = "IPv6 addresses that a whitelist allows now.",
     .array = "whitelists",
     .key = "leases6",
     .label = {"whitelist"}},
    {.name = "wildset_set_addresses",
     .help = "Addresses allowed now in a set.",
     .array = "sets",
     .key = "leases",
     .label = {"set"}},
    {.name = "wildset_set_covered_addresses",
     .help = "Addresses present as elements not managed by wildset.",
     .array = "sets",
     .key = "covered",
     .label = {"set"}},
    {.name = "wildset_set_capacity_addresses",
     .help = "Capacity of a set's whitelists.",
     .array = "sets",
     .key = "capacity",
     .label = {"set"}},
    {.name = "wildset_set_ready",
     .help = "Whether the set exists and is usable.",
     .array = "sets",
     .key = "state",
     .is = "ready",
     .label = {"set"}},
    {.name = "wildset_set_full_total",
     .help = "How often the kernel said that a set is full.",
     .array = "sets",
     .key = "full",
     .label = {"set"}},
    {.name = "wildset_feed_addresses",
     .help = "Addresses in a feed, with those that linger.",
     .array = "feeds",
     .key = "addresses",
     .label = {"whitelist", "feed"}},
    {.name = "wildset_source_running",
     .help = "Whether a source works.",
     .array = "sources",
     .key = "state",
     .is = "running",
     .label = {"source"}},
    {.name = "wildset_source_restarts_total",
     .help = "How often a source was restarted.",
     .array = "sources",
     .key = "restarts",
     .label = {"source"}},
    {.name = "wildset_source_violations_total",
     .help = "Invalid messages from a source.",
     .array = "sources",
     .key = "violations",
     .label = {"source"}},
    {.name = "wildset_interface_up",
     .help = "Whether an interface is read.",
     .array = "sources",
     .inner = "interfaces",
     .key = "state",
     .is = "up",
     .label = {"source", "interface"}},
    {.name = "wildset_interface_received_packets_total",
     .help = "Packets that passed the filter.",
     .array = "sources",
     .inner = "interfaces",
     .key = "received",
     .label = {"source", "interface"}},
    {.name = "wildset_interface_dropped_packets_total",
     .help = "Packets that the kernel dropped because the sniffer could not keep up.",
     .array = "sources",
     .inner = "interfaces",
     .key = "dropped",
     .label = {"source", "interface"}},
    {.name = "wildset_interface_driver_dropped_packets_total",
     .help = "Packets that the network card or its driver dropped.",
     .array = "sources",
     .inner = "interfaces",
     .key = "interface_dropped",
     .label = {"source", "interface"}},
};

static const struct metric transaction_metrics[] = {
    {.name = "wildset_transactions_total", .help = "Transactions with the kernel.", .key = "count"},
    {.name = "wildset_transactions_failed_total",
     .help = "Transactions that failed.",
     .key = "failed"},
    {.name = "wildset_elements_written_total", .help = "Set elements written.", .key = "elements"},
};

static void metric_element_print(FILE *out, const struct metric *metric, const json_t *outer,
                                 const json_t *element)
{
    const json_t *value = json_object_get(element, metric->key);
    struct labels labels = {.name = {NULL}};

    for (unsigned i = 0; i < LABELS_MAX && metric->label[i]; i++) {
        labels.name[i] = metric->label[i];
        labels.value[i] = text_of(i == 0 ? outer : element, metric->label[i]);
    }
    if (metric->is)
        sample_print(out, metric->name, &labels, text_is(element, metric->key, metric->is));
    else if (json_is_integer(value))
        sample_print(out, metric->name, &labels, json_integer_value(value));
}

static void metric_print(FILE *out, const struct metric *metric, const json_t *status)
{
    size_t i, j;
    json_t *outer, *inner;

    metric_begin(out, metric->name, strstr(metric->name, "_total") ? "counter" : "gauge",
                 metric->help);
    if (!metric->array)
        metric_element_print(out, metric, status, status);
    json_array_foreach(metric->array ? json_object_get(status, metric->array) : NULL, i, outer)
    {
        if (!metric->inner)
            metric_element_print(out, metric, outer, outer);
        json_array_foreach(metric->inner ? json_object_get(outer, metric->inner) : NULL, j, inner)
            metric_element_print(out, metric, outer, inner);
    }
}

/* ---- what sources count ---- */

/* "matching-answers" is wildset_source_matching_answers_total.  False when that is no name. */
static bool counter_metric(const char *counter, char out[static NAME_MAX_TEXT])
{
    if (snprintf(out, NAME_MAX_TEXT, "wildset_source_%s_total", counter) >= NAME_MAX_TEXT)
        return false;
    for (char *at = out; *at; at++) {
        bool letter = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9');
        if (*at == '-' || *at == '_')
            *at = '_';
        else if (!letter)
            return false;
    }
    return true;
}

static void counter_print(FILE *out, const char *counter, const json_t *sources)
{
    const char *help = counter;
    char name[NAME_MAX_TEXT];
    json_t *source;
    size_t i;

    if (!counter_metric(counter, name))
        return;
    for (unsigned known = 0; known < COUNTER_COUNT; known++)
        if (strcmp(counter_name((enum counter)known), counter) == 0)
            help = counter_text((enum counter)known);
    metric_begin(out, name, "counter", help);
    json_array_foreach(sources, i, source)
    {
        const json_t *value = json_object_get(json_object_get(source, "counters"), counter);
        const struct labels labels = {{"source"}, {text_of(source, "source")}};
        if (json_is_integer(value))
            sample_print(out, name, &labels, json_integer_value(value));
    }
}

static void counters_print(FILE *out, const json_t *sources)
{
    json_t *all = json_object(), *source, *value;
    const char *counter;
    size_t i;

    json_array_foreach(sources, i, source)
        json_object_update(all, json_object_get(source, "counters"));
    json_object_foreach(all, counter, value) counter_print(out, counter, sources);
    json_decref(all);
}

/* ---- refusals, times ---- */

static void refused_of_print(FILE *out, const char *source, json_t *refused)
{
    const char *reason;
    json_t *value;

    json_object_foreach(refused, reason, value)
    {
        const struct labels labels = {{"source", "reason"}, {source, reason}};
        sample_print(out, "wildset_refused_total", &labels, json_integer_value(value));
    }
}

static void refused_metric_print(FILE *out, const json_t *status)
{
    size_t i;
    json_t *source;

    metric_begin(out, "wildset_refused_total", "counter",
                 "Answers and addresses that were refused, by source and reason.");
    refused_of_print(out, "daemon", json_object_get(status, "refused"));
    json_array_foreach(json_object_get(status, "sources"), i, source)
        refused_of_print(out, text_of(source, "source"), json_object_get(source, "refused"));
}

/* Buckets count what is below their own limit; here each counts all below it. */
static void histogram_print(FILE *out, const char *name, const char *help, const json_t *histogram)
{
    json_int_t below = 0;
    size_t i;
    json_t *bucket;

    metric_begin(out, name, "histogram", help);
    json_array_foreach(json_object_get(histogram, "buckets"), i, bucket)
    {
        const json_t *limit = json_object_get(bucket, "below_us");
        below += number_of(bucket, "count");
        if (json_is_integer(limit))
            fprintf(out, "%s_bucket{le=\"%.10g\"} %" JSON_INTEGER_FORMAT "\n", name,
                    (double)json_integer_value(limit) / 1e6, below);
    }
    fprintf(out, "%s_bucket{le=\"+Inf\"} %" JSON_INTEGER_FORMAT "\n%s_sum %.6f\n", name, below,
            name, (double)number_of(histogram, "sum_us") / 1e6);
    fprintf(out, "%s_count %" JSON_INTEGER_FORMAT "\n", name, below);
}

/* ---- packets that wait ---- */

static void outcomes_print(FILE *out, json_t *outcomes)
{
    const char *outcome;
    json_t *value;

    metric_begin(out, "wildset_hold_packets_total", "counter",
                 "Packets that came to wait for their address, by how it ended.");
    json_object_foreach(outcomes, outcome, value)
    {
        const struct labels labels = {{"outcome"}, {outcome}};
        sample_print(out, "wildset_hold_packets_total", &labels, json_integer_value(value));
    }
}

static void hold_metrics_print(FILE *out, const json_t *hold)
{
    static const struct metric parts[] = {
        {.name = "wildset_hold_ready",
         .help = "Whether packets can wait.",
         .key = "state",
         .is = "ready"},
        {.name = "wildset_hold_waiting_packets",
         .help = "Packets that wait now.",
         .key = "waiting"},
        {.name = "wildset_hold_missed_packets_total",
         .help = "Packets that went on without an address that an earlier answer allows.",
         .key = "missed"},
        {.name = "wildset_hold_pauses_total",
         .help = "How often packets did not wait for a while, as the sniffer was too slow.",
         .key = "pauses"},
    };
    static const struct metric rounds = {.name = "wildset_hold_catch_ups_total",
                                         .help = "How often the sniffer caught up.",
                                         .key = "count"};

    if (!hold || text_is(hold, "state", "off"))
        return;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        metric_print(out, &parts[i], hold);
    metric_print(out, &rounds, json_object_get(hold, "catch_ups"));
    outcomes_print(out, json_object_get(hold, "outcomes"));
    histogram_print(out, "wildset_hold_wait_seconds", "How long packets waited.",
                    json_object_get(hold, "waits"));
}

void exposition_print(const json_t *status, FILE *out)
{
    const struct labels version = {{"version"}, {text_of(status, "version")}};

    metric_begin(out, "wildset_up", "gauge", "Whether wildsetd answers.");
    fprintf(out, "wildset_up %d\n", status != NULL);
    if (!status)
        return;
    metric_begin(out, "wildset_build_info", "gauge", "Version of wildsetd.");
    sample_print(out, "wildset_build_info", &version, 1);
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
        metric_print(out, &metrics[i], status);
    counters_print(out, json_object_get(status, "sources"));
    refused_metric_print(out, status);
    for (size_t i = 0; i < sizeof(transaction_metrics) / sizeof(transaction_metrics[0]); i++)
        metric_print(out, &transaction_metrics[i], json_object_get(status, "transactions"));
    histogram_print(out, "wildset_packet_to_element_seconds",
                    "From the packet's time stamp to the kernel's acknowledgement.",
                    json_object_get(status, "latency"));
    hold_metrics_print(out, json_object_get(status, "hold"));
}
