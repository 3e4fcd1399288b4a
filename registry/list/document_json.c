/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON of any shape: strings in arrays, members with telling names, maps keyed by host, nested as
 * deep as it takes; several documents behind each other (a line each) are read as one.
 */
#include "registry/list/document.h"
#include "registry/list/labels.h"

#include <jansson.h>
#include <string.h>

struct walk {
    document_visit *visit;
    void *context;
};

/*
 * Depth and number of values, counted before anything is allocated for them: four million bytes can
 * hold two million values, and each costs forty bytes and more.
 */
static enum document_outcome document_measure(const char *bytes, size_t size)
{
    size_t depth = 0, values = 1;
    bool quoted = false;

    for (size_t i = 0; i < size; i++) {
        if (quoted) {
            if (bytes[i] == '\\')
                i++;
            else if (bytes[i] == '"')
                quoted = false;
            continue;
        }
        switch (bytes[i]) {
        case '"':
            quoted = true;
            break;
        case '{':
        case '[':
            depth++;
            values++;
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            break;
        case ',':
        case ':':
            values++;
            break;
        default:
            break;
        }
        if (depth > DOCUMENT_DEPTH_MAX)
            return DOCUMENT_TOO_DEEP;
        if (values > DOCUMENT_VALUES_MAX)
            return DOCUMENT_TOO_LONG;
    }
    return DOCUMENT_OK;
}

static void visit_text(const struct walk *walk, const char *text, size_t size, bool sure,
                       const struct dname *beside)
{
    struct entry entry = entry_from_text(text, size, sure);

    if (entry.kind == ENTRY_MALFORMED && !sure)
        return;
    walk->visit(walk->context, &entry, text, size, beside);
}

/* The host of an object, where one of its members says so. */
static bool object_host(json_t *object, struct dname *out)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        struct entry entry;

        if (!json_is_string(value) || !label_is_host(key, strlen(key)))
            continue;
        entry = entry_from_text(json_string_value(value), json_string_length(value), false);
        if (entry.kind != ENTRY_HOST)
            continue;
        *out = entry.name;
        return true;
    }
    return false;
}

static void walk_value(const struct walk *walk, json_t *value, bool sure,
                       const struct dname *beside);

/*
 * A telling name says where to look ("name" may hold what is none, so it has to look like one); a
 * key that looks like a host, an address or a prefix is an entry itself, and its value is about it.
 */
static void walk_object(const struct walk *walk, json_t *object, const struct dname *beside)
{
    struct dname host;
    const char *key;
    json_t *value;

    if (object_host(object, &host))
        beside = &host;
    json_object_foreach(object, key, value)
    {
        size_t size = strlen(key);
        struct entry entry = entry_from_text(key, size, false);

        if (entry.kind == ENTRY_MALFORMED) {
            walk_value(walk, value, label_is_known(key, size) && !label_is_host(key, size), beside);
            continue;
        }
        walk->visit(walk->context, &entry, key, size, beside);
        walk_value(walk, value, false, entry.kind == ENTRY_HOST ? &entry.name : beside);
    }
}

/* Depth is bounded by `measure`. */
static void walk_value(const struct walk *walk, json_t *value, bool sure,
                       const struct dname *beside)
{
    size_t i;
    json_t *element;

    switch (json_typeof(value)) {
    case JSON_STRING:
        visit_text(walk, json_string_value(value), json_string_length(value), sure, beside);
        return;
    case JSON_ARRAY:
        json_array_foreach(value, i, element) walk_value(walk, element, sure, beside);
        return;
    case JSON_OBJECT:
        walk_object(walk, value, beside);
        return;
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        return;
    }
}

enum document_outcome document_read_json(const char *bytes, size_t size, document_visit *visit,
                                         void *context)
{
    const struct walk walk = {.visit = visit, .context = context};
    enum document_outcome outcome = document_measure(bytes, size);

    while (outcome == DOCUMENT_OK && size > 0) {
        json_error_t error;
        json_t *root = json_loadb(bytes, size, JSON_DISABLE_EOF_CHECK, &error);
        size_t used = (size_t)error.position;

        if (!root)
            return json_error_code(&error) == json_error_out_of_memory ? DOCUMENT_NO_MEMORY
                                                                       : DOCUMENT_MALFORMED;
        walk_value(&walk, root, json_is_array(root), NULL);
        json_decref(root);
        if (used == 0 || used > size)
            return DOCUMENT_MALFORMED;
        for (bytes += used, size -= used; size > 0 && strchr(" \t\r\n,", *bytes); bytes++)
            size--;
    }
    return outcome;
}

/* 0: from /dev/urandom, and as it was when it has been done before. */
void document_prepare(void)
{
    json_object_seed(0);
}
