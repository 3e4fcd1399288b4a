/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The opening handshake of a WebSocket (RFC 6455, section 4): what is asked, and what the response
 * says about the way.  Pure.
 */
#ifndef WILDSET_DOCTOR_HOST_WEBSOCKET_H
#define WILDSET_DOCTOR_HOST_WEBSOCKET_H

#include "doctor/host/httphead.h"

#include <stdint.h>

enum {
    WEBSOCKET_NONCE_SIZE = 16,
    WEBSOCKET_KEY_MAX = 25,    /* base64 of it, and its NUL */
    WEBSOCKET_ACCEPT_MAX = 29, /* base64 of SHA-1, and its NUL */
    WEBSOCKET_REQUEST_MAX = 2048,
};

struct websocket_key {
    char text[WEBSOCKET_KEY_MAX];
};

/* Of random bytes. */
struct websocket_key websocket_key_of(const uint8_t nonce[static WEBSOCKET_NONCE_SIZE]);
/* What the server has to answer: section 4.2.2, step 5.4. */
void websocket_accept(const struct websocket_key *key, char out[static WEBSOCKET_ACCEPT_MAX]);
/* The request; `host` as it belongs into Host.  Its length, 0 when it does not fit. */
size_t websocket_request(const char *host, const char *path, const struct websocket_key *key,
                         char out[static WEBSOCKET_REQUEST_MAX]);

enum websocket_verdict {
    WEBSOCKET_OPEN,        /* 101, and the accept key is right */
    WEBSOCKET_WRONG_KEY,   /* 101, and it is not: somebody answered who did not read the request */
    WEBSOCKET_HALF,        /* 101 without the headers that go with it: they were taken out */
    WEBSOCKET_STRIPPED,    /* 426: the server asks for the very upgrade that was sent */
    WEBSOCKET_BAD_REQUEST, /* 400: often a request whose upgrade headers were taken out */
    WEBSOCKET_PLAIN,       /* answered as if no upgrade had been asked for */
    WEBSOCKET_REDIRECT,
    WEBSOCKET_FORBIDDEN, /* 401, 403 */
    WEBSOCKET_NO_PATH,   /* 404, 405, 410: nothing there */
    WEBSOCKET_PROXY,     /* 407, 502, 503, 504, 511: what a proxy says of itself */
    WEBSOCKET_OTHER,
};

enum websocket_verdict websocket_judge(const struct http_head *head,
                                       const struct websocket_key *key);

#endif
