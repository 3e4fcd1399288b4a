/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration on the machine that it is for: what only its interfaces can tell. */
#ifndef WILDSET_DAEMON_SOURCES_MIRRORED_H
#define WILDSET_DAEMON_SOURCES_MIRRORED_H

#include "daemon/config/config.h"

/*
 * As config_read; but a tunnel that anybody may send is refused, -EINVAL, where no interface is a
 * mirror port.  One that is not there yet may become one.
 */
int mirrored_config_read(const char *path, struct config **out,
                         char error[static CONFIG_ERROR_MAX]);

#endif
