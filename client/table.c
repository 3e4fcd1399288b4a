/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libsmartcols prints the rows, some hundreds at a time.  It measures each such block anew; so that
 * the columns stay, all but the first block begin with a line that only keeps their widths.
 */
#include "client/table.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HELD_ROWS_MAX = 256 };

struct table {
    struct libscols_table *held;
    size_t column_count;
    size_t rows; /* in all */
    bool titled; /* and so the first line is widths_keep's */
};

struct table *table_new(FILE *out, const struct table_column *columns, size_t count)
{
    struct table *table = calloc(1, sizeof(*table));
    struct libscols_table *held = table ? scols_new_table() : NULL;
    bool good = held != NULL;

    if (good) {
        scols_table_set_stream(held, out);
        scols_table_set_termforce(held, SCOLS_TERMFORCE_NEVER); /* nothing is cut or folded */
        scols_table_enable_minout(held, 1);                     /* no blanks at a line's end */
        good = scols_table_set_column_separator(held, "  ") == 0;
    }
    for (size_t i = 0; good && i < count; i++)
        good = scols_table_new_column(held, columns[i].title, (double)columns[i].least,
                                      columns[i].right ? SCOLS_FL_RIGHT : 0);
    if (!good) {
        scols_unref_table(held);
        free(table);
        return NULL;
    }
    *table = (struct table){.held = held, .column_count = count};
    return table;
}

/* A line that is never printed, with each cell as wide as its column has become. */
static struct libscols_line *widths_keep(struct table *table)
{
    struct libscols_line *line = scols_table_new_line(table->held, NULL);

    for (size_t i = 0; line && i < table->column_count; i++) {
        size_t width = scols_column_get_width(scols_table_get_column(table->held, i));
        char *cell = calloc(1, width + 1);

        if (cell && scols_line_refer_data(line, i, memset(cell, 'x', width)) < 0)
            free(cell);
    }
    return line;
}

void table_flush(struct table *table)
{
    struct libscols_line *first = scols_table_get_line(table->held, table->titled ? 1 : 0);

    if (!first)
        return;
    scols_table_print_range(table->held, first, NULL);
    putc('\n', scols_table_get_stream(table->held));
    scols_table_remove_lines(table->held);
    table->titled = widths_keep(table) != NULL;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    table_flush(table);
    scols_unref_table(table->held);
    free(table);
}

int table_row(struct table *table, const char *const *cells)
{
    struct libscols_line *line = scols_table_new_line(table->held, NULL);

    if (!line)
        return -ENOMEM;
    for (size_t i = 0; i < table->column_count; i++) {
        char *cell = strdup(cells[i] ? cells[i] : "");

        for (char *at = cell; at && *at; at++)
            if (*at < ' ' || *at > '~')
                *at = '?'; /* what is no printable ASCII would reach the terminal */
        if (!cell || scols_line_refer_data(line, i, cell) < 0) {
            free(cell);
            return -ENOMEM;
        }
    }
    table->rows++;
    if (scols_table_get_nlines(table->held) == HELD_ROWS_MAX)
        table_flush(table);
    return 0;
}

size_t table_rows(const struct table *table)
{
    return table->rows;
}

const char *duration_to_text(unsigned long long seconds, char out[static DURATION_TEXT_MAX])
{
    static const struct {
        unsigned seconds;
        char letter;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t i = 0;

    while (i < 3 && seconds < units[i].seconds)
        i++;

    unsigned long long rest = i < 3 ? seconds % units[i].seconds / units[i + 1].seconds : 0;
    if (rest)
        snprintf(out, DURATION_TEXT_MAX, "%llu%c %llu%c", seconds / units[i].seconds,
                 units[i].letter, rest, units[i + 1].letter);
    else
        snprintf(out, DURATION_TEXT_MAX, "%llu%c", seconds / units[i].seconds, units[i].letter);
    return out;
}

/* The terminal's own eight colours (ECMA-48 SGR): its user has chosen how they look. */
const char *colour_code(enum colour colour, bool wanted)
{
    static const char *const codes[] = {
        [COLOUR_NONE] = "\033[0m",
        [COLOUR_GOOD] = "\033[32m",
        [COLOUR_WARNING] = "\033[33m",
        [COLOUR_FAILURE] = "\033[31m",
    };

    return wanted ? codes[colour] : "";
}

bool colour_is_wanted(FILE *out)
{
    const char *off = getenv("NO_COLOR"), *terminal = getenv("TERM");

    if (off && *off != '\0')
        return false;
    return terminal && strcmp(terminal, "dumb") != 0 && isatty(fileno(out));
}
