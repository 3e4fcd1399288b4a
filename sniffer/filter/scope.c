/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A handful of names, the longest lived of those met, and a few times.
 */
#include "sniffer/filter/scope.h"

struct following following_start(bool follows)
{
    return (struct following){.follows = follows, .wide = follows};
}

void following_ended(struct following *following)
{
    if (following->ended < FOLLOWING_CALM_ANSWERS)
        following->ended++;
}

static struct following_name *find(struct following *following, const struct dname *name)
{
    for (size_t i = 0; i < following->count; i++) {
        if (dname_equal(&following->names[i].name, name))
            return &following->names[i];
    }
    return NULL;
}

/* A free place, or that of the name nearest to its end, which has to pass until then all the same.
 */
static struct following_name *make_room(struct following *following)
{
    struct following_name *nearest = following->names;

    if (following->count < FOLLOWING_NAMES_MAX)
        return &following->names[following->count++];
    for (size_t i = 1; i < following->count; i++) {
        if (following->names[i].expires_ns < nearest->expires_ns)
            nearest = &following->names[i];
    }
    if (nearest->expires_ns > following->crowded_until_ns)
        following->crowded_until_ns = nearest->expires_ns;
    return nearest;
}

/* False when it is known, which is longer so from now on. */
static bool enter(struct following *following, const struct derived_name *name)
{
    struct following_name *known = find(following, &name->name);

    if (!known) {
        *make_room(following) =
            (struct following_name){.name = name->name, .expires_ns = name->expires_ns};
        return true;
    }
    if (known->expires_ns < name->expires_ns)
        known->expires_ns = name->expires_ns;
    return false;
}

void following_inherit(struct following *following, const struct derived_name *name)
{
    (void)enter(following, name);
}

bool following_derived(struct following *following, const struct derived_name *name,
                       uint64_t now_ns)
{
    bool was_wide = following->wide;

    if (!enter(following, name))
        return false;
    following->ended = 0;
    following->new_ns = now_ns;
    following->busy_until_ns = 0;
    following->wide = true;
    return !was_wide;
}

static bool is_calm(const struct following *following, uint64_t now_ns)
{
    return following->ended == FOLLOWING_CALM_ANSWERS &&
           (!following->new_ns || now_ns - following->new_ns >= FOLLOWING_REST_NS);
}

static uint64_t worth(const struct following *following, uint64_t now_ns)
{
    if (is_calm(following, now_ns))
        return FOLLOWING_PACKETS_CALM;
    return following->new_ns ? FOLLOWING_PACKETS_KNOWN : FOLLOWING_PACKETS_UNKNOWN;
}

bool following_costs_too_much(const struct following *following, uint64_t packets, uint64_t now_ns)
{
    return following->wide && packets > worth(following, now_ns);
}

bool following_second(struct following *following, uint64_t packets, uint64_t now_ns)
{
    bool was_wide = following->wide;

    if (!following->follows)
        return false;
    if (following_costs_too_much(following, packets, now_ns))
        following->busy_until_ns = now_ns + FOLLOWING_REST_NS;
    following->wide = now_ns < following->crowded_until_ns || now_ns >= following->busy_until_ns;
    return following->wide != was_wide;
}

size_t following_names(const struct following *following,
                       struct dname out[static FOLLOWING_NAMES_MAX])
{
    for (size_t i = 0; i < following->count; i++)
        out[i] = following->names[i].name;
    return following->count;
}
