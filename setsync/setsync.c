/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setsync's face: what the daemon and replay call.  One answer is judged, granted, written in
 * one transaction, and only then told.
 */
#include "setsync/setsync.h"

#include "base/log.h"
#include "setsync/grant.h"
#include "setsync/sets/set_state.h"
#include "setsync/sets/sets.h"
#include "setsync/setsync_state.h"
#include "setsync/state/statefile.h"
#include "setsync/upkeep/adopt.h"
#include "setsync/upkeep/refill.h"
#include "setsync/upkeep/stray.h"
#include "setsync/upkeep/sweep.h"
#include "setsync/upkeep/upkeep.h"
#include "setsync/writer/leaving.h"
#include "setsync/writer/probe.h"
#include "setsync/writer/queue.h"
#include "setsync/writer/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    DUE_AT_ONCE = 1024, /* leases dealt with in one setsync_run: sightings must not wait for more */
    LATENCY_FIRST_US = 10,
};
#define LATENCY_BELIEVABLE_NS (60 * NS_PER_SECOND)

/* ---- beginning and end ---- */

static struct matcher *setsync_matcher(const struct whitelist *whitelists, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += whitelists[i].pattern_count;
    struct whitelist_pattern *patterns = calloc(total + 1, sizeof(*patterns));
    if (!patterns)
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

int setsync_prepare(struct setsync *sync, const struct whitelist *whitelists, size_t count,
                    struct matcher **out)
{
    if (count > WHITELISTS_MAX)
        return -EINVAL;
    struct matcher *matcher = setsync_matcher(whitelists, count);
    if (!matcher)
        return -ENOMEM;
    int result = sets_prepare(sync, whitelists, count);
    if (result < 0) {
        matcher_free(matcher);
        return result;
    }
    *out = matcher;
    return 0;
}

void setsync_use(struct setsync *sync, struct matcher *matcher, const struct whitelist *whitelists,
                 size_t count)
{
    matcher_free(sync->judge.matcher);
    sync->judge.matcher = matcher;
    sync->options.whitelists = whitelists;
    sync->options.whitelist_count = count;
    sync->judge.whitelists = whitelists;
    sync->judge.whitelist_count = count;
    sync->judge.chain_whitelists = 0;
    for (size_t i = 0; i < count; i++)
        if (whitelists[i].match == MATCH_CHAIN)
            sync->judge.chain_whitelists |= (whitelist_mask)1 << i;
    memset(sync->whitelist_sets, 0, sizeof(sync->whitelist_sets));
    sets_build(sync);
}

static int setsync_open(struct setsync *sync)
{
    int result = lease_table_new(&sync->leases);
    if (result == 0)
        result = lease_table_new(&sync->leaving);
    if (result < 0)
        return result;
    sync->judge.derived = derived_new();
    if (!sync->judge.derived)
        return -ENOMEM;
    if (sync->kernel)
        result = sync->kernel->open(&sync->nft);
    if (result < 0)
        return result;
    struct matcher *matcher;
    const struct setsync_options *options = &sync->options;
    result = setsync_prepare(sync, options->whitelists, options->whitelist_count, &matcher);
    if (result == 0)
        setsync_use(sync, matcher, options->whitelists, options->whitelist_count);
    return result;
}

int setsync_new(const struct setsync_options *options, const struct moment *now,
                struct setsync **out)
{
    struct setsync *sync = calloc(1, sizeof(*sync));
    if (!sync)
        return -ENOMEM;
    sync->options = *options;
    sync->kernel = options->kernel;
    sync->probe_ns = NEVER;
    sync->sweep_ns = NEVER;
    sync->poll_ns = NEVER;
    sync->stray_ns = NEVER;
    sync->refill_ns = NEVER;
    int result = setsync_open(sync);
    if (result < 0) {
        setsync_free(sync);
        return result;
    }
    if (sync->nft)
        (void)sets_mark(sync);
    if (options->state)
        statefile_load(sync, options->state, now);
    if (sync->nft)
        sets_find_left(sync);
    sets_run(sync, now);
    adopt_end(sync, now);
    writer_flush(sync, now);
    grant_tell(sync);
    sets_drop_unwanted(sync);
    if (sync->nft && sets_mark(sync) == 0) /* those made just now, too: not at the first answer */
        for (size_t i = 0; i < sync->set_count; i++)
            sets_look(sync, sync->sets[i], now->boot_ns);
    if (sync->nft && sync->kernel->event_fd(sync->nft) < 0) {
        sync->poll_ns = now->boot_ns;
        log_warning("cannot subscribe to nftables notifications; polling every second");
    }
    *out = sync;
    return 0;
}

void setsync_free(struct setsync *sync)
{
    if (!sync)
        return;
    stray_stop(sync);
    while (sync->removed) {
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
    if (sync->nft)
        sync->kernel->close(sync->nft);
    derived_free(sync->judge.derived);
    lease_table_free(sync->leases);
    lease_table_free(sync->leaving);
    matcher_free(sync->judge.matcher);
    free(sync);
}

/* ---- learning ---- */

/*
 * What was queued goes to the kernel; what failed is mended at once, and once: a set that is
 * checked is filled by a flush of its own (refill_all), and what fails in that one is due for
 * setsync_run. A flush never checks a set itself: writer/ lies below upkeep/.
 */
static void setsync_write(struct setsync *sync, const struct moment *now)
{
    uint64_t failed = sync->statistics.transactions_failed;
    writer_flush(sync, now);
    if (sync->nft && sync->kernel->missed(sync->nft))
        sync->poll_ns =
            now->boot_ns; /* others' changes meanwhile: nothing else will tell of them */
    if (failed == sync->statistics.transactions_failed && !sync->must_look)
        return;
    sync->must_look = false;
    sets_run(sync, now);
}

void setsync_finish(struct setsync *sync, const struct moment *now)
{
    setsync_write(sync, now);
    grant_tell(sync);
}

static void latency_note(struct setsync *sync, uint64_t captured_ns)
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

void setsync_take(struct setsync *sync, enum source source, const struct sighting *parts,
                  size_t count, const struct moment *now)
{
    size_t queued = sync->queue_count;
    sync->serial++;
    for (size_t i = 0; i < count; i++)
        grant_sighting(sync, source, &parts[i], now);
    if (count == 0 || sync->queue_count == queued)
        return;
    if (sync->capture_count == CAPTURES_MOST)
        sync->capture_count--; /* some of very many stand for all */
    sync->captures[sync->capture_count++] = parts[0].captured_ns; /* until it is written */
}

void setsync_commit(struct setsync *sync, const struct moment *now)
{
    uint64_t written = sync->statistics.elements_written;
    setsync_write(sync, now);
    for (size_t i = 0; i < sync->capture_count && written != sync->statistics.elements_written; i++)
        latency_note(sync, sync->captures[i]);
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
    if (lease && lease->due.key < due_ns)
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

static void lease_run(struct setsync *sync, struct lease *lease, const struct moment *now)
{
    if (lease->expires_ns <= now->boot_ns) {
        grant_remove(sync, lease, EVENT_EXPIRED, NULL, now);
        return;
    }
    /* Not before a second, should the write not succeed; when it does, the flush says when. */
    (void)lease_set_due(sync->leases, lease, now->boot_ns + NS_PER_SECOND);
    queue_lease(sync, lease);
}

void setsync_run(struct setsync *sync, const struct moment *now)
{
    sets_run(sync, now);
    sweep_poll(sync, now);
    probe_run(sync, now);
    refill_run(sync, now);
    sweep_run(sync, now);
    stray_run(sync, now);
    for (unsigned i = 0; i < DUE_AT_ONCE; i++) {
        struct lease *lease = lease_first_due(sync->leases);
        if (!lease || lease->due.key > now->boot_ns)
            break;
        lease_run(sync, lease, now);
    }
    leaving_run(sync, DUE_AT_ONCE, now);
    setsync_finish(sync, now);
    sets_drop_unwanted(sync);
}

/*
 * After a suspend: leases have gone on ending by the boot-time clock, the kernel's elements have
 * stood still, and last longer by as much as the machine has slept.  They are brought back.
 */
struct resumption {
    struct setsync *sync;
    uint64_t slept_ns;
    uint64_t now_ns;
};

static uint64_t time_later(uint64_t time_ns, uint64_t by_ns)
{
    return time_ns < NEVER - by_ns ? time_ns + by_ns : NEVER;
}

static void lease_shift(void *context, struct lease *lease)
{
    const struct resumption *resumption = context;
    if (lease->write == LEASE_UNWRITTEN)
        return;
    lease->written_ns = time_later(lease->written_ns, resumption->slept_ns);
    lease->written_expires_ns = time_later(lease->written_expires_ns, resumption->slept_ns);
    writer_consider(resumption->sync, lease, resumption->now_ns);
}

void setsync_resumed(struct setsync *sync, uint64_t slept_ns, const struct moment *now)
{
    struct resumption resumption = {.sync = sync, .slept_ns = slept_ns, .now_ns = now->boot_ns};
    lease_each(sync->leases, lease_shift, &resumption);
    setsync_run(sync, now);
}

int setsync_event_fd(const struct setsync *sync)
{
    return sync->nft ? sync->kernel->event_fd(sync->nft) : -1;
}

void setsync_notified(struct setsync *sync, const struct moment *now)
{
    if (!sync->nft || !sync->kernel->foreign_change(sync->nft))
        return;
    if (now->boot_ns < sync->compare_ns) { /* others' changes come thick and fast */
        if (sync->compare_ns < sync->poll_ns)
            sync->poll_ns = sync->compare_ns;
        return;
    }
    sweep_compare(sync, now);
    setsync_finish(sync, now);
}

int setsync_save(const struct setsync *sync, const char *path, const struct moment *now)
{
    return statefile_save(sync, path, now);
}

/* ---- looking ---- */

struct collection {
    const char *whitelist;
    const struct lease **leases;
    size_t count;
};

static bool lease_is_of(const struct lease *lease, const char *whitelist)
{
    for (unsigned i = 0; i < lease->claim_count; i++)
        if (!whitelist || strcmp(lease->claims[i].whitelist->name, whitelist) == 0)
            return true;
    return false;
}

static void lease_collect(void *context, struct lease *lease)
{
    struct collection *collection = context;
    if (lease_is_of(lease, collection->whitelist))
        collection->leases[collection->count++] = lease;
}

static int lease_compare(const void *a, const void *b)
{
    const struct lease *left = *(const struct lease *const *)a;
    const struct lease *right = *(const struct lease *const *)b;
    int order = left->set_name == right->set_name
                    ? 0
                    : (int)left->set_name->family - right->set_name->family;
    if (order == 0 && left->set_name != right->set_name)
        order = strcmp(left->set_name->table, right->set_name->table);
    if (order == 0 && left->set_name != right->set_name)
        order = strcmp(left->set_name->set, right->set_name->set);
    return order != 0 ? order : address_compare(&left->address, &right->address);
}

void setsync_leases(const struct setsync *sync, const char *whitelist, setsync_each_lease *each,
                    void *context)
{
    size_t most = lease_table_count(sync->leases);
    struct collection collection = {.whitelist = whitelist};
    collection.leases = calloc(most + 1, sizeof(*collection.leases));
    if (!collection.leases)
        return;
    lease_each(sync->leases, lease_collect, &collection);
    qsort(collection.leases, collection.count, sizeof(*collection.leases), lease_compare);
    for (size_t i = 0; i < collection.count; i++)
        each(context, collection.leases[i]);
    free(collection.leases);
}

/* A cursor's value from which on it is one of those that have yet to go. */
#define LEAVING_FIRST (SIZE_MAX / 2 + 1)

void setsync_slice(const struct setsync *sync, size_t *cursor, setsync_each_lease *each,
                   void *context)
{
    struct lease *leases[SETSYNC_SLICE];
    bool is_leaving = *cursor >= LEAVING_FIRST;
    size_t at = is_leaving ? *cursor - LEAVING_FIRST : *cursor;
    size_t count =
        lease_slice(is_leaving ? sync->leaving : sync->leases, &at, leases, SETSYNC_SLICE);
    for (size_t i = 0; i < count; i++)
        each(context, leases[i]);
    if (at != 0)
        *cursor = is_leaving ? LEAVING_FIRST + at : at;
    else
        *cursor = is_leaving || lease_table_count(sync->leaving) == 0 ? 0 : LEAVING_FIRST;
}

size_t setsync_leaving(const struct setsync *sync)
{
    return lease_table_count(sync->leaving);
}

size_t setsync_find(const struct setsync *sync, const struct address *address,
                    const struct moment *now, const struct lease **out, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < sync->set_count && count < most; i++) {
        const struct lease *lease = lease_find(sync->leases, &sync->sets[i]->name, address);
        if (!lease)
            lease = lease_find(sync->leaving, &sync->sets[i]->name, address);
        if (lease && lease->expires_ns > now->boot_ns)
            out[count++] = lease;
    }
    return count;
}

static int set_read_element(const struct setsync *sync, const struct set *set,
                            const struct address *address, struct setsync_element *out)
{
    struct nftset_element element;
    int result =
        sync->kernel->read(sync->nft, &set->name, set_is_interval(set), &address, 1, &element);
    if (result == 0)
        *out = (struct setsync_element){.exists = element.exists,
                                        .is_wide = element.is_wide,
                                        .timeout_ms = element.timeout_ms,
                                        .expires_ms = element.expires_ms};
    return result;
}

void setsync_each_foreign(const struct setsync *sync, const struct address *address,
                          setsync_each_element *each, void *context)
{
    for (size_t i = 0; i < sync->set_count && sync->nft; i++) {
        const struct set *set = sync->sets[i];
        struct setsync_element element;
        if (set_is_right(set) && set->family == (enum address_family)address->family &&
            !lease_find(sync->leases, &set->name, address) &&
            !lease_find(sync->leaving, &set->name, address) &&
            set_read_element(sync, set, address, &element) == 0 && element.exists)
            each(context, &set->name, &element);
    }
}

int setsync_read(const struct setsync *sync, const struct lease *lease, struct setsync_element *out)
{
    return sync->nft ? set_read_element(sync, lease->set, &lease->address, out) : -ENOTCONN;
}

size_t setsync_set_count(const struct setsync *sync)
{
    return sync->set_count;
}

struct set_status setsync_set(const struct setsync *sync, size_t index)
{
    const struct set *set = sync->sets[index];
    struct set_status status = {
        .name = &set->name,
        .state = set_state(set),
        .size = set->view.size,
        .leases = set->lease_count,
        .covered = set->covered_count,
        .family = set->family,
        .create = set->create,
        .table_owned = set->table_owned,
        .interval = set_is_interval(set),
        .capacity = set->capacity,
        .full = set->full,
        .restored = set->restored,
    };
    memcpy(status.problem, set->problem, sizeof(status.problem));
    return status;
}

size_t setsync_whitelist_leases(const struct setsync *sync, size_t index,
                                enum address_family family)
{
    return index < WHITELISTS_MAX ? sync->quotas[index][family_index(family)].entries.count : 0;
}

const struct setsync_statistics *setsync_statistics(const struct setsync *sync)
{
    return &sync->statistics;
}
