/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libcurl's multi interface on the event loop.  HTTP/1.1 and gzip only: the other codings and
 * versions may want many megabytes before a byte of the document is there.
 */
#include "registry/fetch/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    BODY_FIRST = 16 << 10, /* bytes; doubled as it grows */
    PIN_TEXT_MAX = FETCH_HOST_MAX + 8 + FETCH_PIN_ADDRESSES_MAX * (ADDRESS_TEXT_MAX + 3),
};

struct fetcher {
    struct loop *loop;
    struct loop_watch *timer;
    CURLM *multi;
};

/* A socket of libcurl's, while it is interested in it. */
struct interest {
    struct fetcher *fetcher;
    curl_socket_t socket;
    struct loop_watch *readable, *writable;
};

struct fetch {
    struct fetcher *fetcher;
    fetch_done *done;
    void *context;
    CURL *easy;
    struct curl_slist *headers, *pins;
    char *body;
    size_t size, room, header_bytes;
    bool too_large, no_memory;
    char error[CURL_ERROR_SIZE];
    struct fetch_response response;
};

/* ---- the multi handle on the loop ---- */

static enum registry_outcome outcome_of(const struct fetch *fetch, CURLcode code)
{
    if (fetch->too_large)
        return REGISTRY_TOO_LARGE;
    if (fetch->no_memory)
        return REGISTRY_NO_MEMORY;
    switch ((int)code) { /* a few of a hundred */
    case CURLE_OK:
        return REGISTRY_GOOD;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return REGISTRY_UNRESOLVED;
    case CURLE_COULDNT_CONNECT:
        return REGISTRY_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT:
        return REGISTRY_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
        return REGISTRY_UNTRUSTED;
    case CURLE_FILESIZE_EXCEEDED:
        return REGISTRY_TOO_LARGE;
    case CURLE_OUT_OF_MEMORY:
        return REGISTRY_NO_MEMORY;
    default:
        return REGISTRY_BROKEN;
    }
}

/* libcurl may quote the server in it. */
static void copy_problem(char out[static FETCH_PROBLEM_MAX], const char *text)
{
    snprintf(out, FETCH_PROBLEM_MAX, "%s", text);
    for (; *out != '\0'; out++)
        if (*out < ' ' || *out > '~')
            *out = '?';
}

static void fetch_finish(struct fetch *fetch, CURLcode code)
{
    struct fetch_response *response = &fetch->response;
    fetch_done *done = fetch->done;
    void *context = fetch->context;
    long status = 0;
    curl_off_t retry_after = 0;
    const char *location = NULL;

    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(fetch->easy, CURLINFO_RETRY_AFTER, &retry_after);
    curl_easy_getinfo(fetch->easy, CURLINFO_REDIRECT_URL, &location);
    response->outcome = outcome_of(fetch, code);
    response->status = (uint32_t)status;
    response->retry_after = retry_after > 0 && retry_after < INT32_MAX ? (uint32_t)retry_after : 0;
    if (location && strlen(location) < FETCH_URL_MAX)
        strcpy(response->location, location);
    response->body = fetch->body ? fetch->body : "";
    response->size = fetch->size;
    if (code != CURLE_OK)
        copy_problem(response->problem,
                     fetch->error[0] != '\0' ? fetch->error : curl_easy_strerror(code));
    done(context, response);
    fetch_cancel(fetch);
}

static void finish_ended(struct fetcher *fetcher)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(fetcher->multi, &left))) {
        struct fetch *fetch = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&fetch);
        fetch_finish(fetch, message->data.result);
    }
}

static void act(struct fetcher *fetcher, curl_socket_t socket, int what)
{
    int running;

    curl_multi_socket_action(fetcher->multi, socket, what, &running);
    finish_ended(fetcher);
}

static void on_fetch_readable(void *context)
{
    struct interest *interest = context;
    act(interest->fetcher, interest->socket, CURL_CSELECT_IN);
}

static void on_fetch_writable(void *context)
{
    struct interest *interest = context;
    act(interest->fetcher, interest->socket, CURL_CSELECT_OUT);
}

