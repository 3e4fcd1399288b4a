/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sets: which there are, whether they are there and right, what to do when not.  A set that is
 * missing or wrong is waited for and looked at each second; the leases go on meanwhile and are all
 * written as soon as it is right.  Nothing here ever flushes or deletes a set or a table.
 */
#include "setsync/policy/policy.h"
#include "setsync/setsync_state.h"

#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GC_INTERVAL_DEFAULT_MS = 1000 };

/* ---- the list ---- */

static struct set *set_find(const struct setsync *sync, const struct set_name *name,
                            enum address_family family)
{
    for (size_t i = 0; i < sync->set_count; i++)
        if (sync->sets[i]->family == family && set_name_equal(&sync->sets[i]->name, name))
            return sync->sets[i];
    return NULL;
}

static struct set *set_add(struct setsync *sync, const struct set_name *name,
                           enum address_family family)
{
    struct set **sets = reallocarray(sync->sets, sync->set_count + 1, sizeof(*sets));
    if (!sets)
        return NULL;
    sync->sets = sets;
    struct set *set = calloc(1, sizeof(*set));
    if (!set)
        return NULL;
    set->name = *name;
    set->family = family;
    set->own = name->family == NFPROTO_INET && strcmp(name->table, "wildset") == 0;
    set->careful = !set->own;
    set->state = sync->nft ? SET_MISSING : SET_READY;
    sets[sync->set_count++] = set;
    return set;
}

int sets_prepare(struct setsync *sync, const struct whitelist *whitelists, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct set_name *const names[FAMILIES] = {&whitelists[i].set4, &whitelists[i].set6};
        const enum address_family families[FAMILIES] = {ADDRESS_IPV4, ADDRESS_IPV6};
        for (unsigned k = 0; k < FAMILIES; k++) {
            if (set_name_is_none(names[k]) || set_find(sync, names[k], families[k]) ||
                set_add(sync, names[k], families[k]))
                continue;
            sets_drop_unwanted(sync); /* those just added */
            return -ENOMEM;
        }
    }
    return 0;
}

struct set *sets_add_unwanted(struct setsync *sync, const struct set_name *name,
                              enum address_family family)
{
    struct set *set = set_find(sync, name, family);
    return set ? set : set_add(sync, name, family);
}

static bool set_name_ends_with(const char *text, char end)
{
    size_t length = strlen(text);
    return length > 1 && text[length - 1] == end;
}

/* As wildset makes them: what else there is in its table has been made by others. */
static void set_add_left(void *context, const struct set_name *name, const struct nftset_view *view)
{
    const bool is_ipv4 = view->key_type == NFTSET_KEY_IPV4;
    if (view->flags != NFT_SET_TIMEOUT || (!is_ipv4 && view->key_type != NFTSET_KEY_IPV6) ||
        !set_name_ends_with(name->set, is_ipv4 ? '4' : '6'))
        return;
    (void)sets_add_unwanted(context, name, is_ipv4 ? ADDRESS_IPV4 : ADDRESS_IPV6);
}

void sets_find_left(struct setsync *sync)
{
    int result = sync->kernel->each_set(sync->nft, NFPROTO_INET, "wildset", set_add_left, sync);
    if (result < 0)
        log_warning("table inet wildset: looking for sets of before: %s", strerror(-result));
}

static void set_feed(struct setsync *sync, size_t index, const struct set_name *name,
                     enum address_family family)
{
    const struct whitelist *whitelist = &sync->options.whitelists[index];
    if (set_name_is_none(name)) {
        sync->whitelist_sets[index][family_index(family)] = NULL;
        return;
    }
    struct set *set = set_find(sync, name, family);
    set->wanted = true;
    set->create |= whitelist->create;
    set->capacity += whitelist->max_addresses;
    sync->whitelist_sets[index][family_index(family)] = set;
}

void sets_build(struct setsync *sync)
{
    for (size_t i = 0; i < sync->set_count; i++) {
        sync->sets[i]->wanted = sync->sets[i]->create = false;
        sync->sets[i]->capacity = 0;
    }
    for (size_t i = 0; i < sync->options.whitelist_count; i++) {
        set_feed(sync, i, &sync->options.whitelists[i].set4, ADDRESS_IPV4);
        set_feed(sync, i, &sync->options.whitelists[i].set6, ADDRESS_IPV6);
    }
}

