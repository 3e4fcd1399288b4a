/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A document by its URL: the proxy that the environment names, hosts(5) and the resolver for the
 * names on the way, redirects to HTTPS only, and an end to all of it.
 */
#ifndef WILDSET_REGISTRY_FETCH_DOWNLOAD_H
#define WILDSET_REGISTRY_FETCH_DOWNLOAD_H

#include "registry/fetch/fetch.h"
#include "registry/resolve/resolver.h"

enum {
    DOWNLOAD_REDIRECTS_MAX = 5,
    DOWNLOAD_SECONDS_MAX = 60,
};

/* Borrowed for as long as a download runs. */
struct download_tools {
    struct loop *loop;
    struct fetcher *fetcher;
    struct resolver *resolver;
    const char *hosts;      /* the text of /etc/hosts; "" */
    const char *proxy;      /* "" for none */
    const char *exceptions; /* no_proxy's text; "" */
};

struct download_request {
    const char *url;          /* copied */
    const char *certificates; /* PEM, borrowed until the end */
    size_t certificates_size;
    const char *etag, *modified; /* copied */
};

struct download;

/*
 * The callback comes once, never from within; the download is gone then.  What comes is the last
 * response, with REGISTRY_UNRESOLVED, _REDIRECT and _TIMEOUT too.  0 or -errno.
 */
int download_start(const struct download_tools *tools, const struct download_request *request,
                   fetch_done *done, void *context, struct download **out);

#endif
