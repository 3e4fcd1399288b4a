/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people see: colours, durations, and rows in aligned columns.  Rows are held back until there
 * are enough of them to know the widths, or until the table ends; a later cell that is wider widens
 * its column from there on, so a table of any length costs the same memory.
 */
#ifndef WILDSET_CLIENT_TABLE_H
#define WILDSET_CLIENT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table_column {
    const char *title;
    bool right;   /* align right: numbers */
    size_t least; /* width, where rows come one by one and the first must not decide */
};

struct table;

/* NULL when out of memory. */
struct table *table_new(FILE *out, const struct table_column *columns, size_t count);
/* Prints what is held back.  A table without rows prints nothing, no titles either. */
void table_free(struct table *table);
/*
 * One row of `count` cells, copied; NULL is an empty one.  Bytes that are no printable ASCII come
 * out as '?'.  0 or -ENOMEM.
 */
int table_row(struct table *table, const char *const *cells);
/* Prints what is held back. */
void table_flush(struct table *table);
/* Rows so far. */
size_t table_rows(const struct table *table);

/* "1d 2h", "9m 58s", "12s": the two greatest units.  Returns `out`. */
enum { DURATION_TEXT_MAX = 32 };
const char *duration_to_text(unsigned long long seconds, char out[static DURATION_TEXT_MAX]);

enum colour {
    COLOUR_NONE,
    COLOUR_GOOD,
    COLOUR_WARNING,
    COLOUR_FAILURE,
};
/* On a terminal, unless NO_COLOR (https://no-color.org) is set or TERM is "dumb". */
bool colour_is_wanted(FILE *out);
/* What switches a colour on and, COLOUR_NONE, off; "" where colours are not wanted. */
const char *colour_code(enum colour colour, bool wanted);

#endif
