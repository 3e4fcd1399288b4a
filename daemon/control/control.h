/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket's server: SOCK_SEQPACKET, the protocol is described in protocol.h.  Clients
 * that do not read are dropped; nothing here can make the daemon wait.
 */
#ifndef WILDSET_DAEMON_CONTROL_CONTROL_H
#define WILDSET_DAEMON_CONTROL_CONTROL_H

#include "base/loop.h"
#include "daemon/outputs/views.h"

struct control;
struct event;

/* Makes the socket (0660, group wildset when it exists), replacing a dead one.  0 or -errno. */
int control_open(struct loop *loop, const char *path, const struct daemon_views *views,
                 struct control **out);
void control_close(struct control *control);
void control_set_config(struct control *control, const struct config *config);
/* A reload has ended: those who wait for it are told. */
void control_reloaded(struct control *control);
/* After the kernel has it: kept for those who watch or ask why.  `control` may be NULL. */
void control_event(struct control *control, const struct event *event);

#endif
