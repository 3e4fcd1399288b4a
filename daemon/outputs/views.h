/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the daemon that outputs read: what the control socket describes, above all.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_VIEWS_H
#define WILDSET_DAEMON_OUTPUTS_VIEWS_H

#include "base/clock.h"

struct config;
struct hold;
struct outputs;
struct reloads;
struct resolvers;
struct setsync;
struct sources;
struct trusted;

/* All borrowed, and NULL until the daemon has opened them; the configuration is the one in force.
 */
struct daemon_views {
    const struct config *config;
    struct setsync *sync;
    const struct sources *sources;
    const struct outputs *outputs;
    const struct hold *hold; /* or NULL */
    const struct resolvers *resolvers;
    const struct trusted *trusted; /* whom to trust */
    struct reloads *reloads;       /* or NULL: nothing to read again */
    struct moment started;
};

#endif
