/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases to elements, one transaction at a time.  What is sent must not fail in normal operation: a
 * failing batch blocks for 8 to 28 ms.  So others' elements are read before, a full set is left
 * alone for two collections of its garbage, and a set that fails leaves the transaction of the
 * others.
 */
#include "setsync/writer/writer.h"

#include "base/log.h"
#include "setsync/sets/set_state.h"
#include "setsync/writer/leaving.h"
#include "setsync/writer/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WRITE_GAIN_NS NS_PER_SECOND         /* less is not worth a write on the hot path */
#define WRITE_BEFORE_NS (2 * NS_PER_SECOND) /* always this long before an element would expire */
#define READING_TOLERANCE_NS                                                                       \
    (100 * NS_PER_MS) /* the time left is rounded, and told a little later */
#define RETRY_NS NS_PER_SECOND
#define CONTENDED_NS (10 * NS_PER_MS) /* others changed something under each try */

enum {
    FLUSH_ATTEMPTS = 8,
    WINDOW = 8192,      /* leases in a transaction: a megabyte, some 20 ms */
    REFUSED_MOST = 3,   /* refusals of one set; with more it is the set that is at fault */
    SINGLY_MOST = 4096, /* changes tried one at a time: 20 ms */
    QUEUE_KEPT = 65536, /* places: what a large change needed is given back */
};

/* ---- when ---- */

static uint64_t time_earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t time_distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

uint64_t writer_due(const struct lease *lease)
{
    if (lease->retry_ns != 0)
        return time_earlier(lease->expires_ns, lease->retry_ns);
    if (lease->write == LEASE_UNWRITTEN || !set_is_right(lease->set) ||
        lease->written_expires_ns >= lease->expires_ns)
        return lease->expires_ns;
    uint64_t given_ns = lease->written_expires_ns - lease->written_ns;
    uint64_t last_ns = lease->written_ns;
    if (given_ns > WRITE_BEFORE_NS)
        last_ns = lease->written_expires_ns - WRITE_BEFORE_NS;
    uint64_t half_ns = lease->written_ns + given_ns / 2;
    if (lease->write == LEASE_COVERED)
        half_ns = NEVER; /* someone else's element is not touched while it lasts */
    if (lease->is_wide)
        last_ns = lease->written_expires_ns; /* nor can anything be added before it ends */
    return time_earlier(lease->expires_ns, time_earlier(half_ns, last_ns));
}

static bool writer_updates_in_place(const struct setsync *sync)
{
    return sync->statistics.updates_probed && sync->statistics.updates_in_place;
}

/* The lease was shortened: its element must not go on without it. */
static bool lease_outlives(const struct lease *lease)
{
    return lease->write == LEASE_WRITTEN &&
           lease->written_expires_ns >= lease->expires_ns + WRITE_GAIN_NS;
}

static bool lease_must_write(const struct setsync *sync, const struct lease *lease, uint64_t now_ns)
{
    if (!sync->nft || !set_is_right(lease->set) || lease->retry_ns > now_ns)
        return false;
    if (lease->write == LEASE_UNWRITTEN)
        return lease->set->hold_ns <= now_ns;
    if (lease->replaces)
        return true;
    if (lease->written_expires_ns >= lease->expires_ns)
        return lease_outlives(lease);
    uint64_t gain_ns = lease->expires_ns - lease->written_expires_ns;
    if (lease->write == LEASE_WRITTEN && writer_updates_in_place(sync) && gain_ns >= WRITE_GAIN_NS)
        return true;
    return writer_due(lease) <= now_ns;
}

/* What is in the queue is due when the flush has seen what became of it. */
void writer_consider(struct setsync *sync, struct lease *lease, uint64_t now_ns)
{
    if (lease_must_write(sync, lease, now_ns))
        queue_lease(sync, lease);
    if (!lease->queued)
        (void)lease_set_due(sync->leases, lease, writer_due(lease));
}

/* ---- others' elements ---- */

void writer_mark(struct lease *lease, enum lease_write write)
{
    if (!lease->removed) {
        lease->set->covered_count -= lease->write == LEASE_COVERED;
        lease->set->covered_count += write == LEASE_COVERED;
    }
    lease->write = write;
    lease->is_wide = false;
    lease->replaces &= write == LEASE_WRITTEN;
    if (write != LEASE_UNWRITTEN)
        lease->retry_ns = 0;
}

/*
 * What was read decides whether the lease needs a write at all.  In a table of our own a timed
 * element is ours; elsewhere it is ours when we wrote it.
 */
