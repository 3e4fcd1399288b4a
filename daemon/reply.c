/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One function a command.
 */
#include "daemon/reply.h"

#include "daemon/config.h"
#include "daemon/control.h"
#include "daemon/listing.h"
#include "daemon/overview.h"
#include "daemon/request.h"
#include "setsync/setsync.h"

#include <stdio.h>

json_t *reply_error(const char *error)
{
    return json_pack("{s:i, s:s}", "protocol", CONTROL_PROTOCOL, "error", error);
}

json_t *reply_next(struct listing **listing)
{
    json_t *lease = listing_next(*listing);

    if (lease)
        return lease;
    listing_free(*listing);
    *listing = NULL;
    return json_pack("{s:i, s:b}", "protocol", CONTROL_PROTOCOL, "end", 1);
}

static json_t *status_reply(const struct request *request, const struct reply_terms *terms,
                            struct listing **listing)
{
    struct moment now = clock_now();

    (void)request;
    (void)listing;
    return overview_to_json(terms->views, &now);
}

static json_t *whitelist_unknown(const struct config *config, const char *name)
{
    char error[REQUEST_ERROR_MAX];
    int used = snprintf(error, sizeof(error), "there is no whitelist \"%s\"; there are", name);

    for (size_t i = 0; i < config->whitelist_count && used < (int)sizeof(error); i++)
        used += snprintf(error + used, sizeof(error) - (size_t)used, "%s %s", i ? "," : "",
                         config->whitelists[i].name);
    return reply_error(error);
}

static json_t *list_reply(const struct request *request, const struct reply_terms *terms,
                          struct listing **listing)
{
    const char *whitelist = *request->whitelist ? request->whitelist : NULL;
    struct moment now = clock_now();

    if (whitelist && !config_whitelist(terms->views->config, whitelist))
        return whitelist_unknown(terms->views->config, whitelist);
    if (!terms->may_list)
        return reply_error("others are reading the list already: try again in a moment");
    *listing = listing_new(terms->views->sync, whitelist, &now);
    if (!*listing)
        return reply_error("memory is out: try again later");
    return reply_next(listing);
}

static json_t *forget_reply(const struct request *request, const struct reply_terms *terms,
                            struct listing **listing)
{
    struct setsync *sync = terms->views->sync;
    struct moment now = clock_now();

    (void)listing;
    if (!terms->may_forget)
        return reply_error("forget is only for root and the user wildset: try sudo");

    size_t count = request->name.length != 0
                       ? setsync_forget_name(sync, &request->name, &now)
                       : setsync_forget_address(sync, &request->address, &now);
    return json_pack("{s:i, s:I}", "protocol", CONTROL_PROTOCOL, "forgotten", (json_int_t)count);
}

typedef json_t *reply_function(const struct request *request, const struct reply_terms *terms,
                               struct listing **listing);

json_t *reply_make(const char *bytes, size_t size, const struct reply_terms *terms,
                   struct listing **listing)
{
    static reply_function *const replies[REQUEST_COUNT] = {
        [REQUEST_STATUS] = status_reply,
        [REQUEST_LIST] = list_reply,
        [REQUEST_FORGET] = forget_reply,
    };
    struct request request;
    char error[REQUEST_ERROR_MAX];

    if (!request_read(bytes, size, &request, error))
        return reply_error(error);
    return replies[request.command](&request, terms, listing);
}
