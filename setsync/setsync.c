/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper's face: what the daemon and replay call.  One answer is judged, granted, written in
 * one transaction, and only then told.
 */
#include "setsync/setsync_state.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    DUE_AT_ONCE = 1024, /* leases dealt with in one setsync_run: sightings must not wait for more */
    LATENCY_FIRST_US = 10,
};
#define LATENCY_BELIEVABLE_NS (60 * NS_PER_SECOND)

/* ---- beginning and end ---- */

static struct matcher *make_matcher(const struct whitelist *whitelists, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += whitelists[i].pattern_count;
    struct whitelist_pattern *patterns = calloc(total + 1, sizeof(*patterns));
    if (patterns == NULL)
        return NULL;
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < whitelists[i].pattern_count; k++)
            patterns[at++] = (struct whitelist_pattern){.pattern = whitelists[i].patterns[k],
                                                        .whitelist = (uint8_t)i};
    struct matcher *matcher = matcher_new(patterns, total);
    free(patterns);
    return matcher;
}

int keeper_prepare(struct setsync *sync, const struct whitelist *whitelists, size_t count,
                   struct matcher **out)
{
    if (count > WHITELISTS_MAX)
        return -EINVAL;
    struct matcher *matcher = make_matcher(whitelists, count);
    if (matcher == NULL)
        return -ENOMEM;
    int r = sets_prepare(sync, whitelists, count);
    if (r < 0) {
        matcher_free(matcher);
        return r;
    }
    *out = matcher;
    return 0;
}

void keeper_use(struct setsync *sync, struct matcher *matcher, const struct whitelist *whitelists,
                size_t count)
{
    matcher_free(sync->matcher);
    sync->matcher = matcher;
    sync->options.whitelists = whitelists;
    sync->options.whitelist_count = count;
    sync->chain_whitelists = 0;
    for (size_t i = 0; i < count; i++)
        if (whitelists[i].match == MATCH_CHAIN)
            sync->chain_whitelists |= (whitelist_mask)1 << i;
    memset(sync->homes, 0, sizeof(sync->homes));
    sets_build(sync);
}

static int open_parts(struct setsync *sync)
{
    int r = lease_table_new(&sync->leases);
    if (r == 0)
        r = lease_table_new(&sync->leaving);
    if (r < 0)
        return r;
    sync->derived = derived_new();
    if (sync->derived == NULL)
        return -ENOMEM;
    if (sync->options.kernel)
        r = nftset_open(&sync->nft);
    if (r < 0)
        return r;
    struct matcher *matcher;
    const struct setsync_options *options = &sync->options;
    r = keeper_prepare(sync, options->whitelists, options->whitelist_count, &matcher);
    if (r == 0)
        keeper_use(sync, matcher, options->whitelists, options->whitelist_count);
    return r;
}

static void look_at_all(struct setsync *sync, const struct moment *now)
{
    if (sets_mark(sync) < 0)
        return;
    for (size_t i = 0; i < sync->set_count; i++)
        sets_look(sync, sync->sets[i], now->boot_ns);
}

int setsync_new(const struct setsync_options *options, const struct moment *now,
                struct setsync **out)
{
    struct setsync *sync = calloc(1, sizeof(*sync));
    if (sync == NULL)
        return -ENOMEM;
    sync->options = *options;
    sync->probe_ns = NEVER;
    sync->sweep_ns = NEVER;
    sync->poll_ns = NEVER;
    sync->stray_ns = NEVER;
    sync->refill_ns = NEVER;
    int r = open_parts(sync);
    if (r < 0) {
        setsync_free(sync);
        return r;
    }
    if (sync->nft != NULL)
        (void)sets_mark(sync);
    if (options->state != NULL)
        statefile_load(sync, options->state, now);
    if (sync->nft != NULL)
        sets_find_left(sync);
    sets_run(sync, now);
    takeover_end(sync, now);
    writer_flush(sync, now);
    grant_tell(sync);
    sets_drop_unwanted(sync);
    if (sync->nft != NULL) /* those that were made just now, too: not at the first answer */
        look_at_all(sync, now);
    if (sync->nft != NULL && nftset_event_fd(sync->nft) < 0) {
        sync->poll_ns = now->boot_ns;
        log_warning("nftables' notifications are not to be had: looking for changes each second");
    }
    *out = sync;
    return 0;
}

