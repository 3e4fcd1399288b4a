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

/* Backslash, quote and line feed are the three that the format escapes. */
static void value_print(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            fputs("\\n", out);
        else if (*text == '\\' || *text == '"')
            fprintf(out, "\\%c", *text);
        else
            putc(*text, out);
    }
}

static void sample_head(FILE *out, const char *name, const struct labels *labels)
{
    const char *before = "{";

    fputs(name, out);
    for (unsigned i = 0; i < LABELS_MAX && labels->name[i]; i++) {
        fprintf(out, "%s%s=\"", before, labels->name[i]);
        value_print(out, labels->value[i]);
        fputs("\"", out);
        before = ",";
    }
    fputs(*before == ',' ? "} " : " ", out);
}

static void sample_print(FILE *out, const char *name, const struct labels *labels, json_int_t value)
{
    sample_head(out, name, labels);
    fprintf(out, "%" JSON_INTEGER_FORMAT "\n", value);
}

/* ---- by table ---- */

/* Where a metric's samples are: the elements of `array`, or of `inner` in each of them, or, without
 * either, the status itself. */
struct metric {
    const char *name, *type, *help;
    const char *array, *inner;
    const char *key;
    const char *is; /* the value is 1 where the key's text is this, else 0 */
    const char
        *label[LABELS_MAX]; /* keys of the element; of an inner one, the first is the outer's */
};

static const struct metric metrics[] = {
    {"wildset_uptime_seconds", "gauge", "How long wildsetd has been running.", .key = "uptime"},
    {"wildset_sightings_total", "counter", "Answers that the daemon checked.", .key = "sightings"},
    {"wildset_granted_total", "counter", "Addresses that became allowed.", .key = "granted"},
    {"wildset_extended_total", "counter", "Addresses that were seen again.", .key = "extended"},
    {"wildset_expired_total", "counter", "Addresses that expired.", .key = "expired"},
    {"wildset_evicted_total", "counter", "Addresses that were evicted.", .key = "evicted"},
    {"wildset_forgotten_total", "counter", "Addresses that were revoked.", .key = "forgotten"},
    {"wildset_whitelist_ipv4_addresses",
     "gauge",
     "IPv4 addresses that a whitelist allows now.",
     "whitelists",
     NULL,
     "leases4",
     NULL,
     {"whitelist"}},
    {"wildset_whitelist_ipv6_addresses",
     "gauge",
     "IPv6 addresses that a whitelist allows now.",
     "whitelists",
     NULL,
     "leases6",
     NULL,
     {"whitelist"}},
    {"wildset_set_addresses",
     "gauge",
     "Addresses allowed now in a set.",
     "sets",
     NULL,
     "leases",
     NULL,
     {"set"}},
    {"wildset_set_covered_addresses",
     "gauge",
     "Addresses present as elements not managed by wildset.",
     "sets",
     NULL,
     "covered",
     NULL,
     {"set"}},
    {"wildset_set_capacity_addresses",
     "gauge",
     "Capacity of a set's whitelists.",
     "sets",
     NULL,
     "capacity",
     NULL,
     {"set"}},
    {"wildset_set_ready",
     "gauge",
     "Whether the set exists and is usable.",
     "sets",
     NULL,
     "state",
     "ready",
     {"set"}},
    {"wildset_set_full_total",
     "counter",
     "How often the kernel said that a set is full.",
     "sets",
     NULL,
     "full",
     NULL,
     {"set"}},
    {"wildset_feed_addresses",
     "gauge",
     "Addresses in a feed, with those that linger.",
     "feeds",
     NULL,
     "addresses",
     NULL,
     {"whitelist", "feed"}},
    {"wildset_source_running",
     "gauge",
     "Whether a source works.",
     "sources",
     NULL,
     "state",
     "running",
     {"source"}},
    {"wildset_source_restarts_total",
     "counter",
     "How often a source was restarted.",
     "sources",
     NULL,
     "restarts",
     NULL,
     {"source"}},
    {"wildset_source_violations_total",
     "counter",
     "Invalid messages from a source.",
     "sources",
     NULL,
     "violations",
     NULL,
     {"source"}},
    {"wildset_interface_up",
     "gauge",
     "Whether an interface is read.",
     "sources",
     "interfaces",
     "state",
     "up",
     {"source", "interface"}},
    {"wildset_interface_received_packets_total",
     "counter",
     "Packets that passed the filter.",
     "sources",
     "interfaces",
     "received",
     NULL,
     {"source", "interface"}},
    {"wildset_interface_dropped_packets_total",
     "counter",
     "Packets that the kernel dropped because the sniffer could not keep up.",
     "sources",
     "interfaces",
     "dropped",
     NULL,
     {"source", "interface"}},
    {"wildset_interface_driver_dropped_packets_total",
     "counter",
     "Packets that the network card or its driver dropped.",
     "sources",
     "interfaces",
     "interface_dropped",
     NULL,
     {"source", "interface"}},
};

