/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines as they come for programs, columns for people.
 */
#include "client/commands/replay_output.h"

#include "client/table.h"
#include "daemon/config/config.h"
#include "setsync/policy/policy.h"
#include "setsync/setsync.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT_BUFFER = 1 << 17, NOTE_MAX = 2048, NUMBER_MAX = 16 };

struct replay_output {
    const struct config *config;
    struct table *table; /* NULL: JSON */
    bool all;
    bool failed;
};

/* stdout's for as long as the process lives. */
static char stdout_buffer[OUTPUT_BUFFER];

static const struct table_column columns[] = {
    {.title = "TIME"},
    {.title = "VERDICT"},
    {.title = "ADDRESS"},
    {.title = "RECORD"},
    {.title = "TTL", .right = true},
    {.title = "LIFETIME", .right = true},
    {.title = "NAME"},
    {.title = "SET"},
    {.title = "NOTE"},
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

struct replay_output *replay_output_new(const struct config *config, bool json, bool all)
{
    struct replay_output *output = calloc(1, sizeof(*output));

    if (!output)
        return NULL;
    output->config = config;
    output->all = all;
    output->table = json ? NULL : table_new(stdout, columns, COLUMNS);
    if (!json && !output->table) {
        free(output);
        return NULL;
    }
    setvbuf(stdout, stdout_buffer, _IOFBF, sizeof(stdout_buffer));
    return output;
}

void replay_output_free(struct replay_output *output)
{
    if (!output)
        return;
    table_free(output->table);
    free(output);
}

static size_t note_append_address(char *note, size_t used, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];
    int size = snprintf(note + used, NOTE_MAX - used, " %s", address_to_text(address, text));

    return used + (size_t)size < NOTE_MAX ? used + (size_t)size : NOTE_MAX - 1;
}

/* Why it was refused, an extra answer with what was counted before; for a grant the chain's end
 * where that is another name. */
static void note_write(const struct event *event, char note[static NOTE_MAX])
{
    const struct alarm_report *alarm = event->alarm;
    char text[DNAME_TEXT_MAX];
    size_t used = 0;

    *note = '\0';
    if (event->reason != REASON_NONE)
        used = (size_t)snprintf(note, NOTE_MAX, "%s", reason_name(event->reason));
    else if (event->owner && event->name && !dname_equal(event->owner, event->name))
        snprintf(note, NOTE_MAX, "owner %s", dname_to_text(event->owner, text));
    if (!alarm || event->reason != REASON_EXTRA_ANSWER)
        return;
    used += (size_t)snprintf(note + used, NOTE_MAX - used, "%s",
                             alarm->sighting.address_count > 0 ? ":" : ": no address");
    for (unsigned i = 0; i < alarm->sighting.address_count; i++)
        used = note_append_address(note, used, &alarm->sighting.addresses[i].address);
    used += (size_t)snprintf(note + used, NOTE_MAX - used, "%s",
                             alarm->earlier_count > 0 ? "; before:" : "; before: no address");
    for (unsigned i = 0; i < alarm->earlier_count && used < NOTE_MAX; i++)
        used = note_append_address(note, used, &alarm->earlier[i]);
}

static const char *count_text(uint32_t value, bool known, char out[static NUMBER_MAX])
{
    *out = '\0';
    if (known)
        snprintf(out, NUMBER_MAX, "%" PRIu32, value);
    return out;
}

static void output_row_print(struct replay_output *output, const struct event *event)
{
    char time[CLOCK_TEXT_MAX], address[ADDRESS_TEXT_MAX] = "", name[DNAME_TEXT_MAX] = "";
    char set[SET_TEXT_MAX] = "", note[NOTE_MAX], ttl[NUMBER_MAX], lifetime[NUMBER_MAX];

    note_write(event, note);
    if (event->address)
        address_to_text(event->address, address);
    if (event->name)
        dname_to_text(event->name, name);
    if (event->set)
        set_name_to_text(event->set, set);
    const char *const cells[COLUMNS] = {
        clock_to_text(event->real_ns, time),
        event_kind_name(event->kind),
        address,
        event->record != RECORD_NONE ? record_type_name(event->record) : "",
        count_text(event->ttl, event->lifetime != 0, ttl),
        count_text(event->lifetime, event->lifetime != 0, lifetime),
        name,
        set,
        note,
    };
    if (table_row(output->table, cells) < 0)
        output->failed = true;
}

static void output_event_print(struct replay_output *output, const struct event *event)
{
    if (output->table) {
        output_row_print(output, event);
        return;
    }
    json_t *object = event_to_json(event);

    if (!object || json_dumpf(object, stdout, JSON_COMPACT) < 0 || putchar('\n') == EOF)
        output->failed = true;
    json_decref(object);
}

void replay_output_event(void *context, const struct event *event)
{
    struct replay_output *output = context;
    bool grant = event->kind == EVENT_GRANTED || event->kind == EVENT_EXTENDED;

    if (grant || (output->all && event->kind == EVENT_REFUSED))
        output_event_print(output, event);
}

