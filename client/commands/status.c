/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset status`: first whether it works, then what is wrong and what to do about it, then the
 * figures.  All of it comes from the daemon as one object (daemon/overview.h).
 */
#include "base/json_read.h"
#include "client/commands.h"
#include "client/connection.h"
#include "client/options.h"
#include "client/remarks.h"
#include "client/table.h"
#include "daemon/control/diagnosis.h"

#include <stdio.h>
#include <string.h>

static const struct options_page page = {
    .usage = "usage: wildset status [--json]\n",
    .help = "Whether the daemon works, what is wrong, and its figures.\n\n"
            "  --json          one object\n"
            "  --socket PATH   the daemon's socket\n\n"
            "Exit status: 0 ok, 1 degraded, 2 failing or not reachable, 64 wrong usage.\n",
};

enum { NUMBER_MAX = 24, LINE_MAX_TEXT = 512, FILTER_TEXT_MAX = 64 };

/* "" when it is not known. */
static const char *number_cell(const json_t *object, const char *key, char out[static NUMBER_MAX])
{
    const json_t *value = json_object_get(object, key);

    *out = '\0';
    if (json_is_integer(value))
        snprintf(out, NUMBER_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return out;
}

/* With an empty line in front, when there are any rows. */
static void table_end(struct table *table)
{
    if (table && table_rows(table) > 0)
        putchar('\n');
    table_free(table);
}

static void sources_print(const json_t *status)
{
    static const struct table_column columns[] = {
        {.title = "SOURCE"},
        {.title = "STATE"},
        {.title = "PID", .right = true},
        {.title = "RESTARTS", .right = true},
        {.title = "ANSWERS", .right = true},
        {.title = "MATCHING", .right = true},
        {.title = "LEARNED", .right = true},
        {.title = "ALARMS", .right = true},
    };
    struct table *table = table_new(stdout, columns, sizeof(columns) / sizeof(columns[0]));
    size_t i;
    json_t *source;

    json_array_foreach(json_object_get(status, "sources"), i, source)
    {
        const json_t *counters = json_object_get(source, "counters");
        char number[6][NUMBER_MAX];
        const char *const cells[] = {
            text_of(source, "source"),
            text_of(source, "state"),
            number_cell(source, "pid", number[0]),
            number_cell(source, "restarts", number[1]),
            number_cell(counters, "answers", number[2]),
            number_cell(counters, "matching-answers", number[3]),
            number_cell(counters, "learned", number[4]),
            number_cell(counters, "alarms", number[5]),
        };
        table_row(table, cells);
    }
    table_end(table);
}

static void interfaces_print(const json_t *status)
{
    static const struct table_column columns[] = {
        {.title = "INTERFACE"},
        {.title = "STATE"},
        {.title = "LINK"},
        {.title = "FILTER"},
        {.title = "PROMISCUOUS"},
        {.title = "RECEIVED", .right = true},
        {.title = "DROPPED", .right = true},
        {.title = "BY INTERFACE", .right = true},
    };
    struct table *table = table_new(stdout, columns, sizeof(columns) / sizeof(columns[0]));
    json_t *source, *interface;
    size_t i, j;

    json_array_foreach(json_object_get(status, "sources"), i, source)
    {
        json_array_foreach(json_object_get(source, "interfaces"), j, interface)
        {
            const char *reason = text_of(interface, "filter_reason");
            char number[3][NUMBER_MAX], filter[FILTER_TEXT_MAX];

            /* "names", or "port 53: following", as the manual explains it. */
            snprintf(filter, sizeof(filter), "%s%s%s", text_of(interface, "filter"),
                     *reason ? ": " : "", reason);
            const char *const cells[] = {
                text_of(interface, "interface"),
                text_of(interface, "state"),
                text_of(interface, "link_type"),
                filter,
                json_is_true(json_object_get(interface, "promiscuous")) ? "yes" : "no",
                number_cell(interface, "received", number[0]),
                number_cell(interface, "dropped", number[1]),
                number_cell(interface, "interface_dropped", number[2]),
            };
            table_row(table, cells);
        }
    }
    table_end(table);
}

static void mirrors_print(const json_t *status)
{
    static const struct {
        const char *why, *text;
    } whys[] = {
        {"named", "is a mirror port: `mirror` names it"},
        {"no-addresses", "has no addresses and does not forward: it is treated as a mirror port"},
        {"forwards", "has no addresses but forwards: it is not treated as a mirror port"},
        {"part", "is part of another interface or carries one: it is not treated as a mirror port"},
        {"had-addresses", "has lost its addresses: it is not treated as a mirror port"},
    };
    json_t *source, *port;
    size_t i, j;

    json_array_foreach(json_object_get(status, "sources"), i, source)
    {
        json_array_foreach(json_object_get(source, "mirrors"), j, port)
        {
            for (size_t k = 0; k < sizeof(whys) / sizeof(whys[0]); k++)
                if (strcmp(text_of(port, "why"), whys[k].why) == 0)
                    printf("%s %s\n", text_of(port, "interface"), whys[k].text);
        }
    }
}

/* Resolvers tell late, and nobody shall believe them to be quick. */
static void dnstap_print(const json_t *status)
{
    static const struct {
        const char *counter, *text;
    } ages[] = {
        {"dnstap-age-10ms", "10 ms"},   {"dnstap-age-100ms", "100 ms"},
        {"dnstap-age-500ms", "500 ms"}, {"dnstap-age-1s", "1 s"},
        {"dnstap-age-2s", "2 s"},       {"dnstap-age-10s", "10 s"},
        {"dnstap-age-more", "later"},
    };
    json_t *source;
    size_t i;

    json_array_foreach(json_object_get(status, "sources"), i, source)
    {
        const json_t *counters = json_object_get(source, "counters");

        if (strcmp(text_of(source, "source"), "dnstap") != 0 || !counters)
            continue;
        printf("dnstap: %" JSON_INTEGER_FORMAT " frames; answers were told within",
               number_of(counters, "dnstap-frames"));
        for (size_t k = 0; k < sizeof(ages) / sizeof(ages[0]); k++)
            printf("%s %s: %" JSON_INTEGER_FORMAT, k ? "," : "", ages[k].text,
                   number_of(counters, ages[k].counter));
        putchar('\n');
    }
}

static void sets_print(const json_t *status)
{
    static const struct table_column columns[] = {
        {.title = "SET"},
        {.title = "STATE"},
        {.title = "ADDRESSES", .right = true},
        {.title = "CAPACITY", .right = true},
    };
    struct table *table = table_new(stdout, columns, sizeof(columns) / sizeof(columns[0]));
    size_t i;
    json_t *set;

    json_array_foreach(json_object_get(status, "sets"), i, set)
    {
        char number[2][NUMBER_MAX];
        const char *const cells[] = {
            text_of(set, "set"),
            text_of(set, "state"),
            number_cell(set, "leases", number[0]),
            number_cell(set, "capacity", number[1]),
        };
        table_row(table, cells);
    }
    table_end(table);
    json_array_foreach(json_object_get(status, "sets"), i, set)
    {
        json_int_t covered = number_of(set, "covered"), restored = number_of(set, "restored");

        if (covered > 0)
            printf("%s: %" JSON_INTEGER_FORMAT
                   " address%s already present as elements not managed by wildset\n",
                   text_of(set, "set"), covered, covered == 1 ? " is" : "es are");
        if (restored > 0)
            printf("%s: %" JSON_INTEGER_FORMAT
                   " address%s restored after another program changed the set\n",
                   text_of(set, "set"), restored, restored == 1 ? " was" : "es were");
    }
}

/* What the sources refused and what the daemon did, added up by reason. */
static void refused_sum_print(const json_t *status)
{
    json_t *sum = json_deep_copy(json_object_get(status, "refused"));
    const char *key;
    json_t *source, *value;
    size_t i;

    json_array_foreach(json_object_get(status, "sources"), i, source)
    {
        json_object_foreach(json_object_get(source, "refused"), key, value) json_object_set_new(
            sum, key, json_integer(number_of(sum, key) + json_integer_value(value)));
    }

    const char *before = "refused: ";
    json_object_foreach(sum, key, value)
    {
        printf("%s%s %" JSON_INTEGER_FORMAT, before, key, json_integer_value(value));
        before = ", ";
    }
    if (json_object_size(sum) > 0)
        putchar('\n');
    json_decref(sum);
}

/* What should not happen, and is shown when it has. */
static const struct {
    const char *key, *text;
} hold_troubles[] = {
    {"time_up", "time up"},
    {"no_room", "no room"},
    {"not_held", "not held"},
    {"overrun", "passed on unread"},
    {"dropped", "dropped with their chain"},
};

static json_int_t hold_outcome(const json_t *hold, const char *key)
{
    return number_of(json_object_get(hold, "outcomes"), key);
}

static void hold_figures_print(const json_t *status)
{
    const json_t *hold = json_object_get(status, "hold");
    const json_t *waits = json_object_get(hold, "waits");

    if (!hold || text_is(hold, "state", "off"))
        return;
    printf("first packets wait (queue %" JSON_INTEGER_FORMAT ", at most %" JSON_INTEGER_FORMAT
           " ms): %s, %" JSON_INTEGER_FORMAT " now; %" JSON_INTEGER_FORMAT
           " came, %" JSON_INTEGER_FORMAT " at once, %" JSON_INTEGER_FORMAT
           " waited and found, %" JSON_INTEGER_FORMAT " without",
           number_of(hold, "queue"), number_of(hold, "most_us") / 1000, text_of(hold, "state"),
           number_of(hold, "waiting"), number_of(hold, "packets"), hold_outcome(hold, "at_once"),
           hold_outcome(hold, "found"), hold_outcome(hold, "without"));
    for (size_t i = 0; i < sizeof(hold_troubles) / sizeof(hold_troubles[0]); i++)
        if (hold_outcome(hold, hold_troubles[i].key) > 0)
            printf(", %s %" JSON_INTEGER_FORMAT, hold_troubles[i].text,
                   hold_outcome(hold, hold_troubles[i].key));
    if (number_of(waits, "count") > 0)
        printf("; wait: median %" JSON_INTEGER_FORMAT " us, 99 %% within %" JSON_INTEGER_FORMAT
               " us",
               number_of(waits, "median_us"), number_of(waits, "p99_us"));
    putchar('\n');
}

/* "2026-01-02T03:04:05Z", or "" */
static const char *second_text(const json_t *object, const char *key, char out[static NUMBER_MAX])
{
    snprintf(out, NUMBER_MAX, "%s", text_of(object, key));
    if (strchr(out, '.'))
        strcpy(strchr(out, '.'), "Z");
    return out;
}

static void lists_print(const json_t *status)
{
    static const struct table_column columns[] = {
        {.title = "WHITELIST"},
        {.title = "LIST"},
        {.title = "HOSTS", .right = true},
        {.title = "ADDRESSES", .right = true},
        {.title = "LAST GOOD"},
        {.title = "NEXT"},
        {.title = "NAMES", .right = true},
        {.title = "UNRESOLVED", .right = true},
    };
    struct table *table = table_new(stdout, columns, sizeof(columns) / sizeof(columns[0]));
    size_t i, j;
    json_t *source, *list;

    json_array_foreach(json_object_get(status, "sources"), i, source)
    {
        json_array_foreach(json_object_get(source, "lists"), j, list)
        {
            char number[6][NUMBER_MAX];
            const char *outcome = text_of(list, "outcome");
            const char *const cells[] = {
                text_of(list, "whitelist"),
                *outcome ? outcome : "none",
                number_cell(list, "hosts", number[0]),
                number_cell(list, "addresses", number[1]),
                second_text(list, "good", number[2]),
                second_text(list, "next", number[3]),
                number_cell(list, "names", number[4]),
                number_cell(list, "unresolved", number[5]),
            };
            table_row(table, cells);
        }
    }
    table_end(table);
}

static void feeds_print(const json_t *status)
{
    static const struct table_column columns[] = {
        {.title = "FEED"},
        {.title = "WHITELIST"},
        {.title = "ADDRESSES", .right = true},
        {.title = "STATE"},
    };
    struct table *table = table_new(stdout, columns, sizeof(columns) / sizeof(columns[0]));
    size_t i;
    json_t *feed;

    json_array_foreach(json_object_get(status, "feeds"), i, feed)
    {
        char number[NUMBER_MAX];
        const char *const cells[] = {
            text_of(feed, "feed"),
            text_of(feed, "whitelist"),
            number_cell(feed, "addresses", number),
            json_object_get(feed, "problem")   ? "failing"
            : json_object_get(feed, "written") ? "written"
                                               : "waiting",
        };
        table_row(table, cells);
    }
    table_end(table);
}

/* "trusted resolvers: 192.0.2.53, 127.0.0.53 (/etc/resolv.conf), 160 well-known public ones" */
static void trusted_print(const json_t *status)
{
    const json_t *trusted = json_object_get(status, "trusted");
    const char *before = "trusted resolvers: ";
    json_t *item;
    size_t i;

    if (!trusted)
        return;
    json_array_foreach(json_object_get(trusted, "named"), i, item)
    {
        printf("%s%s", before, json_string_value(item));
        before = ", ";
    }
    if (number_of(trusted, "named_count") > (json_int_t)i)
        printf(" and %" JSON_INTEGER_FORMAT " more",
               number_of(trusted, "named_count") - (json_int_t)i);
    json_array_foreach(json_object_get(trusted, "system"), i, item)
    {
        printf("%s%s (%s)", before, text_of(item, "resolver"), text_of(item, "file"));
        before = ", ";
    }
    if (number_of(trusted, "public") > 0)
        printf("%s%" JSON_INTEGER_FORMAT " well-known public ones (as of %s)", before,
               number_of(trusted, "public"), text_of(trusted, "public_date"));
    putchar('\n');
}

/* "DNS64 prefixes found: 2001:db8:64::/96"; whoever asks for them gets the same. */
static void translators_print(const json_t *status)
{
    const json_t *whitelist, *found = NULL;
    json_t *item;
    size_t i;

    json_array_foreach(json_object_get(status, "whitelists"), i, whitelist)
    {
        if (json_object_get(whitelist, "dns64"))
            found = json_object_get(whitelist, "dns64");
    }
    if (!found)
        return;
    json_array_foreach(found, i, item)
        printf("%s%s", i ? ", " : "DNS64 prefixes found: ", json_string_value(item));
    putchar('\n');
}

/* By the gravest finding: a word for people, a colour, and an exit status for monitoring. */
static const struct verdict {
    const char *word;
    enum colour colour;
    enum command_status status;
} verdicts[] = {
    [ADVICE_OK] = {"ok", COLOUR_GOOD, COMMAND_OK},
    [ADVICE_DEGRADED] = {"degraded", COLOUR_WARNING, COMMAND_DEGRADED},
    [ADVICE_FAILING] = {"failing", COLOUR_FAILURE, COMMAND_FAILING},
};

static void finding_print(void *context, const struct advice *advice)
{
    const bool *coloured = context;

    printf("%s!%s %s%s%s\n",
           colour_code(advice->failure ? COLOUR_FAILURE : COLOUR_WARNING, *coloured),
           colour_code(COLOUR_NONE, *coloured), advice->text, *advice->advice ? ": " : "",
           advice->advice);
}

static void status_print(const json_t *status, const struct verdict *verdict)
{
    static const char *const totals[] = {"granted", "extended", "expired", "evicted", "forgotten"};
    const json_t *latency = json_object_get(status, "latency");
    char uptime[DURATION_TEXT_MAX];
    bool coloured = colour_is_wanted(stdout);
    json_int_t leases = number_of(status, "leases");

    printf("wildset %s %s%s%s: %" JSON_INTEGER_FORMAT " address%s allowed now, up for %s\n",
           text_of(status, "version"), colour_code(verdict->colour, coloured), verdict->word,
           colour_code(COLOUR_NONE, coloured), leases, leases == 1 ? "" : "es",
           duration_to_text((unsigned long long)number_of(status, "uptime"), uptime));
    advice_each(status, finding_print, &coloured);
    sources_print(status);
    interfaces_print(status);
    mirrors_print(status);
    dnstap_print(status);
    sets_print(status);
    lists_print(status);
    feeds_print(status);
    putchar('\n');
    trusted_print(status);
    translators_print(status);
    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++)
        printf("%s%s %" JSON_INTEGER_FORMAT, i ? ", " : "", totals[i],
               number_of(status, totals[i]));
    putchar('\n');
    refused_sum_print(status);
    remarks_print(status);
    if (number_of(latency, "count") > 0)
        printf("from packet to element: median %" JSON_INTEGER_FORMAT
               " us, 99 %% within %" JSON_INTEGER_FORMAT " us, of %" JSON_INTEGER_FORMAT
               " answers\n",
               number_of(latency, "median_us"), number_of(latency, "p99_us"),
               number_of(latency, "count"));
    hold_figures_print(status);
}

static void finding_add(void *context, const struct advice *advice)
{
    json_t *findings = context;

    json_array_append_new(findings, json_pack("{s:s, s:s, s:s}", "state",
                                              advice->failure ? "failure" : "warning", "text",
                                              advice->text, "advice", advice->advice));
}

int status_main(int argc, char **argv)
{
    struct options options;

    if (!options_read(&options, &page, argc, argv, OPTION_JSON | OPTION_SOCKET))
        return options.status;
    if (argc != options.first)
        return options_refuse(&page, "takes no argument");

    json_t *status = connection_request(options.socket, "status", NULL);
    if (!status)
        return COMMAND_FAILING;
    const struct verdict *verdict = &verdicts[advice_health(status)];
    if (options.json) { /* the daemon's object, with what is to be said of it */
        json_t *findings = json_array();

        advice_each(status, finding_add, findings);
        json_object_set_new(status, "health", json_string(verdict->word));
        json_object_set_new(status, "findings", findings);
        json_dumpf(status, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        status_print(status, verdict);
    }
    json_decref(status);
    return (int)verdict->status;
}