void writer_screen(struct lease *lease, const struct nftset_element *element)
{
    if (!element->exists) {
        writer_mark(lease, LEASE_UNWRITTEN);
        return;
    }
    bool is_permanent = element->timeout_ms == 0;
    bool is_ours =
        !is_permanent && !element->is_wide && (lease->set->own || lease->write == LEASE_WRITTEN);
    uint64_t end_ns = is_permanent ? NEVER : element->read_ns + element->expires_ms * NS_PER_MS;
    if (lease->write == LEASE_WRITTEN && is_ours &&
        time_distance(end_ns, lease->written_expires_ns) <= READING_TOLERANCE_NS)
        return; /* as it was written */
    if (lease->write != LEASE_WRITTEN)
        lease->written_ns = element->read_ns;
    bool covers = !is_ours && (element->is_wide || end_ns >= lease->expires_ns);
    writer_mark(lease, covers ? LEASE_COVERED : LEASE_WRITTEN);
    lease->is_wide = element->is_wide;
    lease->written_expires_ns = end_ns;
}

/*
 * In our table an element that somebody lengthened is cut to its lease, or goes with it.  A lease
 * that ends before the sweep has come to it would otherwise leave such an element behind.
 */
void writer_look(struct setsync *sync, struct lease *lease)
{
    const struct set *set = lease->set;
    const struct address *address = &lease->address;
    struct nftset_element element;
    if (sync->sweep_ns == NEVER || !set->own || !set_is_right(set) || lease->write != LEASE_WRITTEN)
        return;
    if (sync->kernel->read(sync->nft, &set->name, set_is_interval(set), &address, 1, &element) == 0)
        writer_screen(lease, &element);
}

static bool lease_needs_screening(const struct lease *lease)
{
    const struct set *set = lease->set;
    if (lease->removed && lease->write != LEASE_WRITTEN)
        return false; /* what is there is another lease's by now */
    bool is_screened = set->just_read && lease->look == set->look;
    return set->may_hold_others && !is_screened && set_is_right(set);
}

/* The queue's leases of one set that may hold others', from *at on; at most as many as fit. */
enum { SCREEN_AT_ONCE = 64 };

static size_t window_gather(const struct setsync *sync, size_t *at,
                            struct lease *out[static SCREEN_AT_ONCE])
{
    size_t count = 0;
    for (; *at < sync->window_end && count < SCREEN_AT_ONCE; (*at)++) {
        struct lease *lease = sync->queue[*at];
        if (!lease_needs_screening(lease))
            continue;
        if (count > 0 && out[0]->set != lease->set)
            break;
        out[count++] = lease;
    }
    return count;
}

static void window_screen(struct setsync *sync, uint64_t now_ns)
{
    for (size_t at = sync->window_begin; at < sync->window_end;) {
        struct lease *leases[SCREEN_AT_ONCE];
        const struct address *addresses[SCREEN_AT_ONCE];
        struct nftset_element elements[SCREEN_AT_ONCE];
        size_t count = window_gather(sync, &at, leases);
        if (count == 0)
            return;
        for (size_t i = 0; i < count; i++)
            addresses[i] = &leases[i]->address;
        struct set *set = leases[0]->set;
        int result = sync->kernel->read(sync->nft, &set->name, set_is_interval(set), addresses,
                                        count, elements);
        if (result < 0) {
            set_failed(set, result, now_ns);
            continue;
        }
        for (size_t i = 0; i < count; i++)
            writer_screen(leases[i], &elements[i]);
    }
}

/* ---- the transaction ---- */

static bool lease_takes_part(const struct lease *lease, uint64_t now_ns)
{
    const struct set *set = lease->set;
    if (!set_is_writable(set) || lease->write == LEASE_COVERED || lease->retry_ns > now_ns)
        return false;
    if (lease->removed)
        return lease->write == LEASE_WRITTEN;
    if (lease->expires_ns <= now_ns)
        return false;
    if (lease->write == LEASE_UNWRITTEN)
        return set->hold_ns <= now_ns;
    return lease->replaces || lease->written_expires_ns < lease->expires_ns ||
           lease_outlives(lease);
}

static enum nftset_action change_action(const struct setsync *sync, const struct lease *lease,
                                        uint64_t now_ns)
{
    if (lease->removed)
        return NFTSET_DELETE;
    if (lease->replaces)
        return NFTSET_REPLACE;
    if (writer_updates_in_place(sync))
        return NFTSET_UPDATE;
    bool is_absent = lease->write == LEASE_UNWRITTEN && lease->set->uncertain_ns <= now_ns;
    return is_absent ? NFTSET_ADD : NFTSET_REPLACE;
}