static void on_fetch_timer(void *context)
{
    act(context, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout_wanted(CURLM *multi, long milliseconds, void *context)
{
    struct fetcher *fetcher = context;

    (void)multi;
    if (milliseconds < 0)
        loop_timer_stop(fetcher->timer);
    else
        loop_timer_set(fetcher->timer, (uint64_t)milliseconds);
    return 0;
}

static void interest_free(struct interest *interest)
{
    if (!interest)
        return;
    loop_unwatch(interest->readable);
    loop_unwatch(interest->writable);
    free(interest);
}

/* Anew each time: it is asked for rarely.  A socket that is not watched ends in a time-out. */
static int on_interest(CURL *easy, curl_socket_t socket, int what, void *context, void *of_socket)
{
    struct fetcher *fetcher = context;
    struct interest *interest;

    (void)easy;
    interest_free(of_socket);
    curl_multi_assign(fetcher->multi, socket, NULL);
    if (what == CURL_POLL_REMOVE)
        return 0;
    interest = calloc(1, sizeof(*interest));
    if (!interest)
        return 0;
    interest->fetcher = fetcher;
    interest->socket = socket;
    if (what & CURL_POLL_IN)
        interest->readable =
            loop_readable(fetcher->loop, socket, LOOP_NORMAL, on_fetch_readable, interest);
    if (what & CURL_POLL_OUT)
        interest->writable = loop_writable(fetcher->loop, socket, on_fetch_writable, interest);
    curl_multi_assign(fetcher->multi, socket, interest);
    return 0;
}

int fetcher_new(struct loop *loop, struct fetcher **out)
{
    struct fetcher *fetcher = calloc(1, sizeof(*fetcher));

    if (!fetcher)
        return -ENOMEM;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(fetcher);
        return -ENOMEM;
    }
    fetcher->loop = loop;
    fetcher->timer = loop_timer(loop, on_fetch_timer, fetcher);
    fetcher->multi = curl_multi_init();
    if (!fetcher->timer || !fetcher->multi) {
        fetcher_free(fetcher);
        return -ENOMEM;
    }
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, on_interest);
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
    *out = fetcher;
    return 0;
}

void fetcher_free(struct fetcher *fetcher)
{
    if (!fetcher)
        return;
    if (fetcher->multi)
        curl_multi_cleanup(fetcher->multi);
    loop_unwatch(fetcher->timer);
    free(fetcher);
    curl_global_cleanup();
}

/* ---- what comes ---- */

static bool fetch_make_room(struct fetch *fetch, size_t more)
{
    size_t room = fetch->room ? fetch->room : BODY_FIRST;
    char *body;

    if (more > FETCH_SIZE_MAX - fetch->size) {
        fetch->too_large = true;
        return false;
    }
    while (room < fetch->size + more)
        room *= 2;
    if (room == fetch->room)
        return true;
    body = realloc(fetch->body, room);
    if (!body) {
        fetch->no_memory = true;
        return false;
    }
    fetch->body = body;
    fetch->room = room;
    return true;
}

/* Unpacked already: this is where a small file that unpacks to gigabytes ends. */
static size_t on_body(char *bytes, size_t one, size_t count, void *context)
{
    struct fetch *fetch = context;
    size_t size = one * count;

    if (!fetch_make_room(fetch, size))
        return 0;
    memcpy(fetch->body + fetch->size, bytes, size);
    fetch->size += size;
    return size;
}

/* Only what can be sent back as it is; a longer one does not count. */
static void take_header(const char *line, size_t size, const char *name,
                        char out[static FETCH_TAG_MAX])
{
    size_t skip = strlen(name);

    if (size < skip || strncasecmp(line, name, skip) != 0)
        return;
    out[0] = '\0';
    while (skip < size && (line[skip] == ' ' || line[skip] == '\t'))
        skip++;
    while (size > skip && strchr("\r\n \t", line[size - 1]))
        size--;
    if (size - skip >= FETCH_TAG_MAX)
        return;
    for (size_t i = skip; i < size; i++)
        if (line[i] < ' ' || line[i] > '~')
            return;
    memcpy(out, line + skip, size - skip);
    out[size - skip] = '\0';
}