static void element_print(FILE *out, const struct metric *metric, const json_t *outer,
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

    metric_begin(out, metric->name, metric->type, metric->help);
    if (!metric->array)
        element_print(out, metric, status, status);
    json_array_foreach(metric->array ? json_object_get(status, metric->array) : NULL, i, outer)
    {
        if (!metric->inner)
            element_print(out, metric, outer, outer);
        json_array_foreach(metric->inner ? json_object_get(outer, metric->inner) : NULL, j, inner)
            element_print(out, metric, outer, inner);
    }
}

/* ---- what sources count ---- */

static const char *help_of(const char *counter)
{
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        if (strcmp(counter_name((enum counter)i), counter) == 0)
            return counter_text((enum counter)i);
    return counter;
}

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
    char name[NAME_MAX_TEXT];
    size_t i;
    json_t *source;

    if (!counter_metric(counter, name))
        return;
    metric_begin(out, name, "counter", help_of(counter));
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

/* ---- refusals, transactions, latency ---- */

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

static void refused_print(FILE *out, const json_t *status)
{
    size_t i;
    json_t *source;

    metric_begin(out, "wildset_refused_total", "counter",
                 "Answers and addresses that were refused, by source and reason.");
    refused_of_print(out, "daemon", json_object_get(status, "refused"));
    json_array_foreach(json_object_get(status, "sources"), i, source)
        refused_of_print(out, text_of(source, "source"), json_object_get(source, "refused"));
}

static void transactions_print(FILE *out, const json_t *status)
{
    static const struct metric parts[] = {
        {"wildset_transactions_total", "counter", "Transactions with the kernel.", .key = "count"},
        {"wildset_transactions_failed_total", "counter", "Transactions that failed.",
         .key = "failed"},
        {"wildset_elements_written_total", "counter", "Set elements written.", .key = "elements"},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        metric_print(out, &parts[i], json_object_get(status, "transactions"));
}

/* Buckets count what is below their own limit; here each counts all below it. */
static void latency_print(FILE *out, const json_t *status)
{
    static const char name[] = "wildset_packet_to_element_seconds";
    const json_t *latency = json_object_get(status, "latency");
    json_int_t below = 0;
    size_t i;
    json_t *bucket;

    metric_begin(out, name, "histogram",
                 "From the packet's time stamp to the kernel's acknowledgement.");
    json_array_foreach(json_object_get(latency, "buckets"), i, bucket)
    {
        const json_t *limit = json_object_get(bucket, "below_us");
        below += json_integer_value(json_object_get(bucket, "count"));
        if (json_is_integer(limit))
            fprintf(out, "%s_bucket{le=\"%.10g\"} %" JSON_INTEGER_FORMAT "\n", name,
                    (double)json_integer_value(limit) / 1e6, below);
    }
    fprintf(out, "%s_bucket{le=\"+Inf\"} %" JSON_INTEGER_FORMAT "\n%s_sum %.6f\n", name, below,
            name, (double)json_integer_value(json_object_get(latency, "sum_us")) / 1e6);
    fprintf(out, "%s_count %" JSON_INTEGER_FORMAT "\n", name, below);
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
    refused_print(out, status);
    transactions_print(out, status);
    latency_print(out, status);
}
