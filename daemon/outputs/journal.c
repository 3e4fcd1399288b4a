/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line an event: "granted ADDRESS in SET for N s: NAME (A, resolver R, client C)".
 */
#include "daemon/outputs/journal.h"

#include "base/clock.h"
#include "base/journald.h"
#include "base/log.h"
#include "daemon/outputs/journal_fields.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct line {
    char *text;
    size_t used;
};

static __attribute__((format(printf, 2, 3))) void add(struct line *line, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line->text + line->used, JOURNAL_LINE_MAX - line->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        line->used += (size_t)length;
    if (line->used >= JOURNAL_LINE_MAX)
        line->used = JOURNAL_LINE_MAX - 1;
}

static void add_name(struct line *line, const struct dname *name)
{
    char text[DNAME_TEXT_MAX];
    if (name && name->length > 0)
        add(line, "%s", dname_to_text(name, text));
}

static void add_address(struct line *line, const char *before, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];
    if (address && address->family != ADDRESS_NONE)
        add(line, "%s%s", before, address_to_text(address, text));
}

static void add_set(struct line *line, const char *before, const struct set_name *set)
{
    char text[SET_TEXT_MAX];
    if (set)
        add(line, "%s%s", before, set_name_to_text(set, text));
}

/* "(A, resolver 192.0.2.53, client 192.0.2.10, on eth1)": how it is known. */
static void add_origin(struct line *line, const struct event *event)
{
    const struct sighting *sighting = event->sighting;
    add(line, " (%s",
        event->record != RECORD_NONE ? record_type_name(event->record)
                                     : source_name(event->source));
    if (sighting) {
        add_address(line, ", resolver ", &sighting->resolver);
        add_address(line, ", client ", &sighting->client);
        if (sighting->interface[0] != '\0')
            add(line, ", on %s", sighting->interface);
    }
    add(line, ")");
}

static void add_names(struct line *line, const struct event *event)
{
    add_name(line, event->name);
    if (event->name && event->owner && event->owner->length > 0 &&
        !dname_equal(event->name, event->owner)) {
        add(line, " at ");
        add_name(line, event->owner);
    }
}

static void add_addresses_seen(struct line *line, const struct sighting *sighting)
{
    for (unsigned i = 0; i < sighting->address_count; i++)
        add_address(line, i ? ", " : "", &sighting->addresses[i].address);
    if (sighting->address_count == 0)
        add(line, "no address");
}

static void write_alarm(struct line *line, const struct event *event)
{
    const struct alarm_report *alarm = event->alarm;

    if (alarm && event->reason == REASON_OTHER_BYTES) {
        add(line, "alarm: TCP retransmission with different data; keeping the first copy");
        add_address(line, ": resolver ", &alarm->sighting.resolver);
        add_address(line, ", client ", &alarm->sighting.client);
        add(line, ", its port %u: possible spoofing", alarm->sighting.client_port);
        return;
    }
    add(line, "alarm: conflicting answer ignored: ");
    if (!alarm)
        return;
    add_name(line, &alarm->sighting.question);
    add_address(line, ", resolver ", &alarm->sighting.resolver);
    add_address(line, ", client ", &alarm->sighting.client);
    add(line, ": first ");
    for (unsigned i = 0; i < alarm->earlier_count; i++)
        add_address(line, i ? ", " : "", &alarm->earlier[i]);
    if (alarm->earlier_count == 0)
        add(line, "no address");
    add(line, "; then ");
    add_addresses_seen(line, &alarm->sighting);
    add(line, alarm->asked_again ? ": the question was repeated, so both may be genuine (rotating "
                                   "addresses); otherwise possible spoofing"
                                 : ": possible spoofing");
}

static void write_refusal(struct line *line, const struct event *event)
{
    const struct sighting *sighting = event->sighting;

    add(line, "refused ");
    if (event->address && event->address->family != ADDRESS_NONE)
        add_address(line, "", event->address);
    else if (sighting)
        add_addresses_seen(line, sighting);
    add_set(line, " for ", event->set);
    add(line, ": %s: ", reason_name(event->reason));
    if (event->name)
        add_names(line, event);
    else if (sighting)
        add_name(line, &sighting->question);
    add_origin(line, event);
}

static void write_end(struct line *line, const struct event *event, const char *why)
{
    add(line, "%s ", event_kind_name(event->kind));
    add_address(line, "", event->address);
    add_set(line, " from ", event->set);
    add(line, "%s: ", why);
    add_names(line, event);
}

const char *journal_line(const struct event *event, char out[static JOURNAL_LINE_MAX])
{
    struct line line = {.text = out};

    out[0] = '\0';
    switch (event->kind) {
    case EVENT_GRANTED:
    case EVENT_EXTENDED:
        add(&line, "%s ", event_kind_name(event->kind));
        add_address(&line, "", event->address);
        add_set(&line, " in ", event->set);
        add(&line, " for %u s: ", event->lifetime);
        add_names(&line, event);
        add_origin(&line, event);
        break;
    case EVENT_REFUSED:
        write_refusal(&line, event);
        break;
    case EVENT_ALARM:
        write_alarm(&line, event);
        break;
    case EVENT_EXPIRED:
    case EVENT_FORGOTTEN:
        write_end(&line, event, "");
        break;
    case EVENT_EVICTED:
        write_end(&line, event, " (full: max-addresses)");
        break;
    case EVENT_WAITED:
        add(&line, "a packet waited %" PRIu64 " us: ", event->wait ? event->wait->us : 0);
        add(&line, "%s", event->wait ? event->wait->outcome : "");
        add_address(&line, ": to ", event->address);
        if (event->wait)
            add_address(&line, " from ", &event->wait->client);
        break;
    case EVENT_COUNT:
        break;
    }
    return out;
}

