/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces that come up, and what else changes of them and their addresses: the kernel tells
 * (rtnetlink), nobody polls.
 */
#ifndef WILDSET_DAEMON_SOURCES_LINK_MONITOR_H
#define WILDSET_DAEMON_SOURCES_LINK_MONITOR_H

#include "base/loop.h"
#include "sniffer/plan.h"

#include <stdbool.h>
#include <stddef.h>

struct link_monitor;

/*
 * The watched interface with this index came up, or is another one of the same name; `retyped`:
 * with another link layer than it had, so that whoever reads it reads it wrong.
 */
typedef void links_up(void *context, size_t index, bool retyped);
/* Something has changed of the machine's interfaces, addresses or forwarding, watched or not. */
typedef void links_changed(void *context);

struct link_monitor_hooks {
    links_up *up;
    links_changed *changed;
    void *context;
};

int link_monitor_open(struct loop *loop, const struct link_monitor_hooks *hooks,
                      struct link_monitor **out);
void link_monitor_close(struct link_monitor *links);
/* From now on these; names are copied, PLAN_INTERFACES_MAX at most. */
void link_monitor_watch(struct link_monitor *links, const struct plan_interface *interfaces,
                        size_t count);

#endif
