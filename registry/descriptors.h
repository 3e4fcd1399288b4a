/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon hands to the registry process at exec, by fixed numbers.
 *
 *   3     the channel's writing end (SOCK_SEQPACKET, runtime/channel.h)
 *   4     the plan, a sealed memfd (registry/plan.h)
 *   8...  for each whitelist of the plan in its order the file of its last good list
 *         (registry/list/list_cache.h), open for reading and writing; closed where there is none
 *
 * Descriptors 0 to 2 are the daemon's (stderr is the log); every other one is closed at exec. There
 * are no privileges and no arguments.  Of the environment the proxy's variables are read.  SIGTERM,
 * SIGINT, and a channel that nobody reads, end it at once: it has nothing to tidy up.
 */
#ifndef WILDSET_REGISTRY_DESCRIPTORS_H
#define WILDSET_REGISTRY_DESCRIPTORS_H

enum {
    REGISTRY_CHANNEL_FD = 3,
    REGISTRY_PLAN_FD = 4,
    REGISTRY_LIST_CACHE_FD = 8,
};

#endif
