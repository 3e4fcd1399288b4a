/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way from this machine to one host, step by step; what one step found the next one uses.
 */
#ifndef WILDSET_DOCTOR_HOST_VISIT_H
#define WILDSET_DOCTOR_HOST_VISIT_H

#include "doctor/doctor.h"
#include "doctor/host/probe.h"
#include "doctor/host/tls.h"

enum {
    VISIT_FAMILY_MAX = 4, /* addresses of a family that are tried */
    VISIT_ADDRESSES_MAX = 2 * VISIT_FAMILY_MAX,
    VISIT_PORTS_MAX = 16, /* of a service */
    VISIT_SERVICES_MAX = 8,
    VISIT_TLS_PORT = 443,
};

struct visit {
    struct doctor *doctor;
    const struct whitelist *whitelist; /* whose services are tried */
    struct tls_trust *trust;           /* NULL: it could not be read */
    struct address addresses[VISIT_ADDRESSES_MAX];
    size_t address_count;
    struct probe probes[PROBES_MAX];
    size_t probe_count;
    bool tls_tried[VISIT_ADDRESSES_MAX], tls_works[VISIT_ADDRESSES_MAX];
};

/* Fills in the addresses; whether there are any. */
bool visit_resolve(struct visit *visit);
/* Whether each address is allowed on the firewall that runs on this machine. */
void visit_allowed(struct visit *visit);
/* Tries every port of every service at every address. */
void visit_services(struct visit *visit);
/* TLS and a WebSocket where port 443 is open. */
void visit_tls(struct visit *visit);
/* Which service a client would end up with. */
void visit_path(struct visit *visit);

/* The probe of a port at an address, or NULL. */
struct probe *visit_probe(struct visit *visit, const struct address *address, uint8_t protocol,
                          uint16_t port);

#endif
