/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A value for which there is no memory is left out as well: its object is still true.
 */
#include "daemon/control/json.h"

void put_text(json_t *object, const char *key, const char *text)
{
    if (*text)
        json_object_set_new(object, key, json_string(text));
}

void put_count(json_t *object, const char *key, uint64_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

void put_address(json_t *object, const char *key, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];

    put_text(object, key, address_to_text(address, text));
}

void put_name(json_t *object, const char *key, const struct dname *name)
{
    char text[DNAME_TEXT_MAX];

    put_text(object, key, dname_to_text(name, text));
}
