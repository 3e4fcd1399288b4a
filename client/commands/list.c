/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset list`: the leases.  The daemon tells them one by one and in no order; they are sorted
 * here, by set and address, and what it told twice is printed once.
 */
#include "base/json_read.h"
#include "client/commands.h"
#include "client/connection.h"
#include "client/options.h"
#include "client/table.h"

#include "dnsparse/names/address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct options_page page = {
    .usage = "usage: wildset list [--json] [WHITELIST]\n",
    .help =
        "The addresses that are allowed now: address, name, time left and where it was learned.\n"
        "\"covered\": present as an element not managed by wildset.\n"
        "\"leaving\": no longer allowed; the element is about to be removed.\n\n"
        "  --json          one object a line\n"
        "  --socket PATH   the daemon's socket\n\n"
        "Exit status: 0, 1 on an error, 64 wrong usage.\n",
};

static const struct table_column columns[] = {
    {.title = "ADDRESS"}, {.title = "NAME"},      {.title = "LEFT", .right = true},
    {.title = "SOURCE"},  {.title = "WHITELIST"},
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), SOURCE_TEXT_MAX = 64 };

/* What a row of the daemon's holds, in its order. */
enum cell {
    CELL_SET,
    CELL_ADDRESS,
    CELL_NAME,
    CELL_LEFT,
    CELL_SOURCE,
    CELL_WHITELIST,
    CELL_ELEMENT,
    CELLS
};

static void lease_row_print(struct table *table, char *row)
{
    char left[DURATION_TEXT_MAX], covered[SOURCE_TEXT_MAX];
    char *cells[CELLS], *rest = row;
    size_t count = 0;

    for (; count < CELLS && rest; count++)
        cells[count] = strsep(&rest, "\t");
    if (count < CELLS || rest)
        return; /* no row */
    const char *source = cells[CELL_SOURCE];
    if (strcmp(cells[CELL_ELEMENT], "leaving") == 0)
        source = cells[CELL_ELEMENT];
    if (strcmp(cells[CELL_ELEMENT], "foreign") == 0) {
        snprintf(covered, sizeof(covered), "%s, covered", source);
        source = covered;
    }
    const char *const shown[COLUMNS] = {
        cells[CELL_ADDRESS],
        cells[CELL_NAME],
        duration_to_text(strtoull(cells[CELL_LEFT], NULL, 10), left),
        source,
        cells[CELL_WHITELIST],
    };
    table_row(table, shown);
}

struct entry {
    char *set;
    struct address address;
    char *text; /* the lease, as JSON or as a row */
};

struct entries {
    struct entry *entry;
    size_t count, room;
};

/* Takes `text`. */
static int entries_add(struct entries *entries, const char *set, size_t set_size,
                       const char *address, char *text)
{
    struct entry entry = {.set = strndup(set, set_size), .text = text};

    if (entries->count == entries->room) {
        size_t room = entries->room ? 2 * entries->room : 64;
        struct entry *more = reallocarray(entries->entry, room, sizeof(*more));
        entries->room = more ? room : entries->room;
        entries->entry = more ? more : entries->entry;
    }
    if (!entry.set || !entry.text || entries->count == entries->room) {
        free(entry.set);
        free(entry.text);
        return -ENOMEM;
    }
    (void)address_from_text(address, &entry.address);
    entries->entry[entries->count++] = entry;
    return 0;
}

/* Each line of the text is a row. */
static int rows_add(struct entries *entries, const char *rows)
{
    int error = 0;

    for (const char *row = rows, *end; error == 0 && (end = strchr(row, '\n')); row = end + 1) {
        size_t size = (size_t)(end - row);
        char address[ADDRESS_TEXT_MAX] = "";
        const char *tab = memchr(row, '\t', size);
        const char *next = tab ? memchr(tab + 1, '\t', size - (size_t)(tab + 1 - row)) : NULL;

        if (!next || next - tab > (ptrdiff_t)sizeof(address))
            return -EPROTO;
        memcpy(address, tab + 1, (size_t)(next - tab - 1));
        error = entries_add(entries, row, (size_t)(tab - row), address, strndup(row, size));
    }
    return error;
}

static int entries_compare(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    int order = strcmp(left->set, right->set);

    return order ? order : address_compare(&left->address, &right->address);
}

static void entries_print(struct entries *entries, struct table *table)
{
    if (entries->count > 0)
        qsort(entries->entry, entries->count, sizeof(*entries->entry), entries_compare);
    for (size_t i = 0; i < entries->count; i++) {
        if (i > 0 && entries_compare(&entries->entry[i - 1], &entries->entry[i]) == 0)
            continue;
        if (table)
            lease_row_print(table, entries->entry[i].text);
        else
            puts(entries->entry[i].text);
    }
}

/* 0 at the end of the list, or -errno; -ECANCELED when the daemon's error has been said. */
static int leases_receive(struct connection *connection, struct entries *entries)
{
    for (;;) {
        json_t *reply = NULL;
        int got = connection_receive(connection, &reply);

        if (got <= 0)
            return got < 0 ? got : -ECONNRESET;
        const char *rows = json_string_value(json_object_get(reply, "rows"));
        const char *set = text_of(reply, "set");
        bool is_lease = json_is_string(json_object_get(reply, "address"));
        if (rows)
            got = rows_add(entries, rows);
        else if (is_lease)
            got = entries_add(entries, set, strlen(set), text_of(reply, "address"),
                              json_dumps(reply, JSON_COMPACT));
        else
            got = reply_is_error(reply) ? -ECANCELED : 0;
        json_decref(reply);
        if ((!rows && !is_lease) || got < 0)
            return got;
    }
}

static int list_print(const char *path, const char *whitelist, struct table *table)
{
    struct connection *connection = NULL;
    struct entries entries = {.count = 0};
    json_t *arguments =
        json_pack("{s:s*, s:s*}", "whitelist", whitelist, "as", table ? "rows" : NULL);
    int error = connection_open(path, &connection);

    if (error == 0)
        error = connection_ask(connection, "list", arguments);
    if (error == 0)
        error = leases_receive(connection, &entries);
    entries_print(&entries, table);
    for (size_t i = 0; i < entries.count; i++) {
        free(entries.entry[i].set);
        free(entries.entry[i].text);
    }
    free(entries.entry);
    connection_close(connection);
    json_decref(arguments);
    return error;
}

int list_main(int argc, char **argv)
{
    struct options options;

    if (!options_read(&options, &page, argc, argv, OPTION_JSON | OPTION_SOCKET))
        return options.status;
    if (argc - options.first > 1)
        return options_refuse(&page, "expected at most one whitelist");

    struct table *table = options.json ? NULL : table_new(stdout, columns, COLUMNS);
    int error = list_print(options.socket, argv[options.first], table);
    bool empty = table && table_rows(table) == 0;
    table_free(table);

    if (error < 0 && error != -ECANCELED)
        connection_explain(options.socket, error);
    if (error == 0 && empty)
        fputs(
            "wildset: no address is allowed now; `wildset status` shows whether answers are seen\n",
            stderr);
    return error < 0 ? COMMAND_FAILED : COMMAND_OK;
}
