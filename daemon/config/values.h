/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values that the configuration's keys may hold: text to value, one function a type.  Pure;
 * each returns false and leaves *out alone when the text is not one.
 */
#ifndef WILDSET_DAEMON_CONFIG_VALUES_H
#define WILDSET_DAEMON_CONFIG_VALUES_H

#include "daemon/config/reader.h"
#include "dnsparse/names/pattern.h"
#include "setsync/policy/whitelist.h"
#include "sniffer/plan.h"
#include "source/message.h"

#include <stdbool.h>
#include <stdint.h>

enum { DURATION_MAX = 366 * 86400 }; /* seconds: a year is more than a lease should ever live */

/* yes, no, true, false, on, off. */
bool value_boolean(const char *text, bool *out);
/* Decimal digits only, at most `most`. */
bool value_number(const char *text, uint32_t most, uint32_t *out);
/* Whole seconds.  "90" and "90s" are seconds; "10m", "1d", "1h30m": units ms, s, m, h, d, each
 * once, the largest first. */
bool value_duration(const char *text, uint32_t *out);
/* The same, at most `most` milliseconds. */
bool value_milliseconds(const char *text, uint32_t most, uint32_t *out);
/* What the kernel takes for a name: 1 to 15 visible bytes without "/", ":" and "%", not "." or
 * "..". */
bool value_interface(const char *text, struct plan_interface *out);
/* The servers that the system names, and the well-known public ones: an entry without an address.
 */
#define VALUE_DEFAULT_RESOLVERS "default"
/* "ADDRESS", "PREFIX", each with "%INTERFACE" or without, or "default". */
bool value_resolver(const char *text, struct plan_resolver *out);
/* "vxlan", "vxlan from 198.51.100.7 vni 42 port 8472", "gre key 7", "erspan session 5". */
bool value_tunnel(const char *text, struct plan_tunnel *out);
/* "udp 19305-19309", "tcp 443". */
bool value_service(const char *text, struct service *out);
/* U-labels are converted (UTS 46, non-transitional); "*." stays in front.  Addresses, prefixes and
 * what holds a byte of "/:@,;%" are no names. */
bool value_pattern(const char *text, struct pattern *out);
/* What would be right where a name was refused (URL, name with port, ".name", address) or a service
 * ("443/tcp", "tcp:443"); false when there is nothing better to say than what is wanted. */
bool value_mend_name(const char *text, char out[static CONFIG_MEND_MAX]);
bool value_mend_service(const char *text, char out[static CONFIG_MEND_MAX]);
/* [A-Za-z][A-Za-z0-9_-]{0,30} */
bool value_whitelist_name(const char *text, char out[static WHITELIST_NAME_MAX]);
/* "https://HOST[:PORT][/PATH]" in visible ASCII, or "" for none; nobody's password belongs in it.
 */
bool value_url(const char *text);
/* An absolute path, or "" for none. */
bool value_path(const char *text);
/* A user's name or number, as text: whether there is one is seen where it is looked up. */
bool value_user(const char *text, struct config_user *out);
/* "" or a plain absolute path: no empty part, no "." or "..", not a directory's. */
bool value_feed(const char *text, char out[static WHITELIST_FEED_MAX]);

#endif