static struct event refusal_to_event(const struct replay_output *output,
                                     const struct sighting *sighting)
{
    const struct config *config = output->config;
    struct event event = {
        .kind = EVENT_REFUSED,
        .reason = (enum reason)sighting->reason,
        .source = SOURCE_SNIFFER,
        .real_ns = sighting->captured_ns,
        .name = sighting->matched.length ? &sighting->matched : &sighting->question,
        .owner = &sighting->owner,
        .sighting = sighting,
    };

    /* The first whitelist that the name belongs to: for which it was refused. */
    for (size_t i = 0; i < config->whitelist_count && !event.pattern; i++) {
        event.pattern = policy_pattern(&config->whitelists[i], event.name);
        if (event.pattern)
            event.whitelist = &config->whitelists[i];
    }
    return event;
}

void replay_output_refusal(struct replay_output *output, const struct sighting *sighting)
{
    struct event event = refusal_to_event(output, sighting);

    if (!output->all)
        return;
    if (sighting->address_count == 0)
        output_event_print(output, &event);
    for (unsigned i = 0; i < sighting->address_count; i++) {
        event.address = &sighting->addresses[i].address;
        event.record = (enum record_type)sighting->addresses[i].record;
        output_event_print(output, &event);
    }
}

void replay_output_alarm(struct replay_output *output, const struct alarm_report *alarm)
{
    struct event event = refusal_to_event(output, &alarm->sighting);

    event.alarm = alarm;
    if (output->all)
        output_event_print(output, &event);
}

void replay_output_flush(struct replay_output *output)
{
    if (output->table)
        table_flush(output->table);
    if (fflush(stdout) == EOF)
        output->failed = true;
}

bool replay_output_failed(const struct replay_output *output)
{
    return output->failed || ferror(stdout);
}

/* "before A 1, B 2" with the names of what is not 0; nothing when all are. */
static void counts_print(const char *before, size_t count, const uint64_t *values,
                         const char *const *names)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        if (values[i] == 0)
            continue;
        fprintf(stderr, "%s%s %" PRIu64, any ? ", " : before, names[i], values[i]);
        any = true;
    }
    if (any)
        fputc('\n', stderr);
}

/* What was passed over before anybody looked at names. */
static const enum counter unread[] = {
    COUNTER_NOT_DNS,           COUNTER_BAD_FRAMES,    COUNTER_OTHER_VLAN,
    COUNTER_CUT_BY_SNAPLEN,    COUNTER_CUT_BEFORE,    COUNTER_FRAGMENTS_FORGOTTEN,
    COUNTER_FRAGMENTS_REFUSED, COUNTER_TCP_LOST,      COUNTER_TCP_GIVEN_UP,
    COUNTER_TCP_CONFLICTS,     COUNTER_TCP_UNTRUSTED, COUNTER_QUESTIONS_DROPPED,
    COUNTER_STRANGE_TUNNELS,
};

enum { UNREAD = sizeof(unread) / sizeof(unread[0]) };

/* A capture taken where packets are sent shows them before the interface has filled in their sums.
 */
static void bare_checksums_print(uint64_t count, const char *became)
{
    if (count > 0)
        fprintf(stderr, "%" PRIu64 " checksums were left to the network card (offload): %s\n",
                count, became);
}

void replay_output_summary(const struct counters *counters,
                           const struct setsync_statistics *statistics)
{
    const uint64_t *value = counters->value;
    uint64_t refused[REASON_COUNT], passed_over[UNREAD];
    const char *reasons[REASON_COUNT], *passed_names[UNREAD];

    for (size_t i = 0; i < REASON_COUNT; i++) {
        refused[i] = i == REASON_NONE ? 0 : counters->refused[i] + statistics->refused[i];
        reasons[i] = reason_name((enum reason)i);
    }
    for (size_t i = 0; i < UNREAD; i++) {
        passed_over[i] = value[unread[i]];
        passed_names[i] = counter_name(unread[i]);
    }
    fprintf(stderr,
            "%" PRIu64 " frames, %" PRIu64 " answers: %" PRIu64 " foreign, %" PRIu64 " matching\n",
            value[COUNTER_FRAMES], value[COUNTER_ANSWERS], value[COUNTER_FOREIGN_ANSWERS],
            value[COUNTER_MATCHING_ANSWERS]);
    counts_print("passed over: ", UNREAD, passed_over, passed_names);
    bare_checksums_print(value[COUNTER_BARE_CHECKSUMS], "accepted");
    bare_checksums_print(value[COUNTER_BARE_CHECKSUMS_REFUSED],
                         "refused by checksums = \"verify\"");
    fprintf(stderr,
            "granted %" PRIu64 ", extended %" PRIu64 ", expired %" PRIu64 ", evicted %" PRIu64 "\n",
            statistics->granted, statistics->extended, statistics->expired, statistics->evicted);
    counts_print("refused: ", REASON_COUNT, refused, reasons);
}
