/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The row of the source that resolvers tell what they answered.
 */
#ifndef WILDSET_DAEMON_SOURCES_DNSTAP_H
#define WILDSET_DAEMON_SOURCES_DNSTAP_H

#include "daemon/sources/row.h"

extern const struct source_row dnstap_row;

#endif
