/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One round for each URL on the way: which hosts have to be known, where they are, the exchange.
 */
#include "registry/fetch/download.h"

#include "dnsparse/answers/rr.h"
#include "dnsparse/names/address.h"
#include "registry/fetch/proxy.h"
#include "registry/resolve/system.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PINS_MAX = 2, /* the URL's host, the proxy */
    MS_PER_SECOND = 1000,
};

struct wait {
    struct download *download;
    struct fetch_pin *pin;
    struct lookup *lookup; /* NULL: not asked, or answered */
};

struct download {
    const struct download_tools *tools;
    struct download_request request;
    fetch_done *done;
    void *context;
    struct loop_watch *step, *deadline; /* timers */
    struct fetch *fetch;
    struct wait waits[PINS_MAX * FAMILIES];
    struct fetch_pin pins[PINS_MAX];
    size_t pin_count;
    const char *proxy; /* of this round */
    unsigned redirects;
    char url[FETCH_URL_MAX], etag[FETCH_TAG_MAX], modified[FETCH_TAG_MAX];
};

static void download_free(struct download *download)
{
    fetch_cancel(download->fetch);
    for (size_t i = 0; i < PINS_MAX * FAMILIES; i++)
        lookup_cancel(download->waits[i].lookup);
    loop_unwatch(download->step);
    loop_unwatch(download->deadline);
    free(download);
}

static void download_finish(struct download *download, const struct fetch_response *response)
{
    fetch_done *done = download->done;
    void *context = download->context;

    download_free(download);
    done(context, response);
}

static void download_fail(struct download *download, enum registry_outcome outcome,
                          const char *problem)
{
    struct fetch_response response = {.outcome = outcome, .body = ""};

    snprintf(response.problem, sizeof(response.problem), "%s", problem);
    download_finish(download, &response);
}