void setsync_free(struct setsync *sync)
{
    if (sync == NULL)
        return;
    stray_stop(sync);
    while (sync->removed != NULL) {
        struct lease *lease = sync->removed;
        sync->removed = lease->next;
        lease_free(lease);
    }
    for (size_t i = 0; i < WHITELISTS_MAX; i++)
        for (unsigned family = 0; family < FAMILIES; family++)
            quota_free(&sync->quotas[i][family]);
    free(sync->events);
    free(sync->queue);
    free(sync->changes);
    free(sync->changed);
    free(sync->ungranted);
    sets_free(sync);
    nftset_close(sync->nft);
    derived_free(sync->derived);
    lease_table_free(sync->leases);
    lease_table_free(sync->leaving);
    matcher_free(sync->matcher);
    free(sync);
}

/* ---- learning ---- */

/* Others' changes that came while we wrote: nothing else will tell of them. */
static void look_out(struct setsync *sync, const struct moment *now)
{
    if (sync->nft != NULL && nftset_missed(sync->nft))
        sync->poll_ns = now->boot_ns;
}

/* What was queued goes to the kernel; what failed is mended at once. */
static void commit(struct setsync *sync, const struct moment *now)
{
    uint64_t failed = sync->statistics.transactions_failed;
    writer_flush(sync, now);
    look_out(sync, now);
    if (failed == sync->statistics.transactions_failed && !sync->must_look)
        return;
    sync->must_look = false;
    sets_run(sync, now);
}

void keeper_finish(struct setsync *sync, const struct moment *now)
{
    commit(sync, now);
    grant_tell(sync);
}

static void count_latency(struct setsync *sync, uint64_t captured_ns)
{
    uint64_t now_ns = clock_now().real_ns;
    if (captured_ns == 0 || captured_ns > now_ns || now_ns - captured_ns > LATENCY_BELIEVABLE_NS)
        return;
    struct setsync_statistics *statistics = &sync->statistics;
    uint64_t us = (now_ns - captured_ns) / NS_PER_US;
    unsigned bucket = 0;
    while (bucket < LATENCY_BUCKETS - 1 && us >= (uint64_t)LATENCY_FIRST_US << bucket)
        bucket++;
    statistics->latency_us[bucket]++;
    statistics->latency_count++;
    statistics->latency_sum_us += us;
}

/* When it was captured: its latency is known when it is written. */
static void note_capture(struct setsync *sync, uint64_t captured_ns)
{
    if (sync->capture_count == CAPTURES_MOST)
        sync->capture_count--; /* some of very many stand for all */
    sync->captures[sync->capture_count++] = captured_ns;
}

void setsync_take(struct setsync *sync, enum source source, const struct sighting *parts,
                  size_t count, const struct moment *now)
{
    size_t queued = sync->queue_count;
    sync->serial++;
    for (size_t i = 0; i < count; i++)
        grant_sighting(sync, source, &parts[i], now);
    if (count > 0 && sync->queue_count > queued)
        note_capture(sync, parts[0].captured_ns);
}

void setsync_commit(struct setsync *sync, const struct moment *now)
{
    uint64_t written = sync->statistics.elements_written;
    commit(sync, now);
    for (size_t i = 0; i < sync->capture_count && written != sync->statistics.elements_written; i++)
        count_latency(sync, sync->captures[i]);
    sync->capture_count = 0;
    grant_tell(sync);
}

void setsync_learn(struct setsync *sync, enum source source, const struct sighting *parts,
                   size_t count, const struct moment *now)
{
    setsync_take(sync, source, parts, count, now);
    setsync_commit(sync, now);
}

/* ---- time ---- */

void setsync_refuse(struct setsync *sync, enum reason reason)
{
    sync->statistics.refused[reason]++;
}

uint64_t setsync_due(const struct setsync *sync)
{
    uint64_t due_ns = sets_due(sync);
    const struct lease *lease = lease_first_due(sync->leases);
    if (lease != NULL && lease->due.key < due_ns)
        due_ns = lease->due.key;
    if (leaving_due(sync) < due_ns)
        due_ns = leaving_due(sync);
    if (sync->sweep_ns < due_ns)
        due_ns = sync->sweep_ns;
    if (sync->poll_ns < due_ns)
        due_ns = sync->poll_ns;
    if (sync->stray_ns < due_ns)
        due_ns = sync->stray_ns;
    if (sync->refill_ns < due_ns)
        due_ns = sync->refill_ns;
    return sync->probe_ns < due_ns ? sync->probe_ns : due_ns;
}

