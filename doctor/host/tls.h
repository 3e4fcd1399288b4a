/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TLS connection that is made whatever the certificate says, and what the certificate says.  The
 * edge of GnuTLS.
 */
#ifndef WILDSET_DOCTOR_HOST_TLS_H
#define WILDSET_DOCTOR_HOST_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tls;
struct tls_trust;

/*
 * Whom to trust: the certificates in `file`, or, when that is NULL, the system's and apart from
 * them those that an administrator added to this machine.  0, or -errno with `*problem` (a lasting
 * text).
 */
int tls_trust_open(const char *file, struct tls_trust **out, const char **problem);
void tls_trust_close(struct tls_trust *trust);

enum { TLS_TEXT_MAX = 128 };

/* Text is printable ASCII, whatever the certificate holds. */
struct tls_report {
    char version[16];           /* "TLS1.3" */
    char subject[TLS_TEXT_MAX]; /* names in the certificate, comma-separated, cut */
    char issuer[TLS_TEXT_MAX];  /* who signed it: organisation and common name */
    int64_t begins, ends;       /* seconds since 1970 */
    bool self_signed;
    bool unknown_signer; /* its chain leads to nobody who is trusted */
    bool added_signer;   /* its chain leads to somebody who was added to this machine */
    bool wrong_name;
    bool early, expired;
    bool otherwise_bad; /* revoked, a weak signature...: `why` */
    char why[TLS_TEXT_MAX];
};

/*
 * Handshakes over a connected, non-blocking socket, which is the connection's from now on, also on
 * failure.  0 with a report; or -ETIMEDOUT, -ECONNRESET, -EPROTO and the like with the reason in
 * report->why.
 */
int tls_open(const struct tls_trust *trust, int fd, const char *host, uint64_t deadline_ns,
             struct tls **out, struct tls_report *report);
void tls_close(struct tls *tls);
/* All of it: 0 or -errno. */
int tls_send(struct tls *tls, const char *bytes, size_t size, uint64_t deadline_ns);
/* What has come, at most `room`; 0 at the end, or -errno. */
ssize_t tls_receive(struct tls *tls, char *bytes, size_t room, uint64_t deadline_ns);

#endif
