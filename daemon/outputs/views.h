/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the daemon that the replies of the control socket describe.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_VIEWS_H
#define WILDSET_DAEMON_OUTPUTS_VIEWS_H

#include "base/clock.h"

struct config;
struct feeds;
struct hold;
struct reloads;
struct resolvers;
struct setsync;
struct sources;
struct trusted;

/* All borrowed; the configuration may be replaced with control_set_config. */
struct daemon_views {
    const struct config *config;
    struct setsync *sync;
    const struct sources *sources;
    const struct feeds *feeds; /* or NULL */
    const struct hold *hold;   /* or NULL */
    const struct resolvers *resolvers;
    const struct trusted *trusted; /* whom to trust */
    struct reloads *reloads;       /* or NULL: nothing to read again */
    struct moment started;
};

#endif
