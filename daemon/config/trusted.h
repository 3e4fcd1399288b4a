/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom a configuration trusts, as it is now: the resolvers that it names, and where it says
 * "default", or nothing, the servers that the system names and the well-known public ones.  The
 * system's files are read each time: they change while the daemon runs.
 */
#ifndef WILDSET_DAEMON_CONFIG_TRUSTED_H
#define WILDSET_DAEMON_CONFIG_TRUSTED_H

#include "daemon/config/config.h"
#include "registry/resolve/resolver.h"
#include "sniffer/plan.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    TRUSTED_FILES = 2,
    TRUSTED_SYSTEM_MAX = TRUSTED_FILES * RESOLVER_SERVERS_MAX,
    TRUSTED_SERVER_TEXT_MAX = PREFIX_TEXT_MAX + 1 + IFNAMSIZ + 6,
    TRUSTED_TEXT_MAX = 2048,
};

/* Where the system names its servers. */
struct trusted_files {
    const char *resolv_conf; /* resolv.conf(5) */
    const char *uplinks;     /* those behind systemd-resolved's stub */
};

struct trusted_server {
    struct plan_resolver resolver;
    const char *file; /* that names it */
};

struct trusted {
    struct plan_resolver *resolvers; /* all of them, for the plan */
    size_t count;
    bool by_default; /* the system's and the public ones are among them */
    bool unset;      /* nothing says so: the configuration is silent */
    size_t named;    /* by the configuration: the first ones */
    struct trusted_server system[TRUSTED_SYSTEM_MAX]; /* the next ones, from which file */
    size_t system_count;
};

/* The files of this system. */
struct trusted_files trusted_files(void);
/* 0 and something to free, or -ENOMEM.  A file that is not there, or no resolv.conf, names nobody.
 */
int trusted_make(const struct config *config, const struct trusted_files *files,
                 struct trusted *out);
void trusted_free(struct trusted *trusted);

bool trusted_equal(const struct trusted *a, const struct trusted *b);
/* Whether answers of this server may count, at least on some interface and port. */
bool trusted_has(const struct trusted *trusted, const struct address *server);
/* At this port. */
bool trusted_has_at(const struct trusted *trusted, const struct address *server, uint16_t port);
/* "192.0.2.53", "198.51.100.0/28%eth1@5353": as the configuration has it.  Returns `out`. */
const char *plan_resolver_to_text(const struct plan_resolver *resolver,
                                  char out[static TRUSTED_SERVER_TEXT_MAX]);
/* "192.0.2.53, 127.0.0.53 (/etc/resolv.conf), 160 well-known public ones (as of ...)"; `out`. */
const char *trusted_to_text(const struct trusted *trusted, char out[static TRUSTED_TEXT_MAX]);

#endif
