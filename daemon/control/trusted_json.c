/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The named ones up to a bound, those of the system's files, and how many public ones.
 */
#include "daemon/control/trusted_json.h"

#include "dnsparse/names/public_resolvers.h"
#include "source/json.h"

enum { NAMED_SHOWN = 64 };

static json_t *named_to_json(const struct trusted *trusted)
{
    char text[TRUSTED_SERVER_TEXT_MAX];
    json_t *array = json_array();

    for (size_t i = 0; i < trusted->named && i < NAMED_SHOWN; i++)
        json_array_append_new(array,
                              json_string(plan_resolver_to_text(&trusted->resolvers[i], text)));
    return array;
}

json_t *trusted_to_json(const struct trusted *trusted)
{
    char text[TRUSTED_SERVER_TEXT_MAX];
    json_t *object = json_object();
    json_t *system = json_array();

    put_flag(object, "default", trusted->by_default);
    put_count(object, "named_count", trusted->named);
    json_object_set_new(object, "named", named_to_json(trusted));
    for (size_t i = 0; i < trusted->system_count; i++) {
        json_t *server = json_object();

        put_text(server, "resolver", plan_resolver_to_text(&trusted->system[i].resolver, text));
        put_text(server, "file", trusted->system[i].file);
        json_array_append_new(system, server);
    }
    json_object_set_new(object, "system", system);
    put_count(object, "public", trusted->by_default ? publicresolvers_count(PUBLIC_DNS) : 0);
    put_text(object, "public_date", PUBLICRESOLVERS_DATE);
    return object;
}
