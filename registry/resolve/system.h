/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the registry process takes from the system: its resolvers, its hosts file, its trusted
 * certificates.  Read once, before the sandbox: when one of these files changes, the daemon starts
 * another process.
 */
#ifndef WILDSET_REGISTRY_RESOLVE_SYSTEM_H
#define WILDSET_REGISTRY_RESOLVE_SYSTEM_H

#include "base/file.h"
#include "dnsparse/names/address.h"
#include "dnsparse/names/dname.h"
#include "registry/resolve/resolver.h"

#include <stddef.h>

enum { SYSTEM_HOST_ADDRESSES_MAX = 16 };

#define SYSTEM_RESOLV_CONF "/etc/resolv.conf"
#define SYSTEM_HOSTS "/etc/hosts"

/* The system's trusted certificates, in PEM, from the first place where distributions keep them. */
int system_read_certificates(struct file_text *out);
/* The file that system_read_certificates would read; NULL when there is none. */
const char *system_certificates_path(void);
/* The certificates of one file, `path`.  -EBADMSG when it holds none. */
int system_read_certificates_of(const char *path, struct file_text *out);

/* The "nameserver" lines of resolv.conf(5).  How many. */
size_t system_nameservers(const char *text,
                          struct resolver_server out[static RESOLVER_SERVERS_MAX]);
/* The same, and as the C library does, 127.0.0.1 when there is none.  How many. */
size_t system_servers(const char *text, struct resolver_server out[static RESOLVER_SERVERS_MAX]);
/* The addresses of a name in hosts(5).  How many. */
size_t system_hosts_find(const char *text, const struct dname *name,
                         struct address out[static SYSTEM_HOST_ADDRESSES_MAX]);

#endif
