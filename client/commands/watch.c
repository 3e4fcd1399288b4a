/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset watch`: events as the daemon tells them, a line each.  Lines scroll; nothing that was
 * printed is ever touched again.
 */
#include "base/json_read.h"
#include "client/commands.h"
#include "client/connection.h"
#include "client/options.h"
#include "client/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct options_page page = {
    .usage = "usage: wildset watch [--json]\n",
    .help =
        "Prints events as they happen: granted, extended, expired, evicted (replaced by another\n"
        "address), forgotten (revoked), refused, alarm and waited (a packet for its address).  "
        "Runs\n"
        "until it is interrupted.\n\n"
        "  --json          one object a line\n"
        "  --socket PATH   the daemon's socket\n\n"
        "Exit status: 1 when the daemon ends or cannot be reached, 64 wrong usage.\n",
};

static const struct table_column columns[] = {
    {.title = "TIME", .least = 27},       {.title = "EVENT", .least = 9},
    {.title = "ADDRESS", .least = 15},    {.title = "RECORD"},
    {.title = "LIFETIME", .right = true}, {.title = "NAME", .least = 24},
    {.title = "SET", .least = 22},        {.title = "NOTE"},
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), NOTE_MAX = 2048, NUMBER_MAX = 24 };

static size_t event_addresses_append(char note[static NOTE_MAX], size_t used, const char *before,
                                     const json_t *addresses)
{
    size_t index;
    const json_t *address;

    if (used < NOTE_MAX)
        used += (size_t)snprintf(note + used, NOTE_MAX - used, "%s", before);
    json_array_foreach(addresses, index, address)
    {
        const char *text = json_string_value(address);
        if (text && used < NOTE_MAX)
            used += (size_t)snprintf(note + used, NOTE_MAX - used, " %s", text);
    }
    if (json_array_size(addresses) == 0 && used < NOTE_MAX)
        used += (size_t)snprintf(note + used, NOTE_MAX - used, " no address");
    return used;
}

/* Why, by whom, and the chain's end where that is another name. */
static void event_note_make(const json_t *event, char note[static NOTE_MAX])
{
    const char *owner = text_of(event, "owner"), *client = text_of(event, "client");
    const json_t *earlier = json_object_get(event, "earlier");
    size_t used = (size_t)snprintf(note, NOTE_MAX, "%s", text_of(event, "reason"));

    if (earlier) {
        used = event_addresses_append(note, used, ":", json_object_get(event, "addresses"));
        used = event_addresses_append(note, used, "; before:", earlier);
    }
    if (*owner && *text_of(event, "name") && !text_is(event, "name", owner) && used < NOTE_MAX)
        used +=
            (size_t)snprintf(note + used, NOTE_MAX - used, "%sowner %s", used ? "; " : "", owner);
    if (*client && used < NOTE_MAX)
        used +=
            (size_t)snprintf(note + used, NOTE_MAX - used, "%sclient %s", used ? "; " : "", client);
    if (json_object_get(event, "waited_us") && used < NOTE_MAX)
        snprintf(note + used, NOTE_MAX - used, "; %s after %" JSON_INTEGER_FORMAT " us",
                 text_of(event, "outcome"), number_of(event, "waited_us"));
}

static void event_row_print(struct table *table, const json_t *event)
{
    const json_t *lifetime = json_object_get(event, "lifetime");
    char note[NOTE_MAX], seconds[NUMBER_MAX] = "";

    event_note_make(event, note);
    if (json_is_integer(lifetime))
        snprintf(seconds, sizeof(seconds), "%" JSON_INTEGER_FORMAT, json_integer_value(lifetime));
    const char *const cells[COLUMNS] = {
        text_of(event, "time"),
        text_of(event, "event"),
        text_of(event, "address"),
        text_of(event, "record"),
        seconds,
        text_of(event, "name"),
        text_of(event, "set"),
        note,
    };
    table_row(table, cells);
}

/* An event, or how many were lost before the next one. */
static void object_print(struct table *table, const json_t *object)
{
    if (!table) {
        json_dumpf(object, stdout, JSON_COMPACT);
        putchar('\n');
    } else if (json_object_get(object, "lost")) {
        table_flush(table);
        printf("-- %" JSON_INTEGER_FORMAT
               " events were lost here: they were not read fast enough --\n",
               number_of(object, "lost"));
    } else {
        event_row_print(table, object);
    }
}

/* Always -errno: of how it ended.  -ECANCELED when that has been said. */
static int events_print(struct connection *connection, struct table *table)
{
    for (;;) {
        json_t *object = NULL;
        int got = connection_receive(connection, &object);

        if (got <= 0)
            return got < 0 ? got : -ECONNRESET;
        object_print(table, object);
        json_decref(object);
        if (connection_has_more(connection))
            continue; /* what came together is printed together */
        if (table)
            table_flush(table);
        if (fflush(stdout) != 0) {
            perror("wildset: standard output");
            return -ECANCELED;
        }
    }
}

/* 0 when the daemon has agreed. */
static int watching_begin(struct connection *connection)
{
    json_t *reply = NULL;
    int error = connection_ask(connection, "watch", NULL);

    if (error == 0)
        error = connection_receive(connection, &reply);
    if (error <= 0)
        return error < 0 ? error : -ECONNRESET;
    error = reply_is_error(reply) ? -ECANCELED : connection_be_patient(connection);
    json_decref(reply);
    return error;
}

int watch_main(int argc, char **argv)
{
    struct options options;
    struct connection *connection = NULL;

    if (!options_read(&options, &page, argc, argv, OPTION_JSON | OPTION_SOCKET))
        return options.status;
    if (argc != options.first)
        return options_refuse(&page, "takes no argument");

    struct table *table = options.json ? NULL : table_new(stdout, columns, COLUMNS);
    int error = connection_open(options.socket, &connection);
    if (error == 0)
        error = watching_begin(connection);
    if (error == 0)
        error = events_print(connection, table);
    table_free(table);
    fflush(stdout);
    if (error == -ECONNRESET)
        fputs("wildset: wildsetd exited: try `systemctl status wildset`\n", stderr);
    else if (error != -ECANCELED)
        connection_explain(options.socket, error);
    connection_close(connection);
    return COMMAND_FAILED;
}