static void run_lease(struct setsync *sync, struct lease *lease, const struct moment *now)
{
    if (lease->expires_ns <= now->boot_ns) {
        grant_remove(sync, lease, EVENT_EXPIRED, NULL, now);
        return;
    }
    /* Not before a second, should the write not succeed; when it does, the flush says when. */
    (void)lease_set_due(sync->leases, lease, now->boot_ns + NS_PER_SECOND);
    writer_queue(sync, lease);
}

void setsync_run(struct setsync *sync, const struct moment *now)
{
    sets_run(sync, now);
    sweep_poll(sync, now);
    writer_probe(sync, now);
    refill_run(sync, now);
    sweep_run(sync, now);
    stray_run(sync, now);
    for (unsigned i = 0; i < DUE_AT_ONCE; i++) {
        struct lease *lease = lease_first_due(sync->leases);
        if (lease == NULL || lease->due.key > now->boot_ns)
            break;
        run_lease(sync, lease, now);
    }
    leaving_run(sync, DUE_AT_ONCE, now);
    keeper_finish(sync, now);
    sets_drop_unwanted(sync);
}

int setsync_event_fd(const struct setsync *sync)
{
    return sync->nft != NULL ? nftset_event_fd(sync->nft) : -1;
}

void setsync_notified(struct setsync *sync, const struct moment *now)
{
    if (sync->nft == NULL || !nftset_foreign_change(sync->nft))
        return;
    if (now->boot_ns < sync->compare_ns) { /* others' changes come thick and fast */
        if (sync->compare_ns < sync->poll_ns)
            sync->poll_ns = sync->compare_ns;
        return;
    }
    sweep_compare(sync, now);
    keeper_finish(sync, now);
}

/* ---- looking ---- */

struct collection {
    const char *whitelist;
    const struct lease **leases;
    size_t count;
};

static bool is_of(const struct lease *lease, const char *whitelist)
{
    for (unsigned i = 0; i < lease->claim_count; i++)
        if (whitelist == NULL || strcmp(lease->claims[i].whitelist->name, whitelist) == 0)
            return true;
    return false;
}

static void collect(void *context, struct lease *lease)
{
    struct collection *collection = context;
    if (is_of(lease, collection->whitelist))
        collection->leases[collection->count++] = lease;
}

static int compare_leases(const void *a, const void *b)
{
    const struct lease *left = *(const struct lease *const *)a;
    const struct lease *right = *(const struct lease *const *)b;
    int order = left->set == right->set ? 0 : (int)left->set->family - right->set->family;
    if (order == 0 && left->set != right->set)
        order = strcmp(left->set->table, right->set->table);
    if (order == 0 && left->set != right->set)
        order = strcmp(left->set->set, right->set->set);
    return order != 0 ? order : address_compare(&left->address, &right->address);
}

void setsync_leases(const struct setsync *sync, const char *whitelist, setsync_each_lease *each,
                    void *context)
{
    size_t most = lease_table_count(sync->leases);
    struct collection collection = {.whitelist = whitelist};
    collection.leases = calloc(most + 1, sizeof(*collection.leases));
    if (collection.leases == NULL)
        return;
    lease_each(sync->leases, collect, &collection);
    qsort(collection.leases, collection.count, sizeof(*collection.leases), compare_leases);
    for (size_t i = 0; i < collection.count; i++)
        each(context, collection.leases[i]);
    free(collection.leases);
}

size_t setsync_set_count(const struct setsync *sync)
{
    return sync->set_count;
}

struct set_status setsync_set(const struct setsync *sync, size_t index)
{
    const struct keeper_set *set = sync->sets[index];
    struct set_status status = {
        .name = &set->name,
        .state = set->state,
        .size = set->view.size,
        .leases = set->lease_count,
        .covered = set->covered_count,
        .family = set->family,
        .create = set->create,
        .table_owned = set->table_owned,
        .interval = set_is_interval(set),
        .capacity = set->capacity,
        .full = set->full,
    };
    memcpy(status.problem, set->problem, sizeof(status.problem));
    return status;
}

size_t setsync_whitelist_leases(const struct setsync *sync, size_t index,
                                enum address_family family)
{
    return index < WHITELISTS_MAX ? sync->quotas[index][family_index(family)].shares.count : 0;
}

const struct setsync_statistics *setsync_statistics(const struct setsync *sync)
{
    return &sync->statistics;
}
