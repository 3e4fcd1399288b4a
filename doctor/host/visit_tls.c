/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Behind an open port 443: whose certificate is it, does somebody read along, and does a WebSocket
 * get through.
 */
#include "doctor/host/visit.h"

#include "base/deadline.h"
#include "doctor/host/websocket.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

struct encounter {
    struct visit *visit;
    char where[ADDRESS_TEXT_MAX];
    struct tls *tls;
    struct tls_report report;
    uint64_t deadline_ns;
    bool inspected; /* somebody may read along */
};

/* ---- certificates ---- */

static const char *date_text(int64_t seconds, char out[static 32])
{
    time_t time = (time_t)seconds;
    struct tm parts;

    if (!gmtime_r(&time, &parts) || strftime(out, 32, "%Y-%m-%d", &parts) == 0)
        strcpy(out, "?");
    return out;
}

static void inspection_say(struct encounter *encounter)
{
    const struct tls_report *report = &encounter->report;
    struct checklist *list = encounter->visit->doctor->list;

    checklist_add(list, "tls", report->added_signer ? CHECK_WARNING : CHECK_FAILURE,
                  "%s: the certificate for %s was signed by \"%s\", %s: TLS inspection%s",
                  encounter->where, report->subject, report->issuer,
                  report->added_signer  ? "which was added to this machine's trusted certificates"
                  : report->self_signed ? "that is by itself"
                                        : "which is not trusted here",
                  report->added_signer ? "" : ", or a server with a private certificate");
    checklist_advise(
        list,
        "exempt the addresses of the sets from inspection: lookback.md in /usr/share/doc/wildset."
        " For a private certificate that is meant to be there: --ca FILE");
}

/* Whether a client would go on. */
static bool certificate_judge(struct encounter *encounter)
{
    const struct tls_report *report = &encounter->report;
    struct checklist *list = encounter->visit->doctor->list;
    const char *host = encounter->visit->doctor->host;
    char date[32];
    bool good = true;

    encounter->inspected = report->unknown_signer || report->added_signer;
    if (encounter->inspected) {
        inspection_say(encounter);
        good = report->added_signer;
    }
    if (report->wrong_name) {
        checklist_add(list, "tls", CHECK_FAILURE, "%s: the certificate is for %s, not for %s",
                      encounter->where, report->subject, host);
        checklist_advise(list, "another server answers: a block page, a captive portal, or a wrong"
                               " address in the DNS");
        good = false;
    }
    if (report->expired || report->early) {
        checklist_add(list, "tls", CHECK_FAILURE, "%s: the certificate %s %s", encounter->where,
                      report->expired ? "expired on" : "is valid only from",
                      date_text(report->expired ? report->ends : report->begins, date));
        checklist_advise(list, "is this machine's clock right? otherwise the server must be fixed");
        good = false;
    }
    if (report->otherwise_bad && good) {
        checklist_add(list, "tls", CHECK_FAILURE, "%s: the certificate is not trusted: %s",
                      encounter->where, report->why);
        good = false;
    }
    if (good && !encounter->inspected)
        checklist_add(list, "tls", CHECK_OK,
                      "%s: %s, the certificate for %s by \"%s\" is valid until %s",
                      encounter->where, report->version, report->subject, report->issuer,
                      date_text(report->ends, date));
    return good;
}

/* ---- WebSocket ---- */

/* The response's head, in time.  0 or -errno; -EPROTO when it is no HTTP. */
static int head_receive(struct encounter *encounter, struct http_head *head)
{
    char bytes[HTTP_HEAD_MAX];
    size_t used = 0;

    while (used < sizeof(bytes)) {
        ssize_t size =
            tls_receive(encounter->tls, bytes + used, sizeof(bytes) - used, encounter->deadline_ns);
        if (size <= 0)
            return size < 0 ? (int)size : -ECONNRESET;
        used += (size_t)size;
        enum http_outcome outcome = http_head_read(bytes, used, head);
        if (outcome == HTTP_WHOLE)
            return 0;
        if (outcome == HTTP_NONE)
            return -EPROTO;
    }
    return -EPROTO;
}

static int websocket_handshake(struct encounter *encounter, struct websocket_key *key,
                               struct http_head *head)
{
    const struct doctor *doctor = encounter->visit->doctor;
    uint8_t nonce[WEBSOCKET_NONCE_SIZE];
    char request[WEBSOCKET_REQUEST_MAX], host[DNAME_TEXT_MAX + 2];

    if (getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce))
        return -EIO;
    *key = websocket_key_of(nonce);
    snprintf(host, sizeof(host), strchr(doctor->host, ':') ? "[%s]" : "%s", doctor->host);
    size_t size =
        websocket_request(host, doctor->options->path ? doctor->options->path : "/", key, request);
    if (size == 0)
        return -EMSGSIZE;
    int error = tls_send(encounter->tls, request, size, encounter->deadline_ns);
    return error < 0 ? error : head_receive(encounter, head);
}

enum meaning {
    MEANS_WORKS,
    MEANS_BROKEN,  /* something between takes the upgrade apart */
    MEANS_UNCLEAR, /* it may be the server's own word */
};

