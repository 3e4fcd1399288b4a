/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon writes to a source whose row in kind.c takes it, over the channel's other
 * direction: of one size, as struct message is, without pointers.  Every other source's channel has
 * no such direction.
 */
#ifndef WILDSET_SOURCE_REQUEST_H
#define WILDSET_SOURCE_REQUEST_H

#include "dnsparse/names/dname.h"

#include <stdint.h>

enum source_request_kind {
    SOURCE_REQUEST_DONE,    /* the kernel has what was granted of the message with this number */
    SOURCE_REQUEST_RESOLVE, /* this name */
};

struct source_request {
    uint32_t kind; /* enum source_request_kind */
    uint32_t zero;
    uint64_t number;
    struct dname name; /* length 0 and zeros when unused */
};

/* By the daemon: 0, -EAGAIN when the source does not keep up, -EPIPE when it is gone or takes none,
 * or another -errno. */
int request_send(int reader, const struct source_request *request);
/* By the source, which never waits: 1 with a request, 0 at the end, -EAGAIN when there is none,
 * -EBADMSG for a wrong size, or another -errno. */
int request_receive(int writer, struct source_request *out);

#endif
