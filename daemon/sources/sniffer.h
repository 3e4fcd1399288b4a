/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The row of the sniffer.
 */
#ifndef WILDSET_DAEMON_SOURCES_SNIFFER_H
#define WILDSET_DAEMON_SOURCES_SNIFFER_H

#include "daemon/sources/row.h"

extern const struct source_row sniffer_row;

#endif
