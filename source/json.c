/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A value for which there is no memory, and a text that is no UTF-8, is left out as well: its
 * object is still true.
 */
#include "source/json.h"

#include "base/clock.h"

void put_text(json_t *object, const char *key, const char *text)
{
    if (text && *text)
        json_object_set_new(object, key, json_string(text));
}

void put_count(json_t *object, const char *key, uint64_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

void put_flag(json_t *object, const char *key, bool value)
{
    json_object_set_new(object, key, json_boolean(value));
}

void put_time(json_t *object, const char *key, uint64_t real_ns)
{
    char text[CLOCK_TEXT_MAX];

    if (real_ns != 0)
        put_text(object, key, clock_to_text(real_ns, text));
}

void put_address(json_t *object, const char *key, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];

    if (address)
        put_text(object, key, address_to_text(address, text));
}

void put_name(json_t *object, const char *key, const struct dname *name)
{
    char text[DNAME_TEXT_MAX];

    if (name)
        put_text(object, key, dname_to_text(name, text));
}

void append_address(json_t *array, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];

    json_array_append_new(array, json_string(address_to_text(address, text)));
}
