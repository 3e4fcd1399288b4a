/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leases that `list` shows, each a row of cells: put into order, each once, and only the first
 * ones kept where no more are wanted, so that their memory does not grow with the table.
 */
#ifndef WILDSET_CLIENT_COMMANDS_LEASE_ROWS_H
#define WILDSET_CLIENT_COMMANDS_LEASE_ROWS_H

#include "dnsparse/names/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a row of the daemon's holds, in its order. */
enum lease_cell {
    CELL_SET,
    CELL_ADDRESS,
    CELL_NAME,
    CELL_LEFT,
    CELL_SOURCE,
    CELL_WHITELIST,
    CELL_ELEMENT,
    LEASE_CELLS,
    CELL_JSON = LEASE_CELLS, /* the whole lease, where that is what was asked for */
    LEASE_CELLS_MOST,
};

struct lease_row {
    char *text; /* the cells, each with its NUL */
    struct address address;
    uint64_t left;
    uint16_t cell[LEASE_CELLS_MOST]; /* where each begins; 0 for the JSON: there is none */
};

struct lease_order {
    int (*compare)(const struct lease_row *a,
                   const struct lease_row *b); /* NULL: by set and address */
    bool descending;
    size_t most; /* rows; 0: all */
};

struct lease_rows {
    struct lease_row *row;
    size_t count, room;
    struct lease_order order;
};

/* "address", "left", "name", "source", "whitelist", with "-" in front for the other way round. */
bool lease_order_from_text(const char *text, struct lease_order *out);

static inline const char *lease_cell(const struct lease_row *row, enum lease_cell cell)
{
    return row->text + row->cell[cell];
}

/* Cells with tabs between them.  -EPROTO for what is no row, or -ENOMEM. */
int lease_row_read(const char *text, size_t size, struct lease_row *out);
void lease_row_free(struct lease_row *row);

/* Takes the row, also when it fails with -ENOMEM. */
int lease_rows_add(struct lease_rows *rows, struct lease_row *row);
/* Each lease once, in order, and no more than are wanted. */
void lease_rows_finish(struct lease_rows *rows);
void lease_rows_free(struct lease_rows *rows);

#endif
