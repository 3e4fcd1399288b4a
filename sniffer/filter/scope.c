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

static struct scope_name *scope_find(struct scope *scope, const struct dname *name)
{
    for (size_t i = 0; i < scope->count; i++) {
        if (dname_equal(&scope->names[i].name, name))
            return &scope->names[i];
    }
    return NULL;
}

/* A free place, or that of the name nearest to its end, which has to pass until then all the same.
 */
static struct scope_name *scope_make_room(struct scope *scope)
{
    struct scope_name *nearest = scope->names;

    if (scope->count < SCOPE_NAMES_MAX)
        return &scope->names[scope->count++];
    for (size_t i = 1; i < scope->count; i++) {
        if (scope->names[i].expires_ns < nearest->expires_ns)
            nearest = &scope->names[i];
    }
    if (nearest->expires_ns > scope->crowded_until_ns)
        scope->crowded_until_ns = nearest->expires_ns;
    return nearest;
}

/* False when it is known, which is longer so from now on. */
static bool scope_enter(struct scope *scope, const struct derived_name *name)
{
    struct scope_name *known = scope_find(scope, &name->name);

    if (!known) {
        *scope_make_room(scope) =
            (struct scope_name){.name = name->name, .expires_ns = name->expires_ns};
        return true;
    }
    if (known->expires_ns < name->expires_ns)
        known->expires_ns = name->expires_ns;
    return false;
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

static uint64_t worth(const struct scope *scope, uint64_t now_ns)
{
    bool rests = !scope->new_ns || now_ns - scope->new_ns >= SCOPE_REST_NS;

    if (rests && scope->ended == SCOPE_CALM_ANSWERS)
        return SCOPE_PACKETS_CALM;
    return scope->new_ns ? SCOPE_PACKETS_KNOWN : SCOPE_PACKETS_UNKNOWN;
}

bool scope_costs_too_much(const struct scope *scope, uint64_t packets, uint64_t now_ns)
{
    return scope->wide && packets > worth(scope, now_ns);
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
