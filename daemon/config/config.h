/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration file, read whole or not at all.  libconfuse parses it, one table says what each
 * key may hold, and an error names file, line, key, what is wrong and what would be right.
 */
#ifndef WILDSET_DAEMON_CONFIG_CONFIG_H
#define WILDSET_DAEMON_CONFIG_CONFIG_H

#include "dnstap/peers.h"
#include "registry/plan.h"
#include "setsync/policy/whitelist.h"
#include "sniffer/plan.h"

#include <stddef.h>

#define CONFIG_DEFAULT_PATH "/etc/wildset/wildset.conf"

enum config_log {
    CONFIG_LOG_ALARMS, /* warnings and alarms */
    CONFIG_LOG_GRANTS, /* each grant and expiry too */
    CONFIG_LOG_DEBUG,  /* extensions and refusals too */
};

struct config_lines {
    char **line;
    size_t count;
};

/* By its name or number. */
struct config_user {
    char name[33];
};

struct config {
    struct plan_interface *interfaces;
    size_t interface_count;
    struct plan_interface *mirrors;
    size_t mirror_count;
    bool mirrors_auto;               /* those that are evident count too */
    struct plan_resolver *resolvers; /* none: the default ones */
    size_t resolver_count;
    bool require_query;
    enum plan_checksums checksums;
    enum plan_latency latency;
    struct plan_tunnel *tunnels;
    size_t tunnel_count;
    char *open_tunnel; /* a finding where no interface is a mirror port (mirrored.h); NULL: none */
    uint16_t *vlans;
    size_t vlan_count;
    struct whitelist *whitelists;
    size_t whitelist_count;
    struct address *registry_resolvers; /* none: the system's */
    size_t registry_resolver_count;
    uint32_t hold_ms;          /* how long a packet may wait for its address; 0: none waits */
    uint32_t hold_at_least_ms; /* what one waits in any case, on a mirror port; 0: no time */
    uint32_t hold_queue;       /* the number of the kernel's queue that they wait in */
    char *dnstap_socket;       /* where resolvers tell what they answered; NULL or "": nowhere */
    struct config_user *dnstap_peers; /* the resolvers that are heard there */
    size_t dnstap_peer_count;
    enum config_log log;
    struct config_lines warnings, notes;
};

enum {
    CONFIG_RESOLVERS_MAX = 1024,
    CONFIG_ERROR_MAX = 1024,
    CONFIG_HOLD_MAX = 500, /* milliseconds: no client's own time-out is shorter */
    CONFIG_HOLD_QUEUE = 5757,
    CONFIG_SIZE_MAX = 1 << 20, /* bytes of a file: ten thousand names and more */
};

/*
 * With the files of conf.d, if it is a wildset.conf (files.c).  Returns 0 and a configuration to
 * free, or -errno with one line a finding in `error`
 * ("FILE:LINE: key: what"): -EINVAL for what the file says, another for reading it.
 */
int config_read(const char *path, struct config **out, char error[static CONFIG_ERROR_MAX]);
/* The same from bytes; `path` is only for the messages. */
int config_from_text(const char *path, const char *text, size_t size, struct config **out,
                     char error[static CONFIG_ERROR_MAX]);
/* The same from several, in their order, as if they were one. */
struct config_file {
    const char *path; /* only for the messages */
    const char *text;
    size_t size;
    unsigned first_line; /* of all files together; set while they are read */
};
int config_from_files(struct config_file *files, size_t count, struct config **out,
                      char error[static CONFIG_ERROR_MAX]);
void config_free(struct config *config);

/* "default" among the resolvers: an entry without an address. */
bool config_resolver_is_default(const struct plan_resolver *resolver);
/* Whether the servers that the system names, and the public ones, are trusted (daemon/trusted.h).
 */
bool config_believes_default(const struct config *config);

/* What works but deserves a word ("resolvers: anybody is trusted"): calls `warn` with each line.
 */
void config_warnings(const struct config *config, void (*warn)(void *context, const char *line),
                     void *context);
/* What is right, and good to know when it is read: no trouble that lasts. */
void config_notes(const struct config *config, void (*note)(void *context, const char *line),
                  void *context);

/*
 * The sniffer's part, without whom to trust: `resolvers` is for the caller to fill.  `patterns`
 * gets an array to free; the rest is borrowed from the configuration.
 */
int config_plan(const struct config *config, struct plan *out, struct whitelist_pattern **patterns);

/* The registry process's part, with the arrays that it needs. */
struct config_poll {
    struct registry_plan plan;
    struct registry_whitelist *whitelists;
    struct whitelist_pattern *patterns;
};
/* 0 and something to free, or -ENOMEM. */
int config_poll_plan(const struct config *config, struct config_poll *out);
void config_poll_free(struct config_poll *poll);

const struct whitelist *config_whitelist(const struct config *config, const char *name);

#endif
