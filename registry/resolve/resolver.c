/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lookup is a row of attempts: each server in turn, with more time each round; over TCP when the
 * answer is truncated, or when messages came that did not fit the question.
 */
#include "registry/resolve/resolver.h"

#include "registry/resolve/exchange.h"
#include "registry/resolve/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    ATTEMPTS_LEAST = 3,
    ATTEMPTS_MOST = 6,
    FIRST_TIMEOUT_MS = 1500,
    MORE_TIMEOUT_MS = 1000, /* for each attempt after it */
    TCP_TIMEOUT_MS = 4000,
};

struct resolver {
    struct loop *loop;
    struct resolver_server servers[RESOLVER_SERVERS_MAX];
    size_t server_count;
    size_t preferred; /* the one that answered last */
    struct resolver_statistics statistics;
    struct answer answer; /* large: one for all, read and handed on at once */
};

struct lookup {
    struct resolver *resolver;
    struct dname name;
    uint16_t type;
    lookup_done *done;
    void *context;
    struct loop_watch *timer;
    struct exchange *exchange; /* NULL between attempts */
    struct query query;
    size_t server; /* of this attempt */
    unsigned attempts;
    bool over_tcp, without_edns, mismatched;
};

int resolver_new(struct loop *loop, const struct resolver_server *servers, size_t count,
                 struct resolver **out)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));

    if (!resolver)
        return -ENOMEM;
    resolver->loop = loop;
    resolver->server_count = count < RESOLVER_SERVERS_MAX ? count : RESOLVER_SERVERS_MAX;
    memcpy(resolver->servers, servers, resolver->server_count * sizeof(*servers));
    *out = resolver;
    return 0;
}

void resolver_free(struct resolver *resolver)
{
    free(resolver);
}

const struct resolver_statistics *resolver_statistics(const struct resolver *resolver)
{
    return &resolver->statistics;
}

void lookup_cancel(struct lookup *lookup)
{
    if (!lookup)
        return;
    exchange_free(lookup->exchange);
    loop_unwatch(lookup->timer);
    free(lookup);
}

static void lookup_finish(struct lookup *lookup, const struct lookup_result *result)
{
    lookup_done *done = lookup->done;
    void *context = lookup->context;

    if (result->outcome == LOOKUP_FAILED)
        lookup->resolver->statistics.failures++;
    lookup_cancel(lookup);
    done(context, result);
}

static unsigned attempts_allowed(const struct resolver *resolver)
{
    size_t most = 2 * resolver->server_count;

    if (most < ATTEMPTS_LEAST)
        return ATTEMPTS_LEAST;
    return most > ATTEMPTS_MOST ? ATTEMPTS_MOST : (unsigned)most;
}

/* From the exchange's own hooks too: the timer goes on at once. */
static void try_next(struct lookup *lookup, bool same_server)
{
    exchange_free(lookup->exchange);
    lookup->exchange = NULL;
    if (!same_server) {
        lookup->server = (lookup->server + 1) % lookup->resolver->server_count;
        lookup->over_tcp = false;
        lookup->mismatched = false;
    }
    loop_timer_set(lookup->timer, 0);
}

/* The answer is ours.  What is malformed in it is this server's; another one may do better. */
static void lookup_take_answer(struct lookup *lookup, const struct wire_message *message)
{
    struct resolver *resolver = lookup->resolver;
    struct lookup_result result = {
        .outcome = LOOKUP_ANSWER,
        .answer = &resolver->answer,
        .server = &resolver->servers[lookup->server],
        .over_tcp = lookup->over_tcp,
    };
    enum answer_outcome outcome = answer_read(message, &resolver->answer);

    resolver->preferred = lookup->server;
    if (outcome == ANSWER_NOT_NOERROR && message->rcode != 0)
        result = (struct lookup_result){.outcome = LOOKUP_NO_NAME, .server = result.server};
    else if (outcome != ANSWER_OK) {
        try_next(lookup, false);
        return;
    }
    lookup_finish(lookup, &result);
}

static bool on_message(void *context, const uint8_t *bytes, size_t size)
{
    struct lookup *lookup = context;
    struct wire_message message;

    switch (query_check(&lookup->query, bytes, size, lookup->over_tcp, &message)) {
    case QUERY_ANSWERED:
        lookup_take_answer(lookup, &message);
        return false;
    case QUERY_TRUNCATED:
        if (lookup->over_tcp) {
            try_next(lookup, false);
            return false;
        }
        lookup->over_tcp = true;
        try_next(lookup, true);
        return false;
    case QUERY_REFUSED:
        /* FORMERR, NOTIMP: perhaps only of the OPT record. */
        if (!lookup->without_edns && (message.rcode == 1 || message.rcode == 4)) {
            lookup->without_edns = true;
            try_next(lookup, true);
        } else {
            try_next(lookup, false);
        }
        return false;
    case QUERY_MISMATCH:
        lookup->resolver->statistics.mismatches++;
        lookup->mismatched = true;
        if (!lookup->over_tcp)
            return true; /* the right one may still come */
        try_next(lookup, false);
        return false;
    }
    return false;
}

static void on_failure(void *context)
{
    try_next(context, false);
}

static void attempt(struct lookup *lookup)
{
    static const struct lookup_result failed = {.outcome = LOOKUP_FAILED};
    struct resolver *resolver = lookup->resolver;
    const struct exchange_hooks hooks = {
        .message = on_message, .failure = on_failure, .context = lookup};
    uint8_t random[QUERY_RANDOM_SIZE];
    unsigned timeout_ms =
        lookup->over_tcp ? TCP_TIMEOUT_MS : FIRST_TIMEOUT_MS + lookup->attempts * MORE_TIMEOUT_MS;

    if (resolver->server_count == 0 || lookup->attempts >= attempts_allowed(resolver) ||
        getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        lookup_finish(lookup, &failed);
        return;
    }
    lookup->attempts++;
    query_make(&lookup->query, &lookup->name, lookup->type, random, !lookup->without_edns);
    if (exchange_open(resolver->loop, &resolver->servers[lookup->server], lookup->over_tcp,
                      lookup->query.bytes, lookup->query.size, &hooks, &lookup->exchange) < 0) {
        lookup->exchange = NULL;
        try_next(lookup, false); /* no route to it, no descriptor left */
        return;
    }
    loop_timer_set(lookup->timer, timeout_ms);
}

/*
 * Time is over, or another attempt is to begin.  After messages that did not fit it is TCP's turn:
 * nobody can forge that from afar, and a server that changes the letters' case is forgiven there.
 */
static void on_lookup_timer(void *context)
{
    struct lookup *lookup = context;

    if (lookup->exchange) {
        bool doubtful = lookup->mismatched && !lookup->over_tcp;

        lookup->over_tcp = doubtful;
        try_next(lookup, doubtful);
        return;
    }
    attempt(lookup);
}

int resolver_ask(struct resolver *resolver, const struct dname *name, uint16_t type,
                 lookup_done *done, void *context, struct lookup **out)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));

    if (!lookup)
        return -ENOMEM;
    *lookup = (struct lookup){
        .resolver = resolver,
        .name = *name,
        .type = type,
        .done = done,
        .context = context,
        .server = resolver->preferred,
    };
    lookup->timer = loop_timer(resolver->loop, on_lookup_timer, lookup);
    if (!lookup->timer) {
        free(lookup);
        return -ENOMEM;
    }
    resolver->statistics.lookups++;
    loop_timer_set(lookup->timer, 0);
    *out = lookup;
    return 0;
}
