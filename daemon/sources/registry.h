/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The row of the registry.
 */
#ifndef WILDSET_DAEMON_SOURCES_REGISTRY_H
#define WILDSET_DAEMON_SOURCES_REGISTRY_H

#include "daemon/sources/row.h"

extern const struct source_row registry_row;

#endif
