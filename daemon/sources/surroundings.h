/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sniffer's plan says of the machine's own interfaces and addresses, kept up to date:
 * which are mirror ports, which addresses are ours, who is behind which interface.
 */
#ifndef WILDSET_DAEMON_SOURCES_SURROUNDINGS_H
#define WILDSET_DAEMON_SOURCES_SURROUNDINGS_H

#include "daemon/sources/topology.h"

struct surroundings {
    struct topology_past past;
    /* Of the last plan, copied: */
    struct plan_interface interfaces[PLAN_INTERFACES_MAX], named[PLAN_INTERFACES_MAX];
    struct plan_resolver resolvers[PLAN_RESOLVERS_MAX];
    size_t interface_count, resolver_count;
    struct mirror_choice choice;
    struct topology_part part; /* what followed for it */
    struct mirror_port ports[PLAN_INTERFACES_MAX];
    size_t port_count;
};

/* All zero is a new one. */
void surroundings_close(struct surroundings *surroundings);
/*
 * The plan with its part of the surroundings as they are now, borrowed until the next call; says
 * what interfaces are taken for mirror ports when that is news.
 */
struct plan surroundings_complete(struct surroundings *surroundings, const struct plan *plan,
                                  const struct mirror_choice *choice);
/* Whether that part would be another one now. */
bool surroundings_have_changed(struct surroundings *surroundings);

#endif
