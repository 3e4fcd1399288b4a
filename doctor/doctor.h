/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the checks have in common, and the checks: each adds its findings to the list.  They come in
 * the order of the way that a fact goes.
 */
#ifndef WILDSET_DOCTOR_DOCTOR_H
#define WILDSET_DOCTOR_DOCTOR_H

#include "client/connection.h"
#include "client/options.h"
#include "daemon/config/config.h"
#include "doctor/checklist.h"

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct nftruleset;

struct doctor {
    struct checklist *list;
    const struct options *options;
    const char *host;              /* an address or a name of A-labels; NULL: none was given */
    unsigned timeout_ms;           /* of each step on the way to it */
    struct config *config;         /* NULL: it cannot be used */
    struct connection *connection; /* NULL: no daemon answers */
    pid_t daemon;                  /* 0: unknown */
    json_t *status;                /* NULL: likewise */
};

void check_configuration(struct doctor *doctor);
void check_daemon(struct doctor *doctor);
/* These need the daemon's status. */
void check_sandbox(struct doctor *doctor);
void check_sources(struct doctor *doctor);
void check_interfaces(struct doctor *doctor);
void check_dns(struct doctor *doctor);
void check_resolvers(struct doctor *doctor);
void check_encrypted_dns(struct doctor *doctor);
void check_sets(struct doctor *doctor);
void check_registry(struct doctor *doctor);
/* These need the configuration. */
void check_rules(struct doctor *doctor);
void check_host(struct doctor *doctor);
/* One that check_rules has read. */
void check_hold_rules(struct doctor *doctor, const struct nftruleset *ruleset, bool forwards);

void check_clock(struct doctor *doctor);

#endif