static bool is_redirect(uint32_t status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* The response's texts are the fetch's, which is gone when this returns. */
static void on_response(void *context, const struct fetch_response *response)
{
    struct download *download = context;
    char host[FETCH_HOST_MAX];
    uint16_t port;

    download->fetch = NULL;
    if (response->outcome != REGISTRY_GOOD || !is_redirect(response->status)) {
        download_finish(download, response);
        return;
    }
    if (!fetch_split_url(response->location, true, host, &port)) {
        download_fail(download, REGISTRY_REDIRECT, response->location);
        return;
    }
    if (download->redirects++ == DOWNLOAD_REDIRECTS_MAX) {
        download_fail(download, REGISTRY_REDIRECT, "too many redirects");
        return;
    }
    strcpy(download->url, response->location);
    loop_timer_set(download->step, 0);
}

static void exchange(struct download *download)
{
    const struct fetch_request request = {
        .url = download->url,
        .proxy = download->proxy,
        .pins = download->pins,
        .pin_count = download->pin_count,
        .certificates = download->request.certificates,
        .certificates_size = download->request.certificates_size,
        .etag = download->etag,
        .modified = download->modified,
    };

    for (size_t i = 0; i < download->pin_count; i++) {
        char problem[FETCH_HOST_MAX + 16];

        if (download->pins[i].count > 0)
            continue;
        snprintf(problem, sizeof(problem), "%s", download->pins[i].host);
        download_fail(download, REGISTRY_UNRESOLVED, problem);
        return;
    }
    if (fetch_start(download->tools->fetcher, &request, on_response, download, &download->fetch))
        download_fail(download, REGISTRY_NO_MEMORY, "");
}

/* ---- where the hosts are ---- */

static bool still_waits(const struct download *download)
{
    for (size_t i = 0; i < PINS_MAX * FAMILIES; i++)
        if (download->waits[i].lookup)
            return true;
    return false;
}

static void download_add_address(struct fetch_pin *pin, const struct address *address)
{
    if (pin->count < FETCH_PIN_ADDRESSES_MAX)
        pin->addresses[pin->count++] = *address;
}

static void on_download_lookup(void *context, const struct lookup_result *result)
{
    struct wait *wait = context;
    struct download *download = wait->download;

    wait->lookup = NULL;
    /* Not all of them: the other family's may come too. */
    for (unsigned i = 0; result->answer && i < result->answer->address_count &&
                         i < FETCH_PIN_ADDRESSES_MAX / FAMILIES;
         i++)
        download_add_address(wait->pin, &result->answer->addresses[i].address);
    if (!still_waits(download))
        exchange(download);
}

static bool download_ask(struct download *download, size_t pin, const struct dname *name)
{
    static const uint16_t types[FAMILIES] = {RR_TYPE_A, RR_TYPE_AAAA};

    for (size_t i = 0; i < FAMILIES; i++) {
        struct wait *wait = &download->waits[pin * FAMILIES + i];

        *wait = (struct wait){.download = download, .pin = &download->pins[pin]};
        if (resolver_ask(download->tools->resolver, name, types[i], on_download_lookup, wait,
                         &wait->lookup))
            return false;
    }
    return true;
}

static bool find_host(struct download *download, size_t pin)
{
    struct address found[SYSTEM_HOST_ADDRESSES_MAX];
    struct dname name;
    size_t count;

    if (!dname_from_text(download->pins[pin].host, &name))
        return true; /* no name: it will have no address */
    count = system_hosts_find(download->tools->hosts, &name, found);
    for (size_t i = 0; i < count; i++)
        download_add_address(&download->pins[pin], &found[i]);
    return count > 0 || download_ask(download, pin, &name);
}

/* An address needs no pin: libcurl takes it as it stands in the URL. */
static void want_host(struct download *download, const char *host, uint16_t port)
{
    struct address address;
    struct fetch_pin *pin = &download->pins[download->pin_count];

    if (address_from_text(host, &address))
        return;
    *pin = (struct fetch_pin){.port = port};
    snprintf(pin->host, sizeof(pin->host), "%s", host);
    download->pin_count++;
}

static bool choose_hosts(struct download *download)
{
    const struct download_tools *tools = download->tools;
    char host[FETCH_HOST_MAX], proxy[FETCH_HOST_MAX];
    uint16_t port, proxy_port;

    download->pin_count = 0;
    download->proxy = "";
    if (!fetch_split_url(download->url, true, host, &port))
        return false;
    if (tools->proxy[0] != '\0' && !proxy_is_bypassed(tools->exceptions, host)) {
        if (!fetch_split_url(tools->proxy, false, proxy, &proxy_port))
            return false;
        download->proxy = tools->proxy;
        want_host(download, proxy, proxy_port);
    }
    if (download->proxy[0] == '\0' || !proxy_resolves(download->proxy))
        want_host(download, host, port);
    return true;
}

static void on_step(void *context)
{
    struct download *download = context;

    if (!choose_hosts(download)) {
        download_fail(download, REGISTRY_BROKEN, "the URL or the proxy's cannot be read");
        return;
    }
    for (size_t i = 0; i < download->pin_count; i++) {
        if (!find_host(download, i)) {
            download_fail(download, REGISTRY_NO_MEMORY, "");
            return;
        }
    }
    if (!still_waits(download))
        exchange(download);
}

static void on_download_deadline(void *context)
{
    download_fail(context, REGISTRY_TIMEOUT, "");
}

int download_start(const struct download_tools *tools, const struct download_request *request,
                   fetch_done *done, void *context, struct download **out)
{
    struct download *download = calloc(1, sizeof(*download));

    if (!download)
        return -ENOMEM;
    download->tools = tools;
    download->request = *request;
    download->done = done;
    download->context = context;
    snprintf(download->url, sizeof(download->url), "%s", request->url);
    snprintf(download->etag, sizeof(download->etag), "%s", request->etag);
    snprintf(download->modified, sizeof(download->modified), "%s", request->modified);
    download->step = loop_timer(tools->loop, on_step, download);
    download->deadline = loop_timer(tools->loop, on_download_deadline, download);
    if (!download->step || !download->deadline) {
        download_free(download);
        return -ENOMEM;
    }
    loop_timer_set(download->step, 0);
    loop_timer_set(download->deadline, DOWNLOAD_SECONDS_MAX * MS_PER_SECOND);
    *out = download;
    return 0;
}