static size_t on_header(char *line, size_t one, size_t count, void *context)
{
    struct fetch *fetch = context;
    struct fetch_response *response = &fetch->response;
    size_t size = one * count;
    char type[FETCH_TAG_MAX] = "";

    fetch->header_bytes += size;
    if (fetch->header_bytes > FETCH_HEADERS_MAX) {
        fetch->too_large = true;
        return 0;
    }
    if (size >= 5 && strncmp(line, "HTTP/", 5) == 0) {
        response->etag[0] = response->modified[0] = '\0';
        response->page = false;
    }
    take_header(line, size, "etag:", response->etag);
    take_header(line, size, "last-modified:", response->modified);
    take_header(line, size, "content-type:", type);
    if (strncasecmp(type, "text/html", 9) == 0)
        response->page = true;
    return size;
}

/* ---- what is asked ---- */

static bool add_header(struct fetch *fetch, const char *name, const char *value)
{
    char line[FETCH_TAG_MAX + 32];
    struct curl_slist *headers;

    if (*value == '\0')
        return true;
    snprintf(line, sizeof(line), "%s: %s", name, value);
    headers = curl_slist_append(fetch->headers, line);
    if (headers)
        fetch->headers = headers;
    return headers != NULL;
}

/* "HOST:PORT:ADDRESS,[ADDRESS]" */
static bool add_pin(struct fetch *fetch, const struct fetch_pin *pin)
{
    char line[PIN_TEXT_MAX], text[ADDRESS_TEXT_MAX];
    struct curl_slist *pins;
    int used = snprintf(line, sizeof(line), "%s:%u:", pin->host, pin->port);

    for (size_t i = 0; i < pin->count; i++)
        used += snprintf(line + used, sizeof(line) - (size_t)used,
                         pin->addresses[i].family == ADDRESS_IPV6 ? "%s[%s]" : "%s%s", i ? "," : "",
                         address_to_text(&pin->addresses[i], text));
    pins = curl_slist_append(fetch->pins, line);
    if (pins)
        fetch->pins = pins;
    return pins != NULL;
}

static bool add_lists(struct fetch *fetch, const struct fetch_request *request)
{
    for (size_t i = 0; i < request->pin_count; i++)
        if (request->pins[i].count > 0 && !add_pin(fetch, &request->pins[i]))
            return false;
    return add_header(fetch, "If-None-Match", request->etag) &&
           add_header(fetch, "If-Modified-Since", request->modified) &&
           add_header(fetch, "Accept", "application/json, text/plain, text/csv, */*;q=0.5");
}

static bool fetch_set_up(struct fetch *fetch, const struct fetch_request *request)
{
    CURL *easy = fetch->easy;
    const struct curl_blob certificates = {
        .data = (void *)(uintptr_t)request->certificates,
        .len = request->certificates_size,
        .flags = CURL_BLOB_NOCOPY,
    };
    CURLcode code = CURLE_OK;

#define SET(option, value) code = code ? code : curl_easy_setopt(easy, option, value)
    SET(CURLOPT_PRIVATE, fetch);
    SET(CURLOPT_ERRORBUFFER, fetch->error);
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    SET(CURLOPT_USERAGENT, "wildset/" WILDSET_VERSION);
    SET(CURLOPT_HTTPHEADER, fetch->headers);
    SET(CURLOPT_RESOLVE, fetch->pins);
    SET(CURLOPT_PROXY, request->proxy);
    SET(CURLOPT_NOPROXY, "");
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FORBID_REUSE, 1L); /* the next one is minutes away */
    SET(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_CAINFO_BLOB, &certificates);
    SET(CURLOPT_CAPATH, NULL); /* the distribution's directory: nobody else is trusted */
    SET(CURLOPT_PROXY_CAINFO_BLOB, &certificates);
    SET(CURLOPT_PROXY_CAPATH, NULL);
    SET(CURLOPT_TIMEOUT, (long)FETCH_SECONDS_MAX);
    SET(CURLOPT_CONNECTTIMEOUT, (long)FETCH_CONNECT_SECONDS_MAX);
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)FETCH_SLOW_BYTES);
    SET(CURLOPT_LOW_SPEED_TIME, (long)FETCH_SLOW_SECONDS);
    SET(CURLOPT_MAXFILESIZE, (long)FETCH_SIZE_MAX);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, fetch);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, fetch);
