/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names by the patterns of the configuration, so that what is allowed for a pattern can be listed.
 */
#include "client/commands/lease_filter.h"

#include "base/json_read.h"
#include "daemon/config/values.h"
#include "source/message.h"

#include <string.h>

static bool source_exists(const char *text)
{
    for (unsigned i = 0; i < SOURCE_COUNT; i++) {
        if (strcmp(source_name((enum source)i), text) == 0)
            return true;
    }
    return false;
}

const char *lease_filter_make(const struct options *options, struct lease_filter *out)
{
    *out = (struct lease_filter){.source = options->source, .by_name = options->name != NULL};
    if (options->name && !value_pattern(options->name, &out->name))
        return "--name: expected a name or a pattern, for example \"*.example.net\"";
    if (options->source && !source_exists(options->source))
        return "--source: expected a source, for example sniffer or registry";
    if (options->client && !prefix_from_text(options->client, &out->clients))
        return "--client: expected an address or a prefix";
    return NULL;
}

bool lease_filter_takes(const struct lease_filter *filter, const char *name, const char *source)
{
    struct dname dname;

    if (filter->source && strcmp(filter->source, source) != 0)
        return false;
    return !filter->by_name ||
           (dname_from_text(name, &dname) && pattern_matches(&filter->name, &dname));
}

static bool client_is_wanted(const struct lease_filter *filter, const char *text)
{
    struct address address;

    return address_from_text(text, &address) && prefix_contains(&filter->clients, &address);
}

bool lease_filter_takes_clients(const struct lease_filter *filter, const json_t *lease)
{
    const json_t *client;
    size_t i;

    if (filter->clients.address.family == ADDRESS_NONE ||
        client_is_wanted(filter, text_of(lease, "client")))
        return true;
    json_array_foreach(json_object_get(lease, "clients"), i, client)
    {
        const char *text = json_string_value(client);
        if (text && client_is_wanted(filter, text))
            return true;
    }
    return false;
}

bool lease_filter_is_empty(const struct lease_filter *filter)
{
    return !filter->by_name && !filter->source && filter->clients.address.family == ADDRESS_NONE;
}