struct nftset_change writer_change(const struct setsync *sync, const struct lease *lease,
                                   uint64_t now_ns)
{
    uint64_t left_ns = lease->expires_ns > now_ns ? lease->expires_ns - now_ns : 1;
    return (struct nftset_change){
        .set = lease->set_name,
        .address = &lease->address,
        .name = lease->claim_count > 0 ? lease->claims[0].name : NULL,
        .timeout_ms = (left_ns + NS_PER_MS - 1) / NS_PER_MS,
        .action = change_action(sync, lease, now_ns),
        .is_interval = set_is_interval(lease->set),
    };
}

static int writer_reserve(struct setsync *sync)
{
    const size_t room = sync->queue_room < WINDOW ? sync->queue_room : WINDOW;
    if (sync->change_room >= room)
        return 0;
    struct nftset_change *changes = reallocarray(sync->changes, room, sizeof(*changes));
    if (!changes)
        return -ENOMEM;
    sync->changes = changes;
    struct lease **changed = reallocarray(sync->changed, room, sizeof(*changed));
    if (!changed)
        return -ENOMEM;
    sync->changed = changed;
    sync->change_room = room;
    return 0;
}

static size_t window_build(struct setsync *sync, uint64_t now_ns)
{
    size_t count = 0;
    for (size_t i = sync->window_begin; i < sync->window_end; i++) {
        struct lease *lease = sync->queue[i];
        if (!lease_takes_part(lease, now_ns))
            continue;
        sync->changes[count] = writer_change(sync, lease, now_ns);
        sync->changed[count] = lease;
        count++;
    }
    return count;
}

static void change_note_written(struct setsync *sync, const struct nftset_change *change,
                                struct lease *lease, uint64_t now_ns)
{
    sync->statistics.elements_written++;
    if (change->action == NFTSET_DELETE) {
        lease->write = LEASE_UNWRITTEN;
        return;
    }
    writer_mark(lease, LEASE_WRITTEN);
    lease->replaces = false;
    lease->written_ns = now_ns;
    lease->written_expires_ns = lease->expires_ns;
}

static void window_note_written(struct setsync *sync, size_t count, uint64_t now_ns)
{
    for (size_t i = 0; i < count; i++)
        change_note_written(sync, &sync->changes[i], sync->changed[i], now_ns);
    if (!sync->statistics.updates_probed && sync->probe_ns == NEVER)
        sync->probe_ns = now_ns + PROBE_DELAY_NS;
}

/* ---- one at a time ---- */

/*
 * A transaction failed, and the kernel named a set: its changes again, one at a time, so that what
 * is refused takes nothing else with it.  A failing transaction blocks for 8 to 28 ms: there are
 * few of them, and what a full set refuses waits until its garbage has been collected.
 */
struct retrying {
    struct setsync *sync;
    struct set *set;
    uint64_t now_ns;
    unsigned refused;
};

static void retry_note_refusal(struct retrying *retrying, struct lease *lease, int error)
{
    char set[SET_TEXT_MAX], address[ADDRESS_TEXT_MAX];
    if (lease->retry_ns == 0)
        log_warning("%s: %s cannot be written: %s; retrying every second",
                    set_name_to_text(&retrying->set->name, set),
                    address_to_text(&lease->address, address), strerror(-error));
    lease->retry_ns = retrying->now_ns + NS_PER_SECOND;
    retrying->refused++;
}

static void retry_one(struct retrying *retrying, struct nftset_change *change, struct lease *lease)
{
    struct setsync *sync = retrying->sync;
    /* One more place is not to be had in a full set before its garbage has been collected. */
    if (!lease->removed && lease->write == LEASE_UNWRITTEN &&
        retrying->set->hold_ns > retrying->now_ns)
        return;
    sets_look(sync, retrying->set, retrying->now_ns);
    if (!set_is_writable(retrying->set))
        return;
    int result = sync->kernel->commit(sync->nft, change, 1);
    if (result == -ERESTART && sets_mark(sync) == 0)
        return; /* it takes part in the next transaction */
    sync->statistics.transactions++;
    if (result == 0) {
        change_note_written(sync, change, lease, retrying->now_ns);
        return;
    }
    sync->statistics.transactions_failed++;
    if (result == -ENFILE)
        set_failed(retrying->set, result, retrying->now_ns);
    else
        retry_note_refusal(retrying, lease, result);
}

/* Those that make room, or those that may need it. */
static void retry_some(struct retrying *retrying, size_t count, bool deletions)
{
    struct setsync *sync = retrying->sync;
    for (size_t i = 0; i < count && retrying->refused < REFUSED_MOST; i++)
        if (sync->changed[i]->set == retrying->set &&
            (sync->changes[i].action == NFTSET_DELETE) == deletions)
            retry_one(retrying, &sync->changes[i], sync->changed[i]);
}

