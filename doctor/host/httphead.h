/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of one HTTP/1.1 response (RFC 9112), as far as a WebSocket probe asks about it.  Pure.
 */
#ifndef WILDSET_DOCTOR_HOST_HTTPHEAD_H
#define WILDSET_DOCTOR_HOST_HTTPHEAD_H

#include <stdbool.h>
#include <stddef.h>

enum {
    HTTP_HEAD_MAX = 16384, /* bytes: a longer head is none */
    HTTP_TEXT_MAX = 64,    /* of a header's value; a longer one is cut */
};

enum http_outcome {
    HTTP_WHOLE,
    HTTP_UNFINISHED, /* so far, so good */
    HTTP_NONE,       /* this is no HTTP response, or one that lies or is too long */
};

struct http_head {
    unsigned status;         /* 100..599 */
    bool upgrade;            /* Upgrade: websocket */
    bool connection_upgrade; /* Connection: Upgrade */
    bool extension;          /* Sec-WebSocket-Extensions or -Protocol, which were not asked for */
    char accept[HTTP_TEXT_MAX]; /* Sec-WebSocket-Accept; "" without, or when it comes twice */
    char server[HTTP_TEXT_MAX]; /* Server; printable ASCII only; "" without */
    char via[HTTP_TEXT_MAX];    /* Via, by which a proxy names itself; likewise */
};

/* Of the bytes that came so far; *out is good with HTTP_WHOLE only. */
enum http_outcome http_head_read(const char *bytes, size_t size, struct http_head *out);

#endif
