/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset list`: the leases.  The daemon tells them one by one and in no order; they are sorted
 * here, and what it told twice is printed once.
 */
#include "client/commands.h"
#include "client/commands/lease_filter.h"
#include "client/commands/lease_rows.h"
#include "client/connection.h"
#include "client/options.h"
#include "client/table.h"

#include "base/json_read.h"
#include "daemon/config/values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct options_page page = {
    .usage = "usage: wildset list [--sort KEY] [--limit N] [--name PATTERN] [--source NAME]\n"
             "                    [--client ADDRESS] [--json] [WHITELIST]\n",
    .help =
        "The addresses that are allowed now: address, name, time left and where it was learned.\n"
        "\"covered\": present as an element not managed by wildset.\n"
        "\"leaving\": no longer allowed; the element is about to be removed.\n\n"
        "  --sort KEY        by address, left, name, source or whitelist instead of set and\n"
        "                    address; -KEY for the reverse order\n"
        "  --limit N         the first N of them\n"
        "  --name PATTERN    for names that match, as in the configuration: \"*.example.net\"\n"
        "  --source NAME     learned by this source\n"
        "  --client ADDRESS  that this client, or one in this prefix, asked for\n"
        "  --json            one object a line\n"
        "  --socket PATH     the daemon's socket\n\n"
        "Exit status: 0, 1 on an error, 64 wrong usage.\n",
};

static const struct table_column columns[] = {
    {.title = "ADDRESS"}, {.title = "NAME"},      {.title = "LEFT", .right = true},
    {.title = "SOURCE"},  {.title = "WHITELIST"},
};

enum {
    COLUMNS = sizeof(columns) / sizeof(columns[0]),
    SOURCE_TEXT_MAX = 64,
    LIMIT_MOST = 1 << 24,
};

struct list {
    struct lease_filter filter;
    struct lease_rows rows;
    bool as_json;
};

static void lease_row_print(struct table *table, const struct lease_row *row)
{
    char left[DURATION_TEXT_MAX], covered[SOURCE_TEXT_MAX];
    const char *source = lease_cell(row, CELL_SOURCE), *element = lease_cell(row, CELL_ELEMENT);

    if (strcmp(element, "leaving") == 0)
        source = element;
    if (strcmp(element, "foreign") == 0) {
        snprintf(covered, sizeof(covered), "%s, covered", source);
        source = covered;
    }
    const char *const shown[COLUMNS] = {
        lease_cell(row, CELL_ADDRESS),     lease_cell(row, CELL_NAME),
        duration_to_text(row->left, left), source,
        lease_cell(row, CELL_WHITELIST),
    };
    table_row(table, shown);
}

static int list_add(struct list *list, const char *text, size_t size)
{
    struct lease_row row;
    int error = lease_row_read(text, size, &row);

    if (error)
        return error;
    if (lease_filter_takes(&list->filter, lease_cell(&row, CELL_NAME),
                           lease_cell(&row, CELL_SOURCE)))
        return lease_rows_add(&list->rows, &row);
    lease_row_free(&row);
    return 0;
}

/* Each line of the text is a row. */
static int list_add_rows(struct list *list, const char *rows)
{
    int error = 0;

    for (const char *row = rows, *end; error == 0 && (end = strchr(row, '\n')); row = end + 1)
        error = list_add(list, row, (size_t)(end - row));
    return error;
}

/* The same row, made of a lease as JSON. */
static int list_add_lease(struct list *list, const json_t *lease)
{
    char *json, *text = NULL;

    if (!lease_filter_takes_clients(&list->filter, lease))
        return 0;
    json = list->as_json ? json_dumps(lease, JSON_COMPACT) : NULL;
    int size = list->as_json && !json
                   ? -1
                   : asprintf(&text, "%s\t%s\t%s\t%" JSON_INTEGER_FORMAT "\t%s\t%s\t%s%s%s",
                              text_of(lease, "set"), text_of(lease, "address"),
                              text_of(lease, "name"), number_of(lease, "left"),
                              text_of(lease, "source"), text_of(lease, "whitelist"),
                              text_of(lease, "element"), json ? "\t" : "", json ? json : "");
    free(json);
    if (size < 0)
        return -ENOMEM;
    int error = list_add(list, text, (size_t)size);
    free(text);
    return error;
}

/* 0 at the end of the list, or -errno; -ECANCELED when the daemon's error has been said. */
static int list_receive(struct list *list, struct connection *connection)
{
    for (;;) {
        json_t *reply = NULL;
        int got = connection_receive(connection, &reply);

        if (got <= 0)
            return got < 0 ? got : -ECONNRESET;
        const char *rows = json_string_value(json_object_get(reply, "rows"));
        bool is_lease = json_is_string(json_object_get(reply, "address"));
        if (rows)
            got = list_add_rows(list, rows);
        else if (is_lease)
            got = list_add_lease(list, reply);
        else
            got = reply_is_error(reply) ? -ECANCELED : 0;
        json_decref(reply);
        if ((!rows && !is_lease) || got < 0)
            return got;
    }
}

static void list_print(struct list *list, struct table *table)
{
    lease_rows_finish(&list->rows);
    for (size_t i = 0; i < list->rows.count; i++) {
        const struct lease_row *row = &list->rows.row[i];

        if (table)
            lease_row_print(table, row);
        else if (row->cell[CELL_JSON])
            puts(lease_cell(row, CELL_JSON));
    }
}

/* Rows are quicker, and do not say who asked. */
static int list_ask(struct list *list, const char *path, const char *whitelist)
{
    struct connection *connection = NULL;
    bool as_rows = !list->as_json && list->filter.clients.address.family == ADDRESS_NONE;
    json_t *arguments =
        json_pack("{s:s*, s:s*}", "whitelist", whitelist, "as", as_rows ? "rows" : NULL);
    int error = connection_open(path, &connection);

    if (error == 0)
        error = connection_ask(connection, "list", arguments);
    if (error == 0)
        error = list_receive(list, connection);
    connection_close(connection);
    json_decref(arguments);
    return error;
}

/* NULL, or what is wrong with the options. */
static const char *list_make(const struct options *options, struct list *out)
{
    struct lease_order *order = &out->rows.order;
    uint32_t limit = 0;

    *out = (struct list){.as_json = options->json};
    if (options->sort && !lease_order_from_text(options->sort, order))
        return "--sort: expected address, left, name, source or whitelist, or one of them with -"
               " before it";
    if (options->limit && (!value_number(options->limit, LIMIT_MOST, &limit) || limit == 0))
        return "--limit: expected a number from 1 on";
    order->most = limit;
    return lease_filter_make(options, &out->filter);
}

int list_main(int argc, char **argv)
{
    struct options options;
    struct list list;

    if (!options_read(&options, &page, argc, argv,
                      OPTION_JSON | OPTION_SOCKET | OPTION_SORT | OPTION_NAME | OPTION_SOURCE |
                          OPTION_CLIENT | OPTION_LIMIT))
        return options.status;
    if (argc - options.first > 1)
        return options_refuse(&page, "expected at most one whitelist");
    const char *problem = list_make(&options, &list);
    if (problem)
        return options_refuse(&page, problem);

    int error = list_ask(&list, options.socket, argv[options.first]);
    struct table *table = options.json ? NULL : table_new(stdout, columns, COLUMNS);
    list_print(&list, table);
    bool empty = table && list.rows.count == 0;
    table_free(table);
    lease_rows_free(&list.rows);

    if (error < 0 && error != -ECANCELED)
        connection_explain(options.socket, error);
    if (error == 0 && empty)
        fputs(lease_filter_is_empty(&list.filter)
                  ? "wildset: no address is allowed now; `wildset status` shows whether answers are"
                    " seen\n"
                  : "wildset: no address that is allowed now matches the options\n",
              stderr);
    return error < 0 ? COMMAND_FAILED : COMMAND_OK;
}
