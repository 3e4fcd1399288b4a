/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Aligned columns for people.  The held-back rows are one block of text: each cell with its NUL,
 * row after row.
 */
#include "client/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_ROWS_MAX = 256 };

struct table {
    FILE *out;
    const struct table_column *columns;
    size_t column_count;
    size_t width[TABLE_COLUMNS_MAX];
    char *text; /* the cells held back */
    size_t used, room;
    size_t held; /* rows in `text` */
    size_t rows; /* rows in all */
    bool titled;
};

struct table *table_new(FILE *out, const struct table_column *columns, size_t count)
{
    struct table *table = count <= TABLE_COLUMNS_MAX ? calloc(1, sizeof(*table)) : NULL;

    if (!table)
        return NULL;
    table->out = out;
    table->columns = columns;
    table->column_count = count;
    for (size_t i = 0; i < count; i++) {
        size_t title = strlen(columns[i].title);
        table->width[i] = title > columns[i].least ? title : columns[i].least;
    }
    return table;
}

/* Without blanks at the end: empty cells there are not padded. */
static size_t row_length(const struct table *table, const char *const *cells)
{
    size_t length = table->column_count;

    while (length > 1 && *cells[length - 1] == '\0')
        length--;
    return length;
}

static void row_print(const struct table *table, const char *const *cells)
{
    size_t length = row_length(table, cells);

    for (size_t i = 0; i < length; i++) {
        bool last = i + 1 == length;
        int width = (int)table->width[i];

        if (table->columns[i].right)
            fprintf(table->out, "%*s%s", width, cells[i], last ? "\n" : "  ");
        else if (last)
            fprintf(table->out, "%s\n", cells[i]);
        else
            fprintf(table->out, "%-*s  ", width, cells[i]);
    }
}

static void titles_print(struct table *table)
{
    const char *cells[TABLE_COLUMNS_MAX];

    for (size_t i = 0; i < table->column_count; i++)
        cells[i] = table->columns[i].title;
    row_print(table, cells);
    table->titled = true;
}

void table_flush(struct table *table)
{
    const char *next = table->text;

    if (table->held == 0)
        return;
    if (!table->titled)
        titles_print(table);
    for (size_t row = 0; row < table->held; row++) {
        const char *cells[TABLE_COLUMNS_MAX];

        for (size_t i = 0; i < table->column_count; i++) {
            cells[i] = next;
            next += strlen(next) + 1;
        }
        row_print(table, cells);
    }
    table->held = 0;
    table->used = 0;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    table_flush(table);
    free(table->text);
    free(table);
}

static int text_reserve(struct table *table, size_t more)
{
    size_t room = table->room ? table->room : 4096;

    while (room - table->used < more)
        room *= 2;
    if (room == table->room)
        return 0;

    char *text = realloc(table->text, room);
    if (!text)
        return -ENOMEM;
    table->text = text;
    table->room = room;
    return 0;
}

static void cell_append(struct table *table, size_t column, const char *cell)
{
    size_t length = strlen(cell);
    char *to = table->text + table->used;

    for (size_t i = 0; i < length; i++)
        to[i] = cell[i] >= ' ' && cell[i] <= '~' ? cell[i] : '?';
    to[length] = '\0';
    table->used += length + 1;
    if (table->width[column] < length)
        table->width[column] = length;
}

int table_row(struct table *table, const char *const *cells)
{
    size_t need = 0;

    for (size_t i = 0; i < table->column_count; i++)
        need += (cells[i] ? strlen(cells[i]) : 0) + 1;
    if (text_reserve(table, need) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < table->column_count; i++)
        cell_append(table, i, cells[i] ? cells[i] : "");
    table->rows++;
    if (++table->held == HELD_ROWS_MAX)
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
