/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset list`: the leases, as the daemon's control socket tells them one by one.
 */
#include "client/commands.h"
#include "client/connection.h"
#include "client/options.h"
#include "client/table.h"

#include <errno.h>
#include <stdio.h>

static const struct options_page page = {
    .usage = "usage: wildset list [--json] [WHITELIST]\n",
    .help =
        "The addresses that are allowed now: address, name, time left and where it was learned.\n\n"
        "  --json          one object a line\n"
        "  --socket PATH   the daemon's socket\n\n"
        "Exit status: 0, 1 on an error, 64 wrong usage.\n",
};

static const struct table_column columns[] = {
    {.title = "ADDRESS"}, {.title = "NAME"},      {.title = "LEFT", .right = true},
    {.title = "SOURCE"},  {.title = "WHITELIST"},
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static const char *text_of(const json_t *lease, const char *key)
{
    return json_string_value(json_object_get(lease, key));
}

static void lease_print(struct table *table, const json_t *lease)
{
    char left[DURATION_TEXT_MAX];
    json_int_t seconds = json_integer_value(json_object_get(lease, "left"));
    const char *const cells[COLUMNS] = {
        text_of(lease, "address"),
        text_of(lease, "name"),
        duration_to_text(seconds > 0 ? (unsigned long long)seconds : 0, left),
        text_of(lease, "source"),
        text_of(lease, "whitelist"),
    };

    if (table)
        table_row(table, cells);
    else
        json_dumpf(lease, stdout, JSON_COMPACT);
    if (!table)
        putchar('\n');
}

/* 0 at the end of the list, or -errno; -ECANCELED when the daemon's error has been said. */
static int leases_print(struct connection *connection, struct table *table)
{
    for (;;) {
        json_t *reply = NULL;
        int got = connection_receive(connection, &reply);

        if (got <= 0)
            return got < 0 ? got : -ECONNRESET;
        bool lease = json_object_get(reply, "address") != NULL;
        if (lease)
            lease_print(table, reply);
        else if (reply_is_error(reply))
            got = -ECANCELED;
        json_decref(reply);
        if (!lease)
            return got < 0 ? got : 0;
    }
}

static int list_print(const char *path, const char *whitelist, struct table *table)
{
    struct connection *connection = NULL;
    json_t *arguments = whitelist ? json_pack("{s:s}", "whitelist", whitelist) : NULL;
    int error = connection_open(path, &connection);

    if (error == 0)
        error = connection_ask(connection, "list", arguments);
    if (error == 0)
        error = leases_print(connection, table);
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
        return options_refuse(&page, "wants one whitelist at most");

    struct table *table = options.json ? NULL : table_new(stdout, columns, COLUMNS);
    int error = list_print(options.socket, argv[options.first], table);
    bool empty = table && table_rows(table) == 0;
    table_free(table);

    if (error < 0 && error != -ECANCELED)
        connection_explain(options.socket, error);
    if (error == 0 && empty)
        fputs("wildset: no address is allowed now; `wildset status` says whether answers come\n",
              stderr);
    return error < 0 ? COMMAND_FAILED : COMMAND_OK;
}