/* As it always was: for a person at a terminal, or for whatever else reads stderr. */
static void write_line(enum log_level level, const char *text)
{
    if (level == LOG_LEVEL_WARNING)
        log_warning("%s", text);
    else if (level == LOG_LEVEL_INFO)
        log_info("%s", text);
    else
        log_debug("%s", text);
}

/* ---- how many lines ---- */

/* How loud, and how many: what is usual fits; a room full of one kind does not take the place of
 * another. */
static const struct {
    enum log_level level;
    const char *what; /* in "17 more ... suppressed" */
    unsigned room, per_second;
} kinds[EVENT_COUNT] = {
    [EVENT_GRANTED] = {LOG_LEVEL_INFO, "grants", 1000, 50},
    [EVENT_EXTENDED] = {LOG_LEVEL_DEBUG, "extensions", 100, 10},
    [EVENT_EXPIRED] = {LOG_LEVEL_INFO, "ends", 1000, 50},
    [EVENT_EVICTED] = {LOG_LEVEL_INFO, "evictions", 100, 10},
    [EVENT_REFUSED] = {LOG_LEVEL_DEBUG, "refusals", 10, 10},
    [EVENT_ALARM] = {LOG_LEVEL_WARNING, "alarms", 10, 10},
    [EVENT_FORGOTTEN] = {LOG_LEVEL_INFO, "withdrawals", 1000, 50},
    [EVENT_WAITED] = {LOG_LEVEL_DEBUG, "waits", 10, 10},
};

static bool may_tell(struct journal *journal, enum event_kind kind, uint64_t boot_ns)
{
    struct journal_limit *limit = &journal->limits[kind];
    uint64_t line_ns = NS_PER_SECOND / kinds[kind].per_second;
    uint64_t full_ns = (limit->full_ns > boot_ns ? limit->full_ns : boot_ns) + line_ns;

    if (full_ns - boot_ns > kinds[kind].room * line_ns) {
        limit->untold++;
        return false;
    }
    limit->full_ns = full_ns;
    return true;
}

void journal_pulse(void *self)
{
    struct journal *journal = self;

    for (unsigned kind = 0; kind < EVENT_COUNT; kind++) {
        struct journal_limit *limit = &journal->limits[kind];
        char text[96];

        if (limit->untold == 0)
            continue;
        snprintf(text, sizeof(text), "%llu more %s suppressed", (unsigned long long)limit->untold,
                 kinds[kind].what);
        write_line(kinds[kind].level, text);
        limit->untold = 0;
    }
}

/* ---- systemd's journal ---- */

static void disconnect(struct journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = -1;
}

/* When stderr is systemd's journal, events go there with fields of their own (journal_fields.h). */
static void journal_connect(struct journal *journal)
{
    journal->fd = log_is_journal() ? journald_open(JOURNALD_PATH) : -1;
}

/* True when it is in the journal, or counted as lost: the journal is never waited for. */
static bool send_entry(struct journal *journal, const struct journald_entry *entry)
{
    int result = journald_send(journal->fd, entry);

    if (result < 0 && result != -EAGAIN && result != -ENOBUFS) {
        disconnect(journal);
        journal_connect(journal);
        result = journal->fd < 0 ? -ENOTCONN : journald_send(journal->fd, entry);
    }
    if (result == -EAGAIN || result == -ENOBUFS) {
        journal->lost++;
        return true;
    }
    if (result < 0)
        return false;
    if (journal->lost > 0)
        log_warning("%llu lines were dropped before this one: the journal was too slow",
                    (unsigned long long)journal->lost);
    journal->lost = 0;
    return true;
}

static bool enter(struct journal *journal, const struct event *event, enum log_level level,
                  const char *text)
{
    struct journald_entry entry;

    if (journal->fd < 0)
        return false;
    entry.used = 0;
    journald_add(&entry, "MESSAGE", text);
    journald_add(&entry, "PRIORITY", (const char[]){log_priority(level), '\0'});
    journald_add(&entry, "SYSLOG_IDENTIFIER", "wildsetd");
    journal_fields(event, &entry);
    return send_entry(journal, &entry);
}

void journal_close(struct journal *journal)
{
    journal_pulse(journal);
    disconnect(journal);
}

void journal_event(void *self, const struct event *event, uint64_t boot_ns)
{
    struct journal *journal = self;
    enum log_level level = kinds[event->kind].level;
    char text[JOURNAL_LINE_MAX];

    if (!log_wants(level))
        return;
    if (!may_tell(journal, event->kind, boot_ns))
        return;
    journal_line(event, text);
    if (!enter(journal, event, level, text))
        write_line(level, text);
}

/* ---- as an output ---- */

static int journal_row_open(const struct output_setting *setting, void **self, const char **what)
{
    struct journal *journal = calloc(1, sizeof(*journal));

    (void)setting, (void)what;
    if (!journal)
        return -ENOMEM;
    journal_connect(journal);
    *self = journal;
    return 0;
}

static void journal_row_close(void *self)
{
    if (self)
        journal_close(self);
    free(self);
}

const struct output journal_output = {
    .name = "the journal",
    .open = journal_row_open,
    .close = journal_row_close,
    .event = journal_event,
    .pulse = journal_pulse,
};
