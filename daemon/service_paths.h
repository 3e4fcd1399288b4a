/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the service may write, asked by somebody else: `wildsetd --check` of an administrator.
 */
#ifndef WILDSET_DAEMON_SERVICE_PATHS_H
#define WILDSET_DAEMON_SERVICE_PATHS_H

/*
 * Whether the file at `path` can be replaced by the service: by its user where root asks, and by
 * its unit (ProtectSystem=, ReadWritePaths=, StateDirectory=) where systemd has one.  0, or -errno
 * as the service would get it.
 */
int servicepaths_try(const char *path);

#endif