/* False when the set itself is at fault. */
static bool retry_singly(struct setsync *sync, struct set *set, size_t count, uint64_t now_ns)
{
    struct retrying retrying = {.sync = sync, .set = set, .now_ns = now_ns};
    if (count > SINGLY_MOST)
        return false;
    retry_some(&retrying, count, true);
    retry_some(&retrying, count, false);
    return retrying.refused < REFUSED_MOST;
}

/* ---- a flush ---- */

/* Each set named once; when none is, all that took part are looked at again in a second. */
static void window_note_failure(struct setsync *sync, size_t count, int error, uint64_t now_ns)
{
    bool is_named = false;
    sync->statistics.transactions_failed++;
    for (size_t i = 0; i < sync->set_count; i++)
        sync->sets[i]->has_failed = false;
    for (size_t i = 0; i < count; i++) {
        struct set *set = sync->changed[i]->set;
        if (sync->changes[i].error == 0 || set->has_failed)
            continue;
        is_named = true;
        set->has_failed = true;
        set->failures++;
        int refusal = sync->changes[i].error;
        if (refusal == -ENOENT || !retry_singly(sync, set, count, now_ns))
            set_failed(set, refusal, now_ns);
    }
    if (is_named)
        return;
    log_error("cannot write %zu addresses to nftables: %s; retrying in a second%s", count,
              strerror(-error),
              error == -EPERM
                  ? " (CAP_NET_ADMIN is needed when the socket is opened and at each write)"
                  : "");
    for (size_t i = 0; i < count; i++)
        set_doubt(sync->changed[i]->set, now_ns + RETRY_NS);
}

/* Others have changed something, perhaps elements that were read before: they are read again. */
static void window_read_again(struct setsync *sync, uint64_t now_ns)
{
    for (size_t i = 0; i < sync->set_count; i++) {
        sync->sets[i]->may_hold_others = true;
        sync->sets[i]->just_read = false;
    }
    window_screen(sync, now_ns);
}

static void window_commit(struct setsync *sync, uint64_t now_ns)
{
    bool restarted = false;
    for (unsigned attempt = 0; attempt < FLUSH_ATTEMPTS; attempt++) {
        /* The sets that it is about, and no others: others' changes may come often. */
        for (size_t i = sync->window_begin; i < sync->window_end; i++)
            sets_look(sync, sync->queue[i]->set, now_ns);
        if (attempt > 0 && restarted)
            window_read_again(sync, now_ns);
        size_t count = window_build(sync, now_ns);
        if (count == 0)
            return;
        int result = sync->kernel->commit(sync->nft, sync->changes, count);
        restarted = result == -ERESTART && sets_mark(sync) == 0;
        if (restarted)
            continue;
        sync->statistics.transactions++;
        if (result == 0) {
            window_note_written(sync, count, now_ns);
            return;
        }
        window_note_failure(sync, count, result, now_ns);
    }
}

/* What was to be written and is not has met others' changes at each try: again soon. */
static void lease_settle_write(struct setsync *sync, struct lease *lease, uint64_t now_ns)
{
    uint64_t due_ns = writer_due(lease);
    if (lease_takes_part(lease, now_ns) && lease_must_write(sync, lease, now_ns))
        due_ns = now_ns + CONTENDED_NS;
    else if (due_ns <= now_ns)
        due_ns = now_ns + RETRY_NS;
    (void)lease_set_due(sync->leases, lease, time_earlier(lease->expires_ns, due_ns));
}

static void window_flush(struct setsync *sync, uint64_t now_ns)
{
    window_screen(sync, now_ns);
    window_commit(sync, now_ns);
    for (size_t i = sync->window_begin; i < sync->window_end; i++) {
        struct lease *lease = sync->queue[i];
        lease->queued = false;
        if (lease->removed)
            leaving_settle(sync, lease, now_ns);
        else
            lease_settle_write(sync, lease, now_ns);
    }
}

/* What is more than a window takes several transactions: one alone would be too long to send. */
void writer_flush(struct setsync *sync, const struct moment *now)
{
    if (sync->queue_count == 0)
        return;
    for (size_t i = 0; i < sync->set_count; i++)
        sync->sets[i]->failures = 0;
    if (writer_reserve(sync) < 0)
        for (size_t i = 0; i < sync->queue_count; i++)
            set_failed(sync->queue[i]->set, -ENOMEM, now->boot_ns);
    for (size_t begin = 0; begin < sync->queue_count; begin = sync->window_end) {
        const size_t left = sync->queue_count - begin;
        const size_t most = sync->change_room > 0 ? sync->change_room : left;
        sync->window_begin = begin;
        sync->window_end = begin + (left < most ? left : most);
        window_flush(sync, now->boot_ns);
    }
    sync->queue_count = 0;
    if (sync->queue_room > QUEUE_KEPT) {
        free(sync->queue);
        sync->queue = NULL;
        sync->queue_room = 0;
    }
}
