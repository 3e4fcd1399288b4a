/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A handful of names, the longest lived of those met, and a few times.
 */
#include "sniffer/filter/scope.h"

struct scope scope_start(bool follows)
{
    return (struct scope){.follows = follows, .wide = follows};
}

void scope_ended(struct scope *scope)
{
    if (scope->ended < SCOPE_CALM_ANSWERS)
        scope->ended++;
}

/* False when it is known, which is longer so from now on. */
static bool scope_enter(struct scope *scope, const struct derived_name *name)
{
    struct scope_name *nearest = scope->names;

    for (size_t i = 0; i < scope->count; i++) {
        struct scope_name *known = &scope->names[i];

        if (dname_equal(&known->name, &name->name)) {
            if (known->expires_ns < name->expires_ns)
                known->expires_ns = name->expires_ns;
            return false;
        }
        if (known->expires_ns < nearest->expires_ns)
            nearest = known;
    }
    /* A free place, or that of the name nearest to its end, which has to pass until then all the
     * same. */
    if (scope->count < SCOPE_NAMES_MAX)
        nearest = &scope->names[scope->count++];
    else if (nearest->expires_ns > scope->crowded_until_ns)
        scope->crowded_until_ns = nearest->expires_ns;
    *nearest = (struct scope_name){.name = name->name, .expires_ns = name->expires_ns};
    return true;
}

void scope_inherit(struct scope *scope, const struct derived_name *name)
{
    (void)scope_enter(scope, name);
}

bool scope_derived(struct scope *scope, const struct derived_name *name, uint64_t now_ns)
{
    bool was_wide = scope->wide;

    if (!scope_enter(scope, name))
        return false;
    scope->ended = 0;
    scope->new_ns = now_ns;
    scope->busy_until_ns = 0;
    scope->wide = true;
    return !was_wide;
}

bool scope_costs_too_much(const struct scope *scope, uint64_t packets, uint64_t now_ns)
{
    bool rests = !scope->new_ns || now_ns - scope->new_ns >= SCOPE_REST_NS;
    uint64_t worth = scope->new_ns ? SCOPE_PACKETS_KNOWN : SCOPE_PACKETS_UNKNOWN;

    if (rests && scope->ended == SCOPE_CALM_ANSWERS)
        worth = SCOPE_PACKETS_CALM;
    return scope->wide && packets > worth;
}

bool scope_second(struct scope *scope, uint64_t packets, uint64_t now_ns)
{
    bool was_wide = scope->wide;

    if (!scope->follows)
        return false;
    if (scope_costs_too_much(scope, packets, now_ns))
        scope->busy_until_ns = now_ns + SCOPE_REST_NS;
    scope->wide = now_ns < scope->crowded_until_ns || now_ns >= scope->busy_until_ns;
    return scope->wide != was_wide;
}

size_t scope_names(const struct scope *scope, struct dname out[static SCOPE_NAMES_MAX])
{
    for (size_t i = 0; i < scope->count; i++)
        out[i] = scope->names[i].name;
    return scope->count;
}
