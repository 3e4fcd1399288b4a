/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One question on its way to one server, over a socket of its own: UDP, or TCP with the length in
 * front (RFC 7766).
 */
#ifndef WILDSET_REGISTRY_RESOLVE_EXCHANGE_H
#define WILDSET_REGISTRY_RESOLVE_EXCHANGE_H

#include "registry/resolve/resolver.h"

struct exchange;

/* Both may free the exchange; after a failure, and where `message` says false, they have to. */
struct exchange_hooks {
    bool (*message)(void *context, const uint8_t *bytes, size_t size);
    void (*failure)(void *context); /* refused, closed: no need to wait longer */
    void *context;
};

/* Copies the question.  0 or -errno. */
int exchange_open(struct loop *loop, const struct resolver_server *server, bool over_tcp,
                  const uint8_t *question, size_t size, const struct exchange_hooks *hooks,
                  struct exchange **out);
/* NULL does nothing. */
void exchange_free(struct exchange *exchange);

#endif
