/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each source is and may say: one row a source, by enum source.  How the daemon runs it is a
 * row of daemon/sources/table.c.
 */
#ifndef WILDSET_SOURCE_KIND_H
#define WILDSET_SOURCE_KIND_H

#include "source/message.h"

struct source_kind {
    const char *name;   /* in the log, in JSON, in the state file; and its program's in libexec */
    uint32_t may_send;  /* bits by enum message_kind: what is not here is a violation */
    uint32_t may_state; /* bits by enum interface_state */
    uint32_t may_claim; /* bits by enum record_type */
    uint32_t takes;     /* bits by enum source_request_kind; 0: its channel is one-way */
    bool asks_itself;   /* it chose itself what it asked, and whom */
    /* It answers for whom it heard: its answers need no resolver that capture.resolvers names. */
    bool vouches;
};

/* Never NULL; one without a name and without any right for what is no source. */
const struct source_kind *source_kind(enum source source);

#endif
