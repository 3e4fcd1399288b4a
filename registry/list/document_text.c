/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of text: one entry a line, or fields between commas, semicolons, tabs and spaces.  In a row
 * of several fields most are something else (a region, a state): only what looks like an entry is.
 */
#include "registry/list/document.h"
#include "registry/list/labels.h"

#include <string.h>

enum { FIELDS_MAX = 64 };

struct field {
    const char *text;
    size_t size;
};

struct row {
    struct field fields[FIELDS_MAX];
    size_t count;
};

static bool line_is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* # and ; begin a comment at the line's start and behind a blank: "https://host/#top" has none. */
static size_t without_comment(const char *line, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((line[i] == '#' || line[i] == ';') && (i == 0 || line_is_blank(line[i - 1])))
            return i;
    return size;
}

static bool ends_field(char byte)
{
    return line_is_blank(byte) || byte == ',' || byte == ';';
}

/* Quotes hold what is between them together. */
static size_t field_size(const char *at, size_t left)
{
    size_t size = 0;

    if (*at == '"') {
        for (size = 1; size < left && at[size] != '"';)
            size++;
        return size < left ? size + 1 : left;
    }
    while (size < left && !ends_field(at[size]))
        size++;
    return size;
}

/* Fields beyond FIELDS_MAX are left out: no list has so many columns. */
static void split(const char *line, size_t size, struct row *out)
{
    out->count = 0;
    for (size_t at = 0; at < size && out->count < FIELDS_MAX;) {
        size_t field;

        if (ends_field(line[at])) {
            at++;
            continue;
        }
        field = field_size(line + at, size - at);
        out->fields[out->count++] = (struct field){.text = line + at, .size = field};
        at += field;
    }
}

static struct entry entry_of(const struct field *field, bool sure)
{
    return entry_from_text(field->text, field->size, sure);
}

static bool is_heading(const struct row *row)
{
    for (size_t i = 0; i < row->count; i++)
        if (entry_of(&row->fields[i], false).kind != ENTRY_MALFORMED)
            return false;
    for (size_t i = 0; i < row->count; i++) {
        struct field field = row->fields[i];

        if (field.size > 2 && field.text[0] == '"')
            field = (struct field){.text = field.text + 1, .size = field.size - 2};
        if (label_is_known(field.text, field.size))
            return true;
    }
    return false;
}

static bool line_host(const struct row *row, struct dname *out)
{
    for (size_t i = 0; i < row->count; i++) {
        struct entry entry = entry_of(&row->fields[i], false);

        if (entry.kind != ENTRY_HOST)
            continue;
        *out = entry.name;
        return true;
    }
    return false;
}

static void visit_row(const struct row *row, document_visit *visit, void *context)
{
    bool sure = row->count == 1, found = false;
    struct dname host;
    bool has_host = !sure && line_host(row, &host);

    for (size_t i = 0; i < row->count; i++) {
        const struct field *field = &row->fields[i];
        struct entry entry = entry_of(field, sure);

        if (entry.kind == ENTRY_MALFORMED)
            continue;
        found = true;
        visit(context, &entry, field->text, field->size, has_host ? &host : NULL);
    }
    if (!found && row->count > 0) {
        const struct entry malformed = {.kind = ENTRY_MALFORMED};
        const struct field *last = &row->fields[row->count - 1];
        const char *start = row->fields[0].text;

        visit(context, &malformed, start, (size_t)(last->text + last->size - start), NULL);
    }
}

enum document_outcome document_read_text(const char *bytes, size_t size, document_visit *visit,
                                         void *context)
{
    size_t values = 0;
    bool first = true;
    struct row row;

    for (size_t at = 0; at < size;) {
        const char *line = bytes + at;
        const char *end = memchr(line, '\n', size - at);
        size_t length = end ? (size_t)(end - line) : size - at;

        at += length + 1;
        split(line, without_comment(line, length), &row);
        values += row.count > 0 ? row.count : 1;
        if (values > DOCUMENT_VALUES_MAX)
            return DOCUMENT_TOO_LONG;
        if (row.count == 0)
            continue;
        if (!first || !is_heading(&row))
            visit_row(&row, visit, context);
        first = false;
    }
    return DOCUMENT_OK;
}
