/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines for people are broken at 80 columns on a terminal, never inside of `a command`; elsewhere
 * each is one line, to be searched.
 */
#include "doctor/checklist.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RAW_MAX = 1024,
    TEXT_MAX = 4 * RAW_MAX, /* each byte as \DDD */
    COLUMNS = 80,
    INDENT = 9,         /* "failure  " */
    ADVICE_INDENT = 11, /* below the text, and behind it */
};

struct checklist {
    FILE *out;
    bool json, colour, wraps;
    json_t *checks; /* an array; NULL for people */
    size_t count[CHECK_STATE_COUNT];
};

static const char *const state_names[CHECK_STATE_COUNT] = {
    [CHECK_OK] = "ok", [CHECK_WARNING] = "warning", [CHECK_FAILURE] = "failure"};

struct checklist *checklist_new(FILE *out, bool json, bool colour)
{
    struct checklist *checklist = calloc(1, sizeof(*checklist));

    if (!checklist)
        return NULL;
    *checklist = (struct checklist){
        .out = out, .json = json, .colour = colour, .wraps = isatty(fileno(out)) == 1};
    if (json)
        checklist->checks = json_array();
    return checklist;
}

void checklist_free(struct checklist *checklist)
{
    if (!checklist)
        return;
    json_decref(checklist->checks);
    free(checklist);
}

size_t checklist_count(const struct checklist *checklist, enum check_state state)
{
    return checklist->count[state];
}

/* ---- text ---- */

static void text_make(char out[static TEXT_MAX], const char *format, va_list arguments)
{
    char raw[RAW_MAX];

    vsnprintf(raw, sizeof(raw), format, arguments);
    for (const char *at = raw; *at; at++) {
        if (*at >= ' ' && *at <= '~')
            *out++ = *at;
        else
            out += sprintf(out, "\\%03u", (unsigned char)*at);
    }
    *out = '\0';
}

static void lines_print(const struct checklist *checklist, const char *text, size_t indent)
{
    size_t column = indent;

    while (*text) {
        /* The next piece that is not to be broken, with the blanks before it. */
        size_t length = strspn(text, " ");
        bool quoted = false;

        for (; text[length] && (quoted || text[length] != ' '); length++)
            quoted ^= text[length] == '`';
        if (checklist->wraps && column > indent && column + length > COLUMNS) {
            size_t blanks = strspn(text, " ");

            fprintf(checklist->out, "\n%*s", (int)indent, "");
            text += blanks;
            length -= blanks;
            column = indent;
        }
        fwrite(text, 1, length, checklist->out);
        text += length;
        column += length;
    }
    fputc('\n', checklist->out);
}

/* ---- findings ---- */

void checklist_add(struct checklist *checklist, const char *id, enum check_state state,
                   const char *format, ...)
{
    static const char *const colours[CHECK_STATE_COUNT] = {
        [CHECK_OK] = "\033[32m", [CHECK_WARNING] = "\033[33m", [CHECK_FAILURE] = "\033[1;31m"};
    const char *name = state_names[state];
    char text[TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    text_make(text, format, arguments);
    va_end(arguments);
    checklist->count[state]++;
    if (checklist->json) {
        json_array_append_new(checklist->checks,
                              json_pack("{s:s, s:s, s:s}", "id", id, "state", name, "text", text));
        return;
    }
    fprintf(checklist->out, "%s%s%s%*s", checklist->colour ? colours[state] : "", name,
            checklist->colour ? "\033[0m" : "", (int)(INDENT - strlen(name)), "");
    lines_print(checklist, text, INDENT);
    fflush(checklist->out);
}

void checklist_advise(struct checklist *checklist, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    text_make(text, format, arguments);
    va_end(arguments);
    if (checklist->json) {
        size_t last = json_array_size(checklist->checks) - 1;
        json_object_set_new(json_array_get(checklist->checks, last), "advice", json_string(text));
        return;
    }
    fprintf(checklist->out, "%*s", ADVICE_INDENT, "");
    lines_print(checklist, text, ADVICE_INDENT);
    fflush(checklist->out);
}

struct picking {
    struct checklist *checklist;
    const char *id;
    enum advice_topic topic;
    size_t count;
};

static void finding_pick(void *context, const struct advice *advice)
{
    struct picking *picking = context;

    if (advice->topic != picking->topic)
        return;
    picking->count++;
    checklist_add(picking->checklist, picking->id, advice->failure ? CHECK_FAILURE : CHECK_WARNING,
                  "%s", advice->text);
    if (*advice->advice)
        checklist_advise(picking->checklist, "%s", advice->advice);
}

size_t checklist_add_findings(struct checklist *checklist, const char *id, const json_t *status,
                              enum advice_topic topic)
{
    struct picking picking = {.checklist = checklist, .id = id, .topic = topic};

    advice_each(status, finding_pick, &picking);
    return picking.count;
}

void checklist_end(struct checklist *checklist)
{
    size_t warnings = checklist->count[CHECK_WARNING], failures = checklist->count[CHECK_FAILURE];

    if (!checklist->json) {
        fprintf(checklist->out, "\n%zu ok, %zu warning%s, %zu failure%s\n",
                checklist->count[CHECK_OK], warnings, warnings == 1 ? "" : "s", failures,
                failures == 1 ? "" : "s");
        return;
    }
    json_t *object = json_pack("{s:O}", "checks", checklist->checks);
    json_dumpf(object, checklist->out, JSON_COMPACT);
    fputc('\n', checklist->out);
    json_decref(object);
}