void sets_drop_unwanted(struct setsync *sync)
{
    size_t kept = 0;
    for (size_t i = 0; i < sync->set_count; i++) {
        if (sync->sets[i]->wanted || sync->sets[i]->leaving_count > 0)
            sync->sets[kept++] = sync->sets[i];
        else
            free(sync->sets[i]);
    }
    if (kept < sync->set_count)
        stray_stop(sync); /* it begins anew: it knows its set by the place in this list */
    sync->set_count = kept;
}

void sets_free(struct setsync *sync)
{
    for (size_t i = 0; i < sync->set_count; i++)
        free(sync->sets[i]);
    free(sync->sets);
}

/* ---- is it right? ---- */

static const char *key_type_name(uint32_t type)
{
    static const struct {
        uint32_t type;
        const char *name;
    } keys[] = {
        {5, "a mark or number"}, {7, "ipv4_addr"},     {8, "ipv6_addr"}, {9, "ether_addr"},
        {12, "inet_proto"},      {13, "inet_service"}, {19, "mark"},     {41, "ifname"},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].type == type)
            return keys[i].name;
    return type > 63 ? "a concatenation" : "another type"; /* six bits a field */
}

/* What a set must not be, and what to say about it. */
static const struct {
    uint32_t flags;
    const char *problem;
} refused_flags[] = {
    {NFT_SET_MAP | NFT_SET_OBJECT, "is a map, wanted a set"},
    {NFT_SET_ANONYMOUS, "is anonymous, wanted a named set"},
    {NFT_SET_CONSTANT, "has the flag constant: make it without"},
    {NFT_SET_CONCAT, "holds a concatenation, wanted plain addresses"},
};

/* The first problem as text in `out`; false when there is none. */
static bool set_find_problem(const struct set *set, const struct nftset_view *view,
                             char out[static SET_PROBLEM_MAX])
{
    const bool is_ipv4 = set->family == ADDRESS_IPV4;
    const uint32_t type = is_ipv4 ? NFTSET_KEY_IPV4 : NFTSET_KEY_IPV6;
    if (view->table_owned) {
        snprintf(out, SET_PROBLEM_MAX, "its table belongs to another program (flags owner)");
        return true;
    }
    for (size_t i = 0; i < sizeof(refused_flags) / sizeof(refused_flags[0]); i++) {
        if ((view->flags & refused_flags[i].flags) == 0)
            continue;
        snprintf(out, SET_PROBLEM_MAX, "%s", refused_flags[i].problem);
        return true;
    }
    if (view->key_type != type || view->key_length != (is_ipv4 ? 4U : 16U)) {
        snprintf(out, SET_PROBLEM_MAX, "holds %s, wanted %s", key_type_name(view->key_type),
                 is_ipv4 ? "ipv4_addr" : "ipv6_addr");
        return true;
    }
    if ((view->flags & NFT_SET_TIMEOUT) == 0) {
        snprintf(out, SET_PROBLEM_MAX, "has no timeouts: make it with `flags timeout`");
        return true;
    }
    return false;
}

/* ---- state ---- */

const char *set_state_name(enum set_state state)
{
    static const char *const names[SET_STATE_COUNT] = {
        [SET_READY] = "ready", [SET_MISSING] = "missing", [SET_WRONG] = "wrong"};
    return (unsigned)state < SET_STATE_COUNT ? names[state] : "";
}

void sets_enter_state(struct set *set, enum set_state state, const char *format, ...)
{
    char problem[SET_PROBLEM_MAX];
    char text[SET_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem, sizeof(problem), format, arguments);
    va_end(arguments);
    bool is_news = set->state != state || strcmp(set->problem, problem) != 0;
    set->state = state;
    memcpy(set->problem, problem, sizeof(problem));
    if (!is_news || !set->wanted)
        return;
    if (problem[0] == '\0')
        log_notice("%s: ready", set_name_to_text(&set->name, text));
    else
        log_warning("%s: %s", set_name_to_text(&set->name, text), problem);
}

static uint64_t set_gc_interval(const struct set *set)
{
    uint32_t ms = set->view.gc_interval_ms;
    return (ms > 0 ? ms : GC_INTERVAL_DEFAULT_MS) * NS_PER_MS;
}

void sets_failed(struct set *set, int error, uint64_t now_ns)
{
    bool is_first = set->hold_ns <= now_ns;
    if (error == -ENFILE && is_first) {
        set->full++;
        set->hold_ns = now_ns + 2 * set_gc_interval(set);
        sets_enter_state(set, SET_READY,
                         "full: the kernel takes no more than its size of %u; raise size",
                         set->view.size);
        return;
    }
    set->dirty = true;
    set->check_ns = now_ns + SET_CHECK_INTERVAL_NS;
    if (error == -ENOENT && set->failures <= 3)
        set->check_ns = now_ns; /* it has gone: make it again at once */
    else if (error != -ENFILE)
        sets_enter_state(set, SET_MISSING, "cannot be written: %s", strerror(-error));
}

