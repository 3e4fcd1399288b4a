/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GnuTLS, without its own verdict on certificates: a wrong one is a finding here, and the
 * connection goes on to show what else is in the way.
 */
#include "doctor/host/tls.h"

#include "base/deadline.h"
#include "dnsparse/names/address.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHAIN_MAX = 16 };

struct tls_trust {
    gnutls_certificate_credentials_t credentials;
    gnutls_x509_trust_list_t added; /* NULL: a file was named, that is whom to trust */
};

struct tls {
    gnutls_session_t session;
    int fd;
};

/* ---- trust ---- */

static int trust_fill(struct tls_trust *trust, const char *file, const char **problem)
{
    /* Where distributions keep what an administrator has added. */
    static const char *const folders[] = {
        "/usr/local/share/ca-certificates",         /* Debian */
        "/etc/pki/ca-trust/source/anchors",         /* Fedora */
        "/etc/ca-certificates/trust-source/anchors" /* Arch */
    };

    *problem = "out of memory";
    if (gnutls_certificate_allocate_credentials(&trust->credentials) < 0)
        return -ENOMEM;
    if (file) {
        int count =
            gnutls_certificate_set_x509_trust_file(trust->credentials, file, GNUTLS_X509_FMT_PEM);

        *problem = count < 0 ? gnutls_strerror(count) : "it holds no certificate";
        return count > 0 ? 0 : -EINVAL;
    }

    int count = gnutls_certificate_set_x509_system_trust(trust->credentials);
    *problem = count < 0 ? gnutls_strerror(count)
                         : "the system has no certificates: install ca-certificates";
    if (count <= 0)
        return -ENOENT;
    if (gnutls_x509_trust_list_init(&trust->added, 0) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        gnutls_x509_trust_list_add_trust_dir(trust->added, folders[i], NULL, GNUTLS_X509_FMT_PEM, 0,
                                             0);
    return 0;
}

int tls_trust_open(const char *file, struct tls_trust **out, const char **problem)
{
    struct tls_trust *trust = calloc(1, sizeof(*trust));
    int error = -ENOMEM;

    *problem = "out of memory";
    if (trust)
        error = trust_fill(trust, file, problem);
    if (error < 0) {
        tls_trust_close(trust);
        return error;
    }
    *out = trust;
    return 0;
}

void tls_trust_close(struct tls_trust *trust)
{
    if (!trust)
        return;
    if (trust->added)
        gnutls_x509_trust_list_deinit(trust->added, 1);
    if (trust->credentials)
        gnutls_certificate_free_credentials(trust->credentials);
    free(trust);
}

/* ---- what a certificate says ---- */

static void text_clean(char *text)
{
    for (; *text; text++) {
        if (*text < ' ' || *text > '~')
            *text = '?';
    }
}

static void text_append(char out[static TLS_TEXT_MAX], const char *text, size_t size)
{
    size_t used = strlen(out);

    snprintf(out + used, TLS_TEXT_MAX - used, "%s%.*s", used ? ", " : "", (int)size, text);
    text_clean(out);
}

static void issuer_part(gnutls_x509_crt_t certificate, const char *oid, struct tls_report *report)
{
    char text[TLS_TEXT_MAX];
    size_t size = sizeof(text);

    if (gnutls_x509_crt_get_issuer_dn_by_oid(certificate, oid, 0, 0, text, &size) == 0)
        text_append(report->issuer, text, size);
}

static void names_read(gnutls_x509_crt_t certificate, struct tls_report *report)
{
    char text[256];

    for (unsigned i = 0; i < 8; i++) {
        size_t size = sizeof(text);
        int kind = gnutls_x509_crt_get_subject_alt_name(certificate, i, text, &size, NULL);

        if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            break;
        if (kind == GNUTLS_SAN_DNSNAME)
            text_append(report->subject, text, size);
    }
    if (report->subject[0] != '\0')
        return;
    size_t size = sizeof(text);
    if (gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, text,
                                      &size) == 0)
        text_append(report->subject, text, size);
}

