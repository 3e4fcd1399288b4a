/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of sets: which there are, and which whitelists feed them.
 */
#include "setsync/sets/sets.h"

#include "base/log.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

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
    set->own = set_name_is_own(name);
    set->may_hold_others = !set->own;
    set->phase = sync->nft ? SET_PHASE_ABSENT : SET_PHASE_READY;
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

/* As wildset makes them: what else there is in its table has been made by others. */
static void set_add_left(void *context, const struct set_name *name, const struct nftset_view *view)
{
    const bool is_ipv4 = view->key_type == NFTSET_KEY_IPV4;
    const size_t length = strlen(name->set);
    if (view->flags != NFT_SET_TIMEOUT || (!is_ipv4 && view->key_type != NFTSET_KEY_IPV6) ||
        length < 2 || name->set[length - 1] != (is_ipv4 ? '4' : '6'))
        return;
    (void)sets_add_unwanted(context, name, is_ipv4 ? ADDRESS_IPV4 : ADDRESS_IPV6);
}

void sets_find_left(struct setsync *sync)
{
    int result = sync->kernel->each_set(sync->nft, NFPROTO_INET, "wildset", set_add_left, sync);
    if (result < 0)
        log_warning("table inet wildset: cannot look for earlier sets: %s", strerror(-result));
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
        const struct set *set = sync->sets[i];
        if (set->wanted || set->leaving_count > 0 || set == sync->stray_set)
            sync->sets[kept++] = sync->sets[i];
        else
            free(sync->sets[i]);
    }
    sync->set_count = kept;
}

void sets_free(struct setsync *sync)
{
    for (size_t i = 0; i < sync->set_count; i++)
        free(sync->sets[i]);
    free(sync->sets);
}
