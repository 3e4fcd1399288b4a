/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of a JSON object, as those who show it to people want them: what is not there, or is of
 * another type, is "" or 0.
 */
#ifndef WILDSET_BASE_JSON_READ_H
#define WILDSET_BASE_JSON_READ_H

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static inline const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static inline json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static inline bool text_is(const json_t *object, const char *key, const char *text)
{
    return strcmp(text_of(object, key), text) == 0;
}

#endif
