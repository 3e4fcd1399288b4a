/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests are read strictly: a key that nobody knows is an error and not silently a request for
 * something else.
 */
#include "daemon/control/request.h"

#include "daemon/control/protocol.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

typedef bool argument_reader(const char *text, struct request *request,
                             char error[static REQUEST_ERROR_MAX]);

struct argument {
    const char *key;
    argument_reader *read;
};

enum { ARGUMENTS_MAX = 2 };

struct command {
    const char *name;
    struct argument arguments[ARGUMENTS_MAX];
};

static bool whitelist_read(const char *text, struct request *request,
                           char error[static REQUEST_ERROR_MAX])
{
    size_t length = strlen(text);

    if (length == 0 || length >= sizeof(request->whitelist)) {
        snprintf(error, REQUEST_ERROR_MAX, "whitelist: a name has 1 to %zu characters",
                 sizeof(request->whitelist) - 1);
        return false;
    }
    memcpy(request->whitelist, text, length + 1);
    return true;
}

static bool form_read(const char *text, struct request *request,
                      char error[static REQUEST_ERROR_MAX])
{
    request->as_rows = strcmp(text, "rows") == 0;
    if (request->as_rows)
        return true;
    snprintf(error, REQUEST_ERROR_MAX, "as: unknown value \"%.64s\": expected \"rows\"", text);
    return false;
}

static bool address_read(const char *text, struct request *request,
                         char error[static REQUEST_ERROR_MAX])
{
    if (address_from_text(text, &request->address))
        return true;
    snprintf(error, REQUEST_ERROR_MAX, "address: \"%.64s\" is not an IPv4 or IPv6 address", text);
    return false;
}

static bool name_read(const char *text, struct request *request,
                      char error[static REQUEST_ERROR_MAX])
{
    if (dname_from_text(text, &request->name))
        return true;
    snprintf(error, REQUEST_ERROR_MAX, "name: \"%.64s\" is not a domain name", text);
    return false;
}

static const struct command commands[REQUEST_COUNT] = {
    [REQUEST_STATUS] = {.name = "status"},
    [REQUEST_LIST] = {.name = "list",
                      .arguments = {{"whitelist", whitelist_read}, {"as", form_read}}},
    [REQUEST_FORGET] = {.name = "forget",
                        .arguments = {{"address", address_read}, {"name", name_read}}},
    [REQUEST_EXPLAIN] = {.name = "explain",
                         .arguments = {{"address", address_read}, {"name", name_read}}},
    [REQUEST_WATCH] = {.name = "watch"},
    [REQUEST_RELOAD] = {.name = "reload"},
};

/* Requests are flat, so the parser's recursion never starts: looked at before it is asked. */
static bool is_flat(const char *bytes, size_t size)
{
    unsigned depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < size; i++) {
        if (quoted && bytes[i] == '\\')
            i++;
        else if (bytes[i] == '"')
            quoted = !quoted;
        else if (!quoted && (bytes[i] == '{' || bytes[i] == '[') && ++depth > 1)
            return false;
    }
    return true;
}

static bool protocol_is_ours(const json_t *object, char error[static REQUEST_ERROR_MAX])
{
    const json_t *protocol = json_object_get(object, "protocol");

    if (!json_is_integer(protocol)) {
        snprintf(error, REQUEST_ERROR_MAX,
                 "request has no \"protocol\" member; this wildsetd speaks protocol %d",
                 CONTROL_PROTOCOL);
        return false;
    }
    if (json_integer_value(protocol) == CONTROL_PROTOCOL)
        return true;
    snprintf(error, REQUEST_ERROR_MAX,
             "request has protocol %" JSON_INTEGER_FORMAT
             ", this wildsetd speaks %d: install the same version of wildset and wildsetd",
             json_integer_value(protocol), CONTROL_PROTOCOL);
    return false;
}

static bool command_find(const json_t *object, struct request *request,
                         char error[static REQUEST_ERROR_MAX])
{
    const char *name = json_string_value(json_object_get(object, "command"));

    for (unsigned i = 0; name && i < REQUEST_COUNT; i++) {
        request->command = (enum request_command)i;
        if (strcmp(name, commands[i].name) == 0)
            return true;
    }

    int used = snprintf(error, REQUEST_ERROR_MAX, "unknown command \"%.32s\"; known are",
                        name ? name : "");
    for (unsigned i = 0; i < REQUEST_COUNT && used < REQUEST_ERROR_MAX; i++)
        used += snprintf(error + used, (size_t)(REQUEST_ERROR_MAX - used), "%s %s", i ? "," : "",
                         commands[i].name);
    return false;
}

static bool arguments_read(json_t *object, struct request *request,
                           char error[static REQUEST_ERROR_MAX])
{
    const struct command *command = &commands[request->command];
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        const struct argument *argument = NULL;

        for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
            if (command->arguments[i].key && strcmp(command->arguments[i].key, key) == 0)
                argument = &command->arguments[i];
        }
        if (strcmp(key, "protocol") == 0 || strcmp(key, "command") == 0)
            continue;
        if (!argument) {
            snprintf(error, REQUEST_ERROR_MAX, "%s: unknown key \"%.32s\"", command->name, key);
            return false;
        }
        if (!json_is_string(value)) {
            snprintf(error, REQUEST_ERROR_MAX, "%s: expected a string", key);
            return false;
        }
        if (!argument->read(json_string_value(value), request, error))
            return false;
    }
    return true;
}

/* forget and explain are about one thing. */
static bool is_whole(const struct request *request, char error[static REQUEST_ERROR_MAX])
{
    bool address = request->address.family != ADDRESS_NONE;
    bool name = request->name.length != 0;
    bool about_one = request->command == REQUEST_FORGET || request->command == REQUEST_EXPLAIN;

    if (!about_one || address != name)
        return true;
    snprintf(error, REQUEST_ERROR_MAX, "%s: expected either \"address\" or \"name\"",
             commands[request->command].name);
    return false;
}

bool request_read(const char *bytes, size_t size, struct request *out,
                  char error[static REQUEST_ERROR_MAX])
{
    struct request request = {.command = REQUEST_STATUS};

    if (size > REQUEST_MAX || !is_flat(bytes, size)) {
        snprintf(error, REQUEST_ERROR_MAX, "a request is a flat object of at most %d bytes",
                 REQUEST_MAX);
        return false;
    }
    json_t *object = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(object)) {
        snprintf(error, REQUEST_ERROR_MAX, "a request is one JSON object");
        json_decref(object);
        return false;
    }

    bool good = protocol_is_ours(object, error) && command_find(object, &request, error) &&
                arguments_read(object, &request, error) && is_whole(&request, error);
    json_decref(object);
    if (good)
        *out = request;
    return good;
}
