/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each source is and may say: one row a source, by enum source.  How the daemon runs it is a
 * row of daemon/sources/table.c.
 *
 * The channel is one-way today.  A source that has to be answered (that holds an answer back until
 * the kernel has its addresses) gets a `wants_done` here, and one that is to be asked something
 * (to resolve a name) a `may_be_asked` beside it; both are answered with a struct source_request.
 */
#ifndef WILDSET_SOURCE_KIND_H
#define WILDSET_SOURCE_KIND_H

#include "dnsparse/names/dname.h"
#include "source/message.h"

struct source_kind {
    const char *name;   /* in the log, in JSON, in the state file; and its program's in libexec */
    uint32_t may_send;  /* bits by enum message_kind: what is not here is a violation */
    uint32_t may_state; /* bits by enum interface_state */
    uint32_t may_claim; /* bits by enum record_type */
    /* It chose itself whom it asked: its answers need no resolver that capture.resolvers names. */
    bool asks_itself;
};

/* Never NULL; one without a name and without any right for what is no source. */
const struct source_kind *source_kind(enum source source);

enum source_request_kind {
    SOURCE_REQUEST_DONE = 1, /* of the message with this number: the kernel has what was granted */
    SOURCE_REQUEST_RESOLVE,  /* this name */
};

/* What the daemon will write to a source: of one size, as struct message is. */
struct source_request {
    uint32_t kind; /* enum source_request_kind */
    uint32_t zero;
    uint64_t number;
    struct dname name; /* length 0 and zeros when unused */
};

#endif
