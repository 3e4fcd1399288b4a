/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One function a command.
 */
#include "daemon/control/reply.h"

#include "daemon/config/config.h"
#include "daemon/control/event_ring.h"
#include "daemon/control/explain.h"
#include "daemon/control/lease_stream.h"
#include "daemon/control/protocol.h"
#include "daemon/control/reloads.h"
#include "daemon/control/request.h"
#include "daemon/control/status.h"
#include "daemon/outputs/views.h"
#include "setsync/setsync.h"
#include "source/json.h"

#include <stdio.h>

json_t *reply_error(const char *error)
{
    return json_pack("{s:i, s:s}", "protocol", CONTROL_PROTOCOL, "error", error);
}

bool reply_rest_is_empty(const struct reply_rest *rest)
{
    return !rest->listing && !rest->explanation && !rest->watching && !rest->reload;
}

void reply_rest_free(struct reply_rest *rest)
{
    listing_free(rest->listing);
    explanation_free(rest->explanation);
    *rest = (struct reply_rest){.listing = NULL};
}

static json_t *out_of_memory(void)
{
    return reply_error("out of memory: try again later");
}

/* ---- what comes later ---- */

/* Losses are told where they are: what comes next is the first event behind the gap. */
static json_t *watch_next(struct reply_rest *rest, const struct reply_terms *terms)
{
    uint64_t number = rest->event, lost;
    json_t *event = event_ring_next(terms->news, &number, &lost);

    if (lost > 0) {
        json_decref(event);
        rest->event += lost;
        return json_pack("{s:i, s:I}", "protocol", CONTROL_PROTOCOL, "lost", (json_int_t)lost);
    }
    rest->event = number;
    return event;
}

json_t *reply_next(struct reply_rest *rest, const struct reply_terms *terms)
{
    const char *problem;
    bool done = false;

    if (rest->listing) {
        json_t *lease = listing_next(rest->listing, terms->views->sync, &done);
        if (!done)
            return lease;
        reply_rest_free(rest);
        return json_pack("{s:i, s:b}", "protocol", CONTROL_PROTOCOL, "end", 1);
    }
    if (rest->explanation) {
        json_t *reply =
            explanation_step(rest->explanation, terms->views, terms->refusals, terms->waits, &done);
        if (!done)
            return NULL;
        reply_rest_free(rest);
        return reply ? reply : out_of_memory();
    }
    if (rest->reload) {
        if (!reloads_have_ended(terms->views->reloads, rest->reload, &problem))
            return NULL;
        reply_rest_free(rest);
        return *problem ? reply_error(problem)
                        : json_pack("{s:i, s:b}", "protocol", CONTROL_PROTOCOL, "reloaded", 1);
    }
    return rest->watching ? watch_next(rest, terms) : NULL;
}

/* ---- the commands ---- */

static json_t *status_reply(const struct request *request, const struct reply_terms *terms,
                            struct reply_rest *rest)
{
    struct moment now = clock_now();

    (void)request;
    (void)rest;
    return overview_to_json(terms->views, &now);
}

static json_t *list_reply(const struct request *request, const struct reply_terms *terms,
                          struct reply_rest *rest)
{
    const char *whitelist = *request->whitelist ? request->whitelist : NULL;
    const struct config *config = terms->views->config;
    char error[REQUEST_ERROR_MAX];

    if (whitelist && !config_whitelist(config, whitelist)) {
        int used = snprintf(error, sizeof(error), "no whitelist \"%s\"; configured are", whitelist);

        for (size_t i = 0; i < config->whitelist_count && used < (int)sizeof(error); i++)
            used += snprintf(error + used, sizeof(error) - (size_t)used, "%s %s", i ? "," : "",
                             config->whitelists[i].name);
        return reply_error(error);
    }
    rest->listing = listing_new(whitelist, request->as_rows);
    return rest->listing ? NULL : out_of_memory();
}

static json_t *forget_reply(const struct request *request, const struct reply_terms *terms,
                            struct reply_rest *rest)
{
    struct setsync *sync = terms->views->sync;
    struct moment now = clock_now();

    (void)rest;
    if (!terms->may_forget)
        return reply_error("forget is only for root and the user wildset: try sudo");

    size_t count = request->name.length != 0
                       ? setsync_forget_name(sync, &request->name, &now)
                       : setsync_forget_address(sync, &request->address, &now);
    json_t *reply =
        json_pack("{s:i, s:I}", "protocol", CONTROL_PROTOCOL, "forgotten", (json_int_t)count);
    if (setsync_leaving(sync) > 0)
        put_count(reply, "leaving", setsync_leaving(sync));
    return reply;
}

static json_t *explain_reply(const struct request *request, const struct reply_terms *terms,
                             struct reply_rest *rest)
{
    (void)terms;
    rest->explanation = explanation_new(&request->address, &request->name);
    return rest->explanation ? NULL : out_of_memory();
}

/* Where it begins is known to who keeps the news. */
static json_t *watch_reply(const struct request *request, const struct reply_terms *terms,
                           struct reply_rest *rest)
{
    (void)request;
    if (!terms->may_watch)
        return reply_error("too many watchers (limit 8)");
    rest->watching = true;
    return json_pack("{s:i, s:b}", "protocol", CONTROL_PROTOCOL, "watching", 1);
}

static json_t *reload_reply(const struct request *request, const struct reply_terms *terms,
                            struct reply_rest *rest)
{
    (void)request;
    if (!terms->may_forget)
        return reply_error("reload is only for root and the user wildset: try sudo");
    if (!terms->views->reloads)
        return reply_error("there is no configuration file to reload");
    rest->reload = reloads_ask(terms->views->reloads);
    return NULL;
}

typedef json_t *reply_function(const struct request *request, const struct reply_terms *terms,
                               struct reply_rest *rest);

json_t *reply_make(const char *bytes, size_t size, const struct reply_terms *terms,
                   struct reply_rest *rest)
{
    static reply_function *const replies[REQUEST_COUNT] = {
        [REQUEST_STATUS] = status_reply, [REQUEST_LIST] = list_reply,
        [REQUEST_FORGET] = forget_reply, [REQUEST_EXPLAIN] = explain_reply,
        [REQUEST_WATCH] = watch_reply,   [REQUEST_RELOAD] = reload_reply,
    };
    struct request request;
    char error[REQUEST_ERROR_MAX];

    if (!request_read(bytes, size, &request, error))
        return reply_error(error);
    return replies[request.command](&request, terms, rest);
}
