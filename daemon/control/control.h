/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket's server: SOCK_SEQPACKET, the protocol is described in protocol.h.  Clients
 * that do not read are dropped; nothing here can make the daemon wait.
 */
#ifndef WILDSET_DAEMON_CONTROL_CONTROL_H
#define WILDSET_DAEMON_CONTROL_CONTROL_H

#include "daemon/outputs/output.h"

/* The socket has mode 0660 and group wildset when it exists; a dead one is replaced. */
extern const struct output control_output;

#endif
