/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names to addresses by asking servers over UDP, and over TCP where that is needed: a stub resolver
 * (RFC 1034 section 5.3.1) in the event loop.  One connected socket for each question, so that only
 * the server's answers arrive; id and letters' case from getrandom(2), the source port from the
 * kernel's.
 */
#ifndef WILDSET_REGISTRY_RESOLVE_RESOLVER_H
#define WILDSET_REGISTRY_RESOLVE_RESOLVER_H

#include "base/loop.h"
#include "dnsparse/answers/answer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RESOLVER_SERVERS_MAX = 16,
    RESOLVER_PORT = 53,
};

struct resolver_server {
    struct address address;
    uint32_t scope; /* the interface's index of a link-local address; 0 otherwise */
    uint16_t port;
};

struct resolver_statistics {
    uint64_t lookups;  /* asked */
    uint64_t failures; /* no server gave an answer */
    uint64_t
        mismatches; /* messages that answer no question of ours: forged, or a broken server's */
};

enum lookup_outcome {
    LOOKUP_ANSWER,  /* `answer`; it may hold no address */
    LOOKUP_NO_NAME, /* NXDOMAIN */
    LOOKUP_FAILED,  /* nobody answered, or all answered with errors */
};

struct lookup_result {
    enum lookup_outcome outcome;
    const struct answer *answer;          /* until the callback returns; NULL without one */
    const struct resolver_server *server; /* whose answer it is; NULL without one */
    bool over_tcp;
};

/* Called once for each lookup, never from within resolver_ask; the lookup is gone then. */
typedef void lookup_done(void *context, const struct lookup_result *result);

struct resolver;
struct lookup;

/* Copies the servers, in the order of preference; none is allowed: each lookup fails then. */
int resolver_new(struct loop *loop, const struct resolver_server *servers, size_t count,
                 struct resolver **out);
/* All lookups must have ended or been cancelled. */
void resolver_free(struct resolver *resolver);
/* `type` is RR_TYPE_A or RR_TYPE_AAAA.  0 or -ENOMEM. */
int resolver_ask(struct resolver *resolver, const struct dname *name, uint16_t type,
                 lookup_done *done, void *context, struct lookup **out);
/* Without its callback.  NULL does nothing. */
void lookup_cancel(struct lookup *lookup);
const struct resolver_statistics *resolver_statistics(const struct resolver *resolver);

#endif
