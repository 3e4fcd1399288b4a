/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One HTTPS exchange: the only place that knows libcurl.  It looks no name up and follows no
 * redirect by itself: the addresses to use come with the request (registry/download.h does both).
 */
#ifndef WILDSET_REGISTRY_FETCH_FETCH_H
#define WILDSET_REGISTRY_FETCH_FETCH_H

#include "base/loop.h"
#include "dnsparse/names/address.h"
#include "source/list_report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FETCH_SIZE_MAX = 4 << 20, /* bytes of a body when unpacked */
    FETCH_HEADERS_MAX = 64 << 10,
    FETCH_SECONDS_MAX = 30,
    FETCH_CONNECT_SECONDS_MAX = 10,
    FETCH_SLOW_BYTES = 64, /* a second, for FETCH_SLOW_SECONDS: slower is given up */
    FETCH_SLOW_SECONDS = 10,
    FETCH_HOST_MAX = 256,
    FETCH_URL_MAX = 2048,
    FETCH_TAG_MAX = 256, /* of an ETag or a date, with its NUL */
    FETCH_PROBLEM_MAX = 256,
    FETCH_PIN_ADDRESSES_MAX = 32,
};

/* Where a host is. */
struct fetch_pin {
    char host[FETCH_HOST_MAX];
    uint16_t port;
    struct address addresses[FETCH_PIN_ADDRESSES_MAX];
    size_t count;
};

/* Everything is borrowed until fetch_start returns; the certificates until the fetch has ended. */
struct fetch_request {
    const char *url;
    const char *proxy; /* "" for none */
    const struct fetch_pin *pins;
    size_t pin_count;
    const char *certificates; /* PEM: nobody else is trusted */
    size_t certificates_size;
    const char *etag;     /* of the document that is known; "" */
    const char *modified; /* Last-Modified of it; "" */
};

/* Until the callback returns. */
struct fetch_response {
    enum registry_outcome outcome; /* REGISTRY_GOOD: a whole response came, whatever its status */
    uint32_t status;
    char etag[FETCH_TAG_MAX], modified[FETCH_TAG_MAX];
    char location[FETCH_URL_MAX]; /* where a redirect leads, made absolute; "" */
    uint32_t retry_after;         /* seconds; 0: not said */
    bool page;                    /* Content-Type says HTML */
    const char *body;
    size_t size;
    char problem[FETCH_PROBLEM_MAX]; /* libcurl's words; "" when none */
};

typedef void fetch_done(void *context, const struct fetch_response *response);

struct fetcher;
struct fetch;

/* Opens what libcurl and its TLS library want to open: before the sandbox. */
int fetcher_new(struct loop *loop, struct fetcher **out);
/* All fetches must have ended or been cancelled. */
void fetcher_free(struct fetcher *fetcher);
/* The callback comes once, never from within fetch_start; the fetch is gone then.  0 or -errno. */
int fetch_start(struct fetcher *fetcher, const struct fetch_request *request, fetch_done *done,
                void *context, struct fetch **out);
/* Without its callback.  NULL does nothing. */
void fetch_cancel(struct fetch *fetch);

/*
 * Host (without brackets) and port of a URL or a proxy ("host:port" too).  False when it is none,
 * or, with `https`, of another scheme.
 */
bool fetch_split_url(const char *url, bool https, char host[static FETCH_HOST_MAX], uint16_t *port);

#endif
