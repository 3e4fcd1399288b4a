/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups of eight, chosen by a keyed hash, so that nobody can fill the one where a certain server
 * would be.
 */
#include "sniffer/pipeline/case_keepers.h"

#include "base/siphash.h"

enum { GROUP = 8 };

static unsigned group_of(const struct siphash_key *key, const struct address *server)
{
    return (unsigned)(siphash(key, server, sizeof(*server)) % (CASEKEEPERS_MAX / GROUP)) * GROUP;
}

bool case_keepers_has(const struct case_keepers *keepers, const struct siphash_key *key,
                      const struct address *server)
{
    const struct address *group = &keepers->servers[group_of(key, server)];

    for (unsigned i = 0; i < GROUP && group[i].family != ADDRESS_NONE; i++) {
        if (address_equal(&group[i], server))
            return true;
    }
    return false;
}

void case_keepers_note(struct case_keepers *keepers, const struct siphash_key *key,
                       const struct address *server)
{
    struct address *group = &keepers->servers[group_of(key, server)];
    unsigned i = 0;

    while (i < GROUP && group[i].family != ADDRESS_NONE && !address_equal(&group[i], server))
        i++;
    if (i < GROUP)
        group[i] = *server;
}
