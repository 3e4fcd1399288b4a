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

/* Where the server is in its group, or would be; GROUP when there is no room. */
static unsigned place_in(const struct case_keeper *group, const struct address *server)
{
    unsigned i = 0;

    while (i < GROUP && group[i].server.family != ADDRESS_NONE &&
           !address_equal(&group[i].server, server))
        i++;
    return i;
}

bool case_keepers_has(const struct case_keepers *keepers, const struct siphash_key *key,
                      const struct address *server)
{
    const struct case_keeper *group = &keepers->keepers[group_of(key, server)];
    unsigned i = place_in(group, server);

    return i < GROUP && group[i].server.family != ADDRESS_NONE;
}

void case_keepers_note(struct case_keepers *keepers, const struct siphash_key *key,
                       const struct address *server)
{
    struct case_keeper *group = &keepers->keepers[group_of(key, server)];
    unsigned i = place_in(group, server);

    if (i < GROUP)
        group[i] = (struct case_keeper){.server = *server};
}

bool case_keepers_doubt(struct case_keepers *keepers, const struct siphash_key *key,
                        const struct address *server)
{
    struct case_keeper *group = &keepers->keepers[group_of(key, server)];
    unsigned i = place_in(group, server), last = i;

    if (i == GROUP || group[i].server.family == ADDRESS_NONE)
        return true;
    if (++group[i].doubts < CASEKEEPERS_DOUBTS_MAX)
        return false;
    while (last + 1 < GROUP && group[last + 1].server.family != ADDRESS_NONE)
        last++;
    group[i] = group[last];
    group[last] = (struct case_keeper){0};
    return true;
}
