/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset list`: the leases.  The daemon tells them one by one and in no order; they are sorted
 * here, by set and address, and what it told twice is printed once.
 */
#include "client/commands.h"
#include "client/connection.h"
#include "client/options.h"
#include "client/table.h"

#include "dnsparse/address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct options_page page = {
    .usage = "usage: wildset list [--json] [WHITELIST]\n",
    .help =
        "The addresses that are allowed now: address, name, time left and where it was learned.\n"
        "\"covered\": somebody else's element is in the set, which stays as it is.\n"
        "\"leaving\": not allowed any more; the kernel has yet to let go of it.\n\n"
        "  --json          one object a line\n"
        "  --socket PATH   the daemon's socket\n\n"
        "Exit status: 0, 1 on an error, 64 wrong usage.\n",
};

static const struct table_column columns[] = {
    {.title = "ADDRESS"}, {.title = "NAME"},      {.title = "LEFT", .right = true},
    {.title = "SOURCE"},  {.title = "WHITELIST"},
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), SOURCE_TEXT_MAX = 64 };

/* "" for what is not there. */
static const char *text_of(const json_t *lease, const char *key)
{
    const char *text = json_string_value(json_object_get(lease, key));
    return text ? text : "";
}

static void lease_print(struct table *table, const json_t *lease)
{
    char left[DURATION_TEXT_MAX];
    json_int_t seconds = json_integer_value(json_object_get(lease, "left"));
    const char *source = text_of(lease, "source");
    const char *element = text_of(lease, "element");
    char covered[SOURCE_TEXT_MAX];

    snprintf(covered, sizeof(covered), "%s, covered", source);
    const char *const cells[COLUMNS] = {
        text_of(lease, "address"),
        text_of(lease, "name"),
        duration_to_text(seconds > 0 ? (unsigned long long)seconds : 0, left),
        strcmp(element, "foreign") == 0   ? covered
        : strcmp(element, "leaving") == 0 ? element
                                          : source,
        text_of(lease, "whitelist"),
    };

    if (table)
        table_row(table, cells);
    else
        json_dumpf(lease, stdout, JSON_COMPACT);
    if (!table)
        putchar('\n');
}

struct entry {
    char *set;
    struct address address;
    char *text; /* the lease, as JSON */
};

struct entries {
    struct entry *entry;
    size_t count, room;
};

static void entries_free(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        free(entries->entry[i].set);
        free(entries->entry[i].text);
    }
    free(entries->entry);
}

static int entries_add(struct entries *entries, const json_t *lease)
{
    const char *set = text_of(lease, "set"), *address = text_of(lease, "address");
    struct entry entry = {.set = strdup(set), .text = json_dumps(lease, JSON_COMPACT)};

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
    if (*address)
        address_from_text(address, &entry.address);
    entries->entry[entries->count++] = entry;
    return 0;
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
        json_t *lease = json_loads(entries->entry[i].text, 0, NULL);
        lease_print(table, lease);
        json_decref(lease);
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
        bool lease = json_object_get(reply, "address") != NULL;
        if (lease)
            got = entries_add(entries, reply);
        else
            got = reply_is_error(reply) ? -ECANCELED : 0;
        json_decref(reply);
        if (!lease || got < 0)
            return got;
    }
}

static int list_print(const char *path, const char *whitelist, struct table *table)
{
    struct connection *connection = NULL;
    struct entries entries = {.count = 0};
    json_t *arguments = whitelist ? json_pack("{s:s}", "whitelist", whitelist) : NULL;
    int error = connection_open(path, &connection);

    if (error == 0)
        error = connection_ask(connection, "list", arguments);
    if (error == 0)
        error = leases_receive(connection, &entries);
    entries_print(&entries, table);
    entries_free(&entries);
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
