/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of how it goes, for the service manager: what `wildset status` says in more.
 */
#ifndef WILDSET_DAEMON_HEALTH_LINE_H
#define WILDSET_DAEMON_HEALTH_LINE_H

#include "daemon/outputs/views.h"

enum { HEALTHLINE_MAX = 512 };

/* "ok: 2 whitelists, 34 addresses allowed now"; "degraded: " and the gravest finding.  Returns
 * `out`. */
const char *healthline(const struct daemon_views *views, char out[static HEALTHLINE_MAX]);

#endif
