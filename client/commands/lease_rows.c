/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon may tell a lease twice, with another time left, when its table grows meanwhile: which
 * rows are the same is found by set and address, before they are put into the order asked for.
 */
#include "client/commands/lease_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_AT_LEAST = 1024 };

static int compare_place(const struct lease_row *a, const struct lease_row *b)
{
    int order = strcmp(lease_cell(a, CELL_SET), lease_cell(b, CELL_SET));

    return order ? order : address_compare(&a->address, &b->address);
}

static int compare_address(const struct lease_row *a, const struct lease_row *b)
{
    return address_compare(&a->address, &b->address);
}

static int compare_left(const struct lease_row *a, const struct lease_row *b)
{
    return (a->left > b->left) - (a->left < b->left);
}

static int compare_name(const struct lease_row *a, const struct lease_row *b)
{
    return strcmp(lease_cell(a, CELL_NAME), lease_cell(b, CELL_NAME));
}

static int compare_source(const struct lease_row *a, const struct lease_row *b)
{
    return strcmp(lease_cell(a, CELL_SOURCE), lease_cell(b, CELL_SOURCE));
}

static int compare_whitelist(const struct lease_row *a, const struct lease_row *b)
{
    return strcmp(lease_cell(a, CELL_WHITELIST), lease_cell(b, CELL_WHITELIST));
}

static const struct {
    const char *name;
    int (*compare)(const struct lease_row *a, const struct lease_row *b);
} keys[] = {
    {"address", compare_address}, {"left", compare_left},           {"name", compare_name},
    {"source", compare_source},   {"whitelist", compare_whitelist},
};

bool lease_order_from_text(const char *text, struct lease_order *out)
{
    bool descending = *text == '-';

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i].name, text + descending) != 0)
            continue;
        out->compare = keys[i].compare;
        out->descending = descending;
        return true;
    }
    return false;
}

/* ---- a row ---- */

int lease_row_read(const char *text, size_t size, struct lease_row *out)
{
    struct lease_row row = {.text = strndup(text, size)};
    size_t count = 0;
    char *rest = row.text, *end = NULL;

    if (!row.text)
        return -ENOMEM;
    while (rest && count < LEASE_CELLS_MOST && rest - row.text <= UINT16_MAX)
        row.cell[count++] = (uint16_t)(strsep(&rest, "\t") - row.text);
    if (rest || count < LEASE_CELLS ||
        !address_from_text(lease_cell(&row, CELL_ADDRESS), &row.address)) {
        free(row.text);
        return -EPROTO;
    }
    row.left = strtoull(lease_cell(&row, CELL_LEFT), &end, 10);
    *out = row;
    return 0;
}

void lease_row_free(struct lease_row *row)
{
    free(row->text);
    row->text = NULL;
}

/* ---- all of them ---- */

static int sort_by_place(const void *a, const void *b)
{
    return compare_place(a, b);
}

/* Ends among equals with the place, so that the same leases come in the same order each time. */
static int sort_by_order(const void *a, const void *b, void *order)
{
    const struct lease_order *wanted = order;
    int result = wanted->compare(a, b);

    if (result == 0)
        return compare_place(a, b);
    return wanted->descending ? -result : result;
}

static void rows_unique(struct lease_rows *rows)
{
    size_t kept = 0;

    qsort(rows->row, rows->count, sizeof(*rows->row), sort_by_place);
    for (size_t i = 0; i < rows->count; i++) {
        if (kept > 0 && compare_place(&rows->row[kept - 1], &rows->row[i]) == 0)
            lease_row_free(&rows->row[i]);
        else
            rows->row[kept++] = rows->row[i];
    }
    rows->count = kept;
}

void lease_rows_finish(struct lease_rows *rows)
{
    if (rows->count == 0)
        return;
    rows_unique(rows);
    if (rows->order.compare)
        qsort_r(rows->row, rows->count, sizeof(*rows->row), sort_by_order, &rows->order);
    while (rows->order.most > 0 && rows->count > rows->order.most)
        lease_row_free(&rows->row[--rows->count]);
}

/* Room for another row: where the last of them cannot be wanted any more, theirs. */
static bool rows_make_room(struct lease_rows *rows)
{
    size_t most = rows->order.most;

    if (rows->count < rows->room)
        return true;
    if (most > 0 && rows->count >= ROOM_AT_LEAST && rows->count / 2 >= most) {
        lease_rows_finish(rows);
        return true;
    }
    size_t room = rows->room ? 2 * rows->room : ROOM_AT_LEAST;
    struct lease_row *more = reallocarray(rows->row, room, sizeof(*more));
    if (!more)
        return false;
    rows->row = more;
    rows->room = room;
    return true;
}

int lease_rows_add(struct lease_rows *rows, struct lease_row *row)
{
    if (!rows_make_room(rows)) {
        lease_row_free(row);
        return -ENOMEM;
    }
    rows->row[rows->count++] = *row;
    return 0;
}

void lease_rows_free(struct lease_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        lease_row_free(&rows->row[i]);
    free(rows->row);
}