static const struct {
    enum meaning meaning;
    const char *text;
} verdicts[] = {
    [WEBSOCKET_OPEN] = {MEANS_WORKS, "a WebSocket works, and its accept key is right"},
    [WEBSOCKET_WRONG_KEY] = {MEANS_BROKEN,
                             "the upgrade was answered with a wrong accept key: not by a WebSocket"
                             " server that had read the request"},
    [WEBSOCKET_HALF] = {MEANS_BROKEN, "the upgrade was accepted, but its headers were removed from"
                                      " the answer: a proxy that does not support WebSockets"},
    [WEBSOCKET_STRIPPED] = {MEANS_BROKEN,
                            "the server asks for the upgrade that was sent: a proxy has removed it"
                            " from the request"},
    [WEBSOCKET_BAD_REQUEST] = {MEANS_UNCLEAR,
                               "the upgrade was answered as a bad request: a proxy may have removed"
                               " it"},
    [WEBSOCKET_PLAIN] = {MEANS_UNCLEAR, "the request was answered as if no upgrade had been asked"
                                        " for: a proxy may have removed it"},
    [WEBSOCKET_REDIRECT] = {MEANS_UNCLEAR, "the upgrade was answered with a redirect"},
    [WEBSOCKET_FORBIDDEN] = {MEANS_UNCLEAR, "the upgrade was refused"},
    [WEBSOCKET_NO_PATH] = {MEANS_UNCLEAR, "there is nothing at this path"},
    [WEBSOCKET_PROXY] = {MEANS_BROKEN, "a proxy or gateway answered, not the server"},
    [WEBSOCKET_OTHER] = {MEANS_UNCLEAR, "the upgrade was not accepted"},
};

/* Who inspects TLS can have changed it; where nobody can, it was the server or what is before it.
 */
static void websocket_report(struct encounter *encounter, const struct http_head *head,
                             enum websocket_verdict verdict)
{
    static const enum check_state states[] = {
        [MEANS_WORKS] = CHECK_OK, [MEANS_BROKEN] = CHECK_FAILURE, [MEANS_UNCLEAR] = CHECK_WARNING};
    struct checklist *list = encounter->visit->doctor->list;
    enum meaning meaning = verdicts[verdict].meaning;

    checklist_add(list, "websocket", states[meaning], "%s: %s (status %u%s%s%s%s)",
                  encounter->where, verdicts[verdict].text, head->status,
                  head->server[0] ? ", server " : "", head->server, head->via[0] ? ", via " : "",
                  head->via);
    if (meaning != MEANS_WORKS && encounter->inspected)
        checklist_advise(list,
                         "TLS inspection (above) can do that: exempt the addresses of the sets"
                         " from it: lookback.md in /usr/share/doc/wildset");
    else if (meaning == MEANS_BROKEN)
        checklist_advise(list,
                         "the certificate is the server's, so nothing in between could read the"
                         " request: it is the operator's proxy; ask them");
    else if (meaning == MEANS_UNCLEAR)
        checklist_advise(list, "is there a WebSocket at this path? --path names another");
}

static void websocket_try(struct encounter *encounter)
{
    struct checklist *list = encounter->visit->doctor->list;
    struct websocket_key key;
    struct http_head head;
    int error = websocket_handshake(encounter, &key, &head);

    if (error == 0) {
        websocket_report(encounter, &head, websocket_judge(&head, &key));
        return;
    }
    checklist_add(list, "websocket", CHECK_FAILURE, "%s: no answer to the upgrade: %s",
                  encounter->where, error == -EPROTO ? "not an HTTP response" : strerror(-error));
    checklist_advise(list, "does this server speak HTTP on this port? a firewall may cut what does"
                           " not look like HTTP");
}

/* ---- each address ---- */

static void address_visit(struct visit *visit, size_t index, struct probe *probe)
{
    struct checklist *list = visit->doctor->list;
    struct encounter encounter = {.visit = visit,
                                  .deadline_ns = deadline_in_ms(visit->doctor->timeout_ms)};

    address_to_text(&visit->addresses[index], encounter.where);
    visit->tls_tried[index] = true;
    int error = tls_open(visit->trust, probe->fd, visit->doctor->host, encounter.deadline_ns,
                         &encounter.tls, &encounter.report);
    probe->fd = -1;
    if (error < 0) {
        checklist_add(list, "tls", CHECK_FAILURE, "%s: the port is open, but TLS fails: %s",
                      encounter.where,
                      encounter.report.why[0] ? encounter.report.why : strerror(-error));
        checklist_advise(list,
                         "firewalls that read the server name in TLS, or expect HTTP, cut such"
                         " connections: exempt the addresses of the sets");
        return;
    }
    visit->tls_works[index] = certificate_judge(&encounter);
    encounter.deadline_ns = deadline_in_ms(visit->doctor->timeout_ms);
    websocket_try(&encounter);
    tls_close(encounter.tls);
}

void visit_tls(struct visit *visit)
{
    for (size_t i = 0; visit->trust && i < visit->address_count; i++) {
        struct probe *probe = visit_probe(visit, &visit->addresses[i], IPPROTO_TCP, VISIT_TLS_PORT);

        if (probe && probe->state == PROBE_OPEN)
            address_visit(visit, i, probe);
    }
    for (size_t i = 0; i < visit->probe_count; i++) {
        if (visit->probes[i].fd >= 0)
            close(visit->probes[i].fd);
        visit->probes[i].fd = -1;
    }
}