/* ---- looking ---- */

static bool view_is_same(const struct nftset_view *a, const struct nftset_view *b)
{
    return a->table_handle == b->table_handle && a->handle == b->handle;
}

/* Makes a set that is missing; looks again afterwards, since someone may have been faster. */
static int set_make(struct setsync *sync, struct set *set, struct nftset_view *view)
{
    int result = sync->kernel->create(sync->nft, &set->name, set->family,
                                      policy_set_size(set->capacity), view->table_exists);
    if (result < 0 && result != -EEXIST)
        return result;
    if (result == 0 && set->own)
        sync->statistics.sets_made++;
    set->careful = !set->own;
    set->adopted = true; /* there is nothing in it */
    return sync->kernel->inspect(sync->nft, &set->name, view);
}

static int set_inspect(struct setsync *sync, struct set *set, struct nftset_view *view)
{
    int result = sync->kernel->inspect(sync->nft, &set->name, view);
    if (result < 0) {
        sets_enter_state(set, SET_MISSING, "cannot be read: %s", strerror(-result));
        return result;
    }
    if (view->exists || view->table_owned || !set->create)
        return 0;
    result = set_make(sync, set, view);
    if (result < 0)
        sets_enter_state(set, SET_MISSING, "cannot be made: %s", strerror(-result));
    return result;
}

void sets_check(struct setsync *sync, struct set *set, const struct moment *now)
{
    struct nftset_view view;
    char problem[SET_PROBLEM_MAX];
    set->check_ns = now->boot_ns + SET_CHECK_INTERVAL_NS;
    set->epoch = sync->epoch;
    if (set_inspect(sync, set, &view) < 0)
        return;
    if (!view.exists && !set->wanted) {
        set->state = SET_MISSING;
        set->check_ns = NEVER;
        return;
    }
    set->table_owned = view.table_owned;
    if (!view.exists && !view.table_owned) {
        sets_enter_state(set, SET_MISSING, "does not exist, and create is false: waiting for it");
        return;
    }
    if (set_find_problem(set, &view, problem)) {
        sets_enter_state(set, SET_WRONG, "%s", problem);
        return;
    }
    bool must_fill = set->state != SET_READY || set->dirty || !view_is_same(&view, &set->view);
    bool is_fresh = !set->adopted;
    set->view = view;
    set->check_ns = NEVER;
    if (!must_fill)
        return;
    set->hold_ns = 0;
    set->careful |= set_is_interval(set);
    sets_enter_state(set, SET_READY, "%s", "");
    if (is_fresh && (set->wanted || set->own))
        adopt_set(sync, set, now);
    refill_all(sync, set, is_fresh, now);
}

static bool set_is_unchanged(struct setsync *sync, const struct set *set)
{
    struct nftset_view view;
    return sync->kernel->inspect(sync->nft, &set->name, &view) == 0 && view.exists &&
           view_is_same(&view, &set->view) && view.flags == set->view.flags;
}

int sets_mark(struct setsync *sync)
{
    sync->epoch++;
    return sync->kernel->mark(sync->nft);
}

void sets_look(struct setsync *sync, struct set *set, uint64_t now_ns)
{
    if (set->epoch == sync->epoch || set->state != SET_READY || set->dirty)
        return;
    set->epoch = sync->epoch;
    if (set_is_unchanged(sync, set))
        return;
    set->dirty = true;
    set->check_ns = now_ns;
    sync->must_look = true;
}

/* ---- time ---- */

uint64_t sets_due(const struct setsync *sync)
{
    uint64_t due_ns = NEVER;
    for (size_t i = 0; i < sync->set_count && sync->nft; i++) {
        const struct set *set = sync->sets[i];
        if (set->check_ns < due_ns)
            due_ns = set->check_ns;
        if (set->hold_ns != 0 && set->hold_ns < due_ns)
            due_ns = set->hold_ns;
    }
    return due_ns;
}

void sets_run(struct setsync *sync, const struct moment *now)
{
    for (size_t i = 0; i < sync->set_count && sync->nft; i++) {
        struct set *set = sync->sets[i];
        if (set->check_ns <= now->boot_ns)
            sets_check(sync, set, now);
        if (set->hold_ns != 0 && set->hold_ns <= now->boot_ns)
            refill_held(sync, set, now);
    }
}