#undef SET
    return code == CURLE_OK;
}

int fetch_start(struct fetcher *fetcher, const struct fetch_request *request, fetch_done *done,
                void *context, struct fetch **out)
{
    struct fetch *fetch = calloc(1, sizeof(*fetch));

    if (!fetch)
        return -ENOMEM;
    fetch->fetcher = fetcher;
    fetch->done = done;
    fetch->context = context;
    fetch->easy = curl_easy_init();
    if (!fetch->easy || !add_lists(fetch, request) || !fetch_set_up(fetch, request) ||
        curl_multi_add_handle(fetcher->multi, fetch->easy) != CURLM_OK) {
        fetch_cancel(fetch);
        return -ENOMEM;
    }
    *out = fetch;
    return 0;
}

void fetch_cancel(struct fetch *fetch)
{
    if (!fetch)
        return;
    if (fetch->easy) {
        curl_multi_remove_handle(fetch->fetcher->multi, fetch->easy);
        curl_easy_cleanup(fetch->easy);
    }
    curl_slist_free_all(fetch->headers);
    curl_slist_free_all(fetch->pins);
    free(fetch->body);
    free(fetch);
}

/* ---- URLs ---- */

static bool take_part(CURLU *url, CURLUPart part, unsigned flags, char *out, size_t room)
{
    char *text = NULL;
    bool fits;

    if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
        return false;
    fits = strlen(text) < room;
    if (fits)
        strcpy(out, text);
    curl_free(text);
    return fits;
}

/* A proxy without a scheme speaks HTTP, and without a port it is asked on 1080, as curl has it. */
static CURLUcode set_url(CURLU *url, const char *text, bool https)
{
    char whole[FETCH_URL_MAX];

    if (https)
        return curl_url_set(url, CURLUPART_URL, text, 0);
    snprintf(whole, sizeof(whole), "%s%s", strstr(text, "://") ? "" : "http://", text);
    return curl_url_set(url, CURLUPART_URL, whole, CURLU_NON_SUPPORT_SCHEME);
}

static bool read_port(CURLU *url, const char *scheme, bool https, uint16_t *out)
{
    char number[8] = "1080";

    if (!take_part(url, CURLUPART_PORT, https ? CURLU_DEFAULT_PORT : 0, number, sizeof(number))) {
        if (https)
            return false;
        if (strcasecmp(scheme, "https") == 0)
            strcpy(number, "443");
    }
    *out = (uint16_t)strtoul(number, NULL, 10);
    return *out != 0;
}

static bool read_parts(CURLU *url, const char *text, bool https, char *host, uint16_t *port)
{
    char scheme[16] = "";
    size_t length;

    if (set_url(url, text, https) != CURLUE_OK ||
        !take_part(url, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) ||
        !take_part(url, CURLUPART_HOST, 0, host, FETCH_HOST_MAX) ||
        (https && strcasecmp(scheme, "https") != 0))
        return false;
    length = strlen(host);
    if (host[0] == '[' && host[length - 1] == ']') {
        memmove(host, host + 1, length - 2);
        host[length - 2] = '\0';
    }
    return host[0] != '\0' && read_port(url, scheme, https, port);
}

bool fetch_split_url(const char *url, bool https, char host[static FETCH_HOST_MAX], uint16_t *port)
{
    CURLU *parts = curl_url();
    bool good = parts && read_parts(parts, url, https, host, port);

    curl_url_cleanup(parts);
    return good;
}