/* The chain as the peer sent it; how many, to be freed. */
static unsigned chain_import(gnutls_session_t session, gnutls_x509_crt_t chain[static CHAIN_MAX])
{
    unsigned count = 0, used = 0;
    const gnutls_datum_t *sent = gnutls_certificate_get_peers(session, &count);

    for (unsigned i = 0; sent && i < count && i < CHAIN_MAX; i++) {
        if (gnutls_x509_crt_init(&chain[used]) < 0)
            break;
        if (gnutls_x509_crt_import(chain[used], &sent[i], GNUTLS_X509_FMT_DER) < 0) {
            gnutls_x509_crt_deinit(chain[used]);
            break;
        }
        used++;
    }
    return used;
}

static void verification_read(unsigned status, struct tls_report *report)
{
    const unsigned said = GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNER_NOT_FOUND |
                          GNUTLS_CERT_UNEXPECTED_OWNER | GNUTLS_CERT_NOT_ACTIVATED |
                          GNUTLS_CERT_EXPIRED;
    gnutls_datum_t text;

    report->unknown_signer = status & GNUTLS_CERT_SIGNER_NOT_FOUND;
    report->wrong_name = status & GNUTLS_CERT_UNEXPECTED_OWNER;
    report->early = status & GNUTLS_CERT_NOT_ACTIVATED;
    report->expired = status & GNUTLS_CERT_EXPIRED;
    report->otherwise_bad = (status & ~said) != 0 || status == GNUTLS_CERT_INVALID;
    if (!report->otherwise_bad ||
        gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0)
        return;
    snprintf(report->why, sizeof(report->why), "%s", (const char *)text.data);
    text_clean(report->why);
    gnutls_free(text.data);
}

static void peer_read(const struct tls_trust *trust, gnutls_session_t session, const char *host,
                      struct tls_report *report)
{
    gnutls_x509_crt_t chain[CHAIN_MAX];
    unsigned count = chain_import(session, chain);
    unsigned status = GNUTLS_CERT_INVALID, added = 0;

    snprintf(report->version, sizeof(report->version), "%s",
             gnutls_protocol_get_name(gnutls_protocol_get_version(session)));
    if (count > 0) {
        names_read(chain[0], report);
        issuer_part(chain[0], GNUTLS_OID_X520_ORGANIZATION_NAME, report);
        issuer_part(chain[0], GNUTLS_OID_X520_COMMON_NAME, report);
        report->begins = gnutls_x509_crt_get_activation_time(chain[0]);
        report->ends = gnutls_x509_crt_get_expiration_time(chain[0]);
        report->self_signed = gnutls_x509_crt_check_issuer(chain[0], chain[0]) != 0;
    }
    if (gnutls_certificate_verify_peers3(session, host, &status) < 0)
        status = GNUTLS_CERT_INVALID;
    verification_read(status, report);
    report->added_signer =
        trust->added && count > 0 &&
        gnutls_x509_trust_list_verify_crt(trust->added, chain, count, 0, &added, NULL) == 0 &&
        (added & GNUTLS_CERT_SIGNER_NOT_FOUND) == 0;
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(chain[i]);
}

/* ---- the connection ---- */

/* Until GnuTLS can go on.  0 or -ETIMEDOUT. */
static int tls_wait(const struct tls *tls, uint64_t deadline_ns)
{
    struct pollfd poller = {.fd = tls->fd};

    poller.events = gnutls_record_get_direction(tls->session) ? POLLOUT : POLLIN;
    while (deadline_left_ms(deadline_ns) > 0) {
        if (poll(&poller, 1, deadline_left_ms(deadline_ns)) > 0)
            return 0;
    }
    return -ETIMEDOUT;
}

