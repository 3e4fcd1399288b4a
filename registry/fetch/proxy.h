/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which proxy a list is fetched through, as users of curl expect it (curl(1), "Environment"): the
 * variables https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY in this order, and no_proxy or NO_PROXY.
 * Decided here and not in libcurl, so that it never has to look a name up by itself.
 */
#ifndef WILDSET_REGISTRY_FETCH_PROXY_H
#define WILDSET_REGISTRY_FETCH_PROXY_H

#include <stdbool.h>

/* Of the environment; "" when there is none. */
const char *proxy_from_environment(void);
const char *proxy_exceptions_from_environment(void);
/*
 * Whether no_proxy's text names the host: a list between commas or spaces of hosts (each with all
 * below it, a leading dot makes no difference), addresses and prefixes; "*" is everything.  Pure.
 */
bool proxy_is_bypassed(const char *exceptions, const char *host);
/* Whether a proxy of this URL's scheme is told the host's name (HTTP, socks4a, socks5h).  Pure. */
bool proxy_resolves(const char *proxy);

#endif