static int error_of(int result)
{
    switch (result) {
    case GNUTLS_E_PREMATURE_TERMINATION:
    case GNUTLS_E_PULL_ERROR:
    case GNUTLS_E_PUSH_ERROR:
        return -ECONNRESET;
    case GNUTLS_E_MEMORY_ERROR:
        return -ENOMEM;
    default:
        return -EPROTO;
    }
}

static int tls_handshake(struct tls *tls, uint64_t deadline_ns, struct tls_report *report)
{
    int result;

    while ((result = gnutls_handshake(tls->session)) < 0) {
        int error = 0;

        if (gnutls_error_is_fatal(result)) {
            const char *alert = result == GNUTLS_E_FATAL_ALERT_RECEIVED
                                    ? gnutls_alert_get_name(gnutls_alert_get(tls->session))
                                    : NULL;
            snprintf(report->why, sizeof(report->why), "%s",
                     alert ? alert : gnutls_strerror(result));
            return error_of(result);
        }
        if (result == GNUTLS_E_AGAIN || deadline_left_ms(deadline_ns) == 0)
            error = tls_wait(tls, deadline_ns);
        if (error < 0) {
            snprintf(report->why, sizeof(report->why), "no answer in time");
            return error;
        }
    }
    return 0;
}

/* HTTP/1.1 alone is offered: in HTTP/2 an upgrade is something else. */
static int session_set_up(struct tls *tls, const struct tls_trust *trust, const char *host)
{
    static unsigned char protocol[] = "http/1.1";
    struct address address;
    const gnutls_datum_t offered = {.data = protocol, .size = sizeof(protocol) - 1};

    if (gnutls_init(&tls->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
        return -ENOMEM;
    if (gnutls_set_default_priority(tls->session) < 0 ||
        gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, trust->credentials) < 0 ||
        gnutls_alpn_set_protocols(tls->session, &offered, 1, 0) < 0)
        return -EINVAL;
    if (!address_from_text(host, &address) &&
        gnutls_server_name_set(tls->session, GNUTLS_NAME_DNS, host, strlen(host)) < 0)
        return -EINVAL;
    gnutls_handshake_set_timeout(tls->session, 0);
    gnutls_transport_set_int(tls->session, tls->fd);
    return 0;
}

int tls_open(const struct tls_trust *trust, int fd, const char *host, uint64_t deadline_ns,
             struct tls **out, struct tls_report *report)
{
    struct tls *tls = calloc(1, sizeof(*tls));
    int error;

    *report = (struct tls_report){.version = ""};
    if (!tls) {
        close(fd);
        return -ENOMEM;
    }
    tls->fd = fd;
    error = session_set_up(tls, trust, host);
    if (error == 0)
        error = tls_handshake(tls, deadline_ns, report);
    if (error < 0) {
        tls_close(tls);
        return error;
    }
    peer_read(trust, tls->session, host, report);
    *out = tls;
    return 0;
}

void tls_close(struct tls *tls)
{
    if (!tls)
        return;
    if (tls->session)
        gnutls_deinit(tls->session);
    close(tls->fd);
    free(tls);
}

int tls_send(struct tls *tls, const char *bytes, size_t size, uint64_t deadline_ns)
{
    while (size > 0) {
        ssize_t sent = gnutls_record_send(tls->session, bytes, size);

        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
            continue;
        }
        if (sent != GNUTLS_E_AGAIN && sent != GNUTLS_E_INTERRUPTED)
            return error_of((int)sent);
        int error = tls_wait(tls, deadline_ns);
        if (error < 0)
            return error;
    }
    return 0;
}

ssize_t tls_receive(struct tls *tls, char *bytes, size_t room, uint64_t deadline_ns)
{
    for (;;) {
        ssize_t got = gnutls_record_recv(tls->session, bytes, room);
        int error = 0;

        if (got >= 0)
            return got;
        if (gnutls_error_is_fatal((int)got))
            return error_of((int)got);
        if (got == GNUTLS_E_AGAIN || deadline_left_ms(deadline_ns) == 0)
            error = tls_wait(tls, deadline_ns);
        if (error < 0)
            return error;
    }
}
