/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sets: which there are, whether they are there and right, what to do when not.  A set that is
 * missing or wrong is waited for and looked at each second; the leases go on meanwhile and are all
 * written as soon as it is right.  Nothing here ever flushes or deletes a set or a table.
 */
#include "setsync/keeper.h"

#include "runtime/log.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SENTINELS = 8, /* elements that are looked for after someone's change */
    GC_INTERVAL_DEFAULT_MS = 1000,
    LOOK_MOST = 4096, /* elements read at once, some 10 ms: to see how much of a set is left */
};

/* A lease that ends so soon may be gone from the kernel without anyone's doing. */
#define SENTINEL_LEFT_NS NS_PER_SECOND

/* ---- the list ---- */

static struct keeper_set *find_set(const struct setsync *sync, const struct set_name *name,
                                   enum address_family family)
{
    for (size_t i = 0; i < sync->set_count; i++)
        if (sync->sets[i]->family == family && set_name_equal(&sync->sets[i]->name, name))
            return sync->sets[i];
    return NULL;
}

static struct keeper_set *add_set(struct setsync *sync, const struct set_name *name,
                                  enum address_family family)
{
    struct keeper_set **sets = reallocarray(sync->sets, sync->set_count + 1, sizeof(*sets));
    if (sets == NULL)
        return NULL;
    sync->sets = sets;
    struct keeper_set *set = calloc(1, sizeof(*set));
    if (set == NULL)
        return NULL;
    set->name = *name;
    set->family = family;
    set->own = name->family == NFPROTO_INET && strcmp(name->table, "wildset") == 0;
    set->careful = !set->own;
    set->state = sync->nft == NULL ? SET_READY : SET_MISSING;
    sets[sync->set_count++] = set;
    return set;
}

static int feed_set(struct setsync *sync, size_t index, const struct set_name *name,
                    enum address_family family)
{
    const struct whitelist *whitelist = &sync->options.whitelists[index];
    struct keeper_set *set = find_set(sync, name, family);
    if (set == NULL)
        set = add_set(sync, name, family);
    if (set == NULL)
        return -ENOMEM;
    set->wanted = true;
    set->create |= whitelist->create;
    set->capacity += whitelist->max_addresses;
    sync->homes[index][family_index(family)] = set;
    return 0;
}

int sets_build(struct setsync *sync)
{
    int r = 0;
    for (size_t i = 0; i < sync->set_count; i++) {
        sync->sets[i]->wanted = sync->sets[i]->create = false;
        sync->sets[i]->capacity = 0;
    }
    for (size_t i = 0; i < sync->options.whitelist_count && r == 0; i++) {
        r = feed_set(sync, i, &sync->options.whitelists[i].set4, ADDRESS_IPV4);
        if (r == 0)
            r = feed_set(sync, i, &sync->options.whitelists[i].set6, ADDRESS_IPV6);
    }
    return r;
}

void sets_drop_unwanted(struct setsync *sync)
{
    size_t kept = 0;
    for (size_t i = 0; i < sync->set_count; i++) {
        if (sync->sets[i]->wanted)
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

/* ---- is it right? ---- */

static const char *key_name(uint32_t type)
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
    {NFT_SET_INTERVAL, "has the flag interval: make it with `flags timeout` alone"},
};

/* The first problem as text in `out`; false when there is none. */
static bool find_problem(const struct keeper_set *set, const struct nftset_view *view,
                         char out[static SET_PROBLEM_MAX])
{
    const bool is_ipv4 = set->family == ADDRESS_IPV4;
    const uint32_t type = is_ipv4 ? NFTSET_KEY_IPV4 : NFTSET_KEY_IPV6;
    for (size_t i = 0; i < sizeof(refused_flags) / sizeof(refused_flags[0]); i++) {
        if ((view->flags & refused_flags[i].flags) == 0)
            continue;
        snprintf(out, SET_PROBLEM_MAX, "%s", refused_flags[i].problem);
        return true;
    }
    if (view->key_type != type || view->key_length != (is_ipv4 ? 4U : 16U)) {
        snprintf(out, SET_PROBLEM_MAX, "holds %s, wanted %s", key_name(view->key_type),
                 is_ipv4 ? "ipv4_addr" : "ipv6_addr");
        return true;
    }
    if ((view->flags & NFT_SET_TIMEOUT) == 0) {
        snprintf(out, SET_PROBLEM_MAX, "has no timeouts: make it with `flags timeout`");
        return true;
    }
    if (view->table_owned) {
        snprintf(out, SET_PROBLEM_MAX, "its table belongs to another program (flags owner)");
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

/* Says it once, when it changes. */
static void enter_state(struct keeper_set *set, enum set_state state, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void enter_state(struct keeper_set *set, enum set_state state, const char *format, ...)
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
    if (!is_news)
        return;
    if (problem[0] == '\0')
        log_notice("%s: ready", set_name_to_text(&set->name, text));
    else
        log_warning("%s: %s", set_name_to_text(&set->name, text), problem);
}

static uint64_t gc_interval_ns(const struct keeper_set *set)
{
    uint32_t ms = set->view.gc_interval_ms;
    return (ms > 0 ? ms : GC_INTERVAL_DEFAULT_MS) * NS_PER_MS;
}

void sets_failed(struct keeper_set *set, int error, uint64_t now_ns)
{
    bool is_first = set->hold_ns <= now_ns;
    if (error == -ENFILE && is_first) {
        set->full++;
        set->hold_ns = now_ns + 2 * gc_interval_ns(set);
        enter_state(set, SET_READY,
                    "full: the kernel takes no more than its size of %u; raise size",
                    set->view.size);
        return;
    }
    set->dirty = true;
    set->check_ns = now_ns + SET_CHECK_INTERVAL_NS;
    if (error == -ENOENT && set->failures <= 3)
        set->check_ns = now_ns; /* it has gone: make it again at once */
    else if (error != -ENFILE)
        enter_state(set, SET_MISSING, "cannot be written: %s", strerror(-error));
}

/* ---- its leases ---- */

static struct lease *wanted_in(const struct lease_quota *quota, size_t from, size_t to,
                               lease_test *wanted, uint64_t now_ns)
{
    for (size_t i = from; i < to; i++) {
        struct lease *lease = heap_entry(quota->shares.nodes[i], struct lease_share, node)->lease;
        if (wanted(lease, now_ns))
            return lease;
    }
    return NULL;
}

/* One from each stretch of a quota's heap. */
static size_t sample_quota(const struct lease_quota *quota, lease_test *wanted, uint64_t now_ns,
                           struct lease **out, size_t count)
{
    size_t found = 0;
    size_t stretch = (quota->shares.count + count - 1) / count;
    for (size_t from = 0; from < quota->shares.count && found < count; from += stretch) {
        size_t to = from + stretch < quota->shares.count ? from + stretch : quota->shares.count;
        struct lease *lease = wanted_in(quota, from, to, wanted, now_ns);
        if (lease != NULL)
            out[found++] = lease;
    }
    return found;
}

size_t sets_sample(const struct setsync *sync, const struct keeper_set *set, lease_test *wanted,
                   uint64_t now_ns, struct lease **out, size_t count)
{
    size_t found = 0;
    const unsigned family = family_index(set->family);
    for (size_t i = 0; i < sync->options.whitelist_count && found < count; i++)
        if (sync->homes[i][family] == set)
            found +=
                sample_quota(&sync->quotas[i][family], wanted, now_ns, out + found, count - found);
    return found;
}

/* ---- filling ---- */

typedef void lease_act(struct setsync *sync, struct lease *lease);

/* Each lease of a set; one that several whitelists hold comes several times. */
static void each_lease(struct setsync *sync, const struct keeper_set *set, lease_act *act)
{
    const unsigned family = family_index(set->family);
    for (size_t i = 0; i < sync->options.whitelist_count; i++) {
        const struct heap *shares = &sync->quotas[i][family].shares;
        for (size_t k = 0; sync->homes[i][family] == set && k < shares->count; k++)
            act(sync, heap_entry(shares->nodes[k], struct lease_share, node)->lease);
    }
}

static void mark_unseen(struct setsync *sync, struct lease *lease)
{
    (void)sync;
    lease->seen = false;
}

static void mark_absent(struct setsync *sync, struct lease *lease)
{
    (void)sync;
    if (!lease->seen)
        lease->write = LEASE_UNWRITTEN;
}

static void queue_lease(struct setsync *sync, struct lease *lease)
{
    writer_queue(sync, lease);
}

static void queue_unwritten(struct setsync *sync, struct lease *lease)
{
    if (lease->write == LEASE_UNWRITTEN)
        writer_queue(sync, lease);
}

struct look {
    struct setsync *sync;
    const struct keeper_set *set;
    uint64_t now_ns;
};

static void look_at_element(void *context, const struct nftset_element *element)
{
    const struct look *look = context;
    struct lease *lease = lease_find(look->sync->leases, &look->set->name, &element->address);
    if (lease == NULL)
        return;
    lease->seen = true;
    writer_screen(lease, element, look->now_ns);
}

/*
 * After a flush or a reload a set holds little: reading all of it tells which of the leases are
 * there. A set that still holds much is read lease by lease, and what is not sure is replaced.
 */
static void look_into(struct setsync *sync, struct keeper_set *set, const struct moment *now)
{
    struct look look = {.sync = sync, .set = set, .now_ns = now->boot_ns};
    each_lease(sync, set, mark_unseen);
    set->uncertain_ns = 0;
    set->screened = nftset_dump(sync->nft, &set->name, LOOK_MOST, look_at_element, &look) == 0;
    if (set->screened)
        each_lease(sync, set, mark_absent);
    else
        set->careful = true;
}

/* All leases of a set that need it, in one transaction; after a take-over only what is new. */
static void refill_set(struct setsync *sync, struct keeper_set *set, bool is_fresh,
                       const struct moment *now)
{
    set->dirty = false;
    if (!is_fresh)
        look_into(sync, set, now);
    each_lease(sync, set, is_fresh ? queue_unwritten : queue_lease);
    uint64_t written = sync->statistics.elements_written;
    writer_flush(sync, now);
    set->screened = false;
    written = sync->statistics.elements_written - written;
    char text[SET_TEXT_MAX];
    if (written > 0)
        log_notice("%s: %" PRIu64 " addresses written again", set_name_to_text(&set->name, text),
                   written);
}

static bool same_set(const struct nftset_view *a, const struct nftset_view *b)
{
    return a->table_handle == b->table_handle && a->handle == b->handle;
}

/* Makes a set that is missing; looks again afterwards, since someone may have been faster. */
static int make_set(struct setsync *sync, struct keeper_set *set, struct nftset_view *view)
{
    uint64_t size = set->capacity + set->capacity / 4 + 256;
    int r = nftset_create(sync->nft, &set->name, set->family,
                          size < UINT32_MAX ? (uint32_t)size : UINT32_MAX, view->table_exists);
    if (r < 0 && r != -EEXIST)
        return r;
    set->careful = !set->own;
    set->taken_over = true; /* there is nothing in it */
    return nftset_inspect(sync->nft, &set->name, view);
}

static int look_at(struct setsync *sync, struct keeper_set *set, struct nftset_view *view)
{
    int r = nftset_inspect(sync->nft, &set->name, view);
    if (r < 0) {
        enter_state(set, SET_MISSING, "cannot be read: %s", strerror(-r));
        return r;
    }
    if (view->exists || !set->create)
        return 0;
    r = make_set(sync, set, view);
    if (r < 0)
        enter_state(set, SET_MISSING, "cannot be made: %s", strerror(-r));
    return r;
}

void sets_check(struct setsync *sync, struct keeper_set *set, const struct moment *now)
{
    struct nftset_view view;
    char problem[SET_PROBLEM_MAX];
    set->check_ns = now->boot_ns + SET_CHECK_INTERVAL_NS;
    if (look_at(sync, set, &view) < 0)
        return;
    if (!view.exists) {
        enter_state(set, SET_MISSING, "does not exist, and create is false: waiting for it");
        return;
    }
    if (find_problem(set, &view, problem)) {
        enter_state(set, SET_WRONG, "%s", problem);
        return;
    }
    bool must_fill = set->state != SET_READY || set->dirty || !same_set(&view, &set->view);
    bool is_fresh = !set->taken_over;
    set->view = view;
    set->check_ns = NEVER;
    if (!must_fill)
        return;
    set->hold_ns = 0;
    enter_state(set, SET_READY, "%s", "");
    if (is_fresh)
        takeover_read(sync, set, now);
    refill_set(sync, set, is_fresh, now);
}

/* ---- a full set ---- */

static bool is_held(const struct lease *lease, uint64_t now_ns)
{
    return lease->write == LEASE_UNWRITTEN && lease->expires_ns > now_ns;
}

/* One, two, four...: what fits goes in, and at most one transaction fails. */
static void retry_held(struct setsync *sync, struct keeper_set *set, const struct moment *now)
{
    enum { MOST = 256 };
    struct lease *leases[MOST];
    set->hold_ns = 0;
    for (size_t many = 1; set->hold_ns == 0; many = many < MOST ? 2 * many : MOST) {
        size_t count = sets_sample(sync, set, is_held, now->boot_ns, leases, many);
        if (count == 0) {
            enter_state(set, SET_READY, "%s", "");
            return;
        }
        for (size_t i = 0; i < count; i++)
            writer_queue(sync, leases[i]);
        writer_flush(sync, now);
        if (set->dirty || set->state != SET_READY || leases[0]->write == LEASE_UNWRITTEN)
            return;
    }
}

/* ---- time and notifications ---- */

uint64_t sets_due(const struct setsync *sync)
{
    uint64_t due_ns = NEVER;
    for (size_t i = 0; i < sync->set_count && sync->nft != NULL; i++) {
        const struct keeper_set *set = sync->sets[i];
        if (set->check_ns < due_ns)
            due_ns = set->check_ns;
        if (set->hold_ns != 0 && set->hold_ns < due_ns)
            due_ns = set->hold_ns;
    }
    return due_ns;
}

void sets_run(struct setsync *sync, const struct moment *now)
{
    for (size_t i = 0; i < sync->set_count && sync->nft != NULL; i++) {
        struct keeper_set *set = sync->sets[i];
        if (set->check_ns <= now->boot_ns)
            sets_check(sync, set, now);
        if (set->hold_ns != 0 && set->hold_ns <= now->boot_ns)
            retry_held(sync, set, now);
    }
}

static bool is_sentinel(const struct lease *lease, uint64_t now_ns)
{
    return lease->write != LEASE_UNWRITTEN && lease->expires_ns > now_ns + SENTINEL_LEFT_NS &&
           lease->written_expires_ns > now_ns + SENTINEL_LEFT_NS;
}

static bool is_missing_some(struct setsync *sync, struct keeper_set *set, uint64_t now_ns)
{
    struct lease *leases[SENTINELS];
    const struct address *addresses[SENTINELS];
    struct nftset_element elements[SENTINELS];
    size_t count = sets_sample(sync, set, is_sentinel, now_ns, leases, SENTINELS);
    for (size_t i = 0; i < count; i++)
        addresses[i] = &leases[i]->address;
    if (nftset_read(sync->nft, &set->name, addresses, count, elements) < 0)
        return true;
    for (size_t i = 0; i < count; i++)
        if (!elements[i].exists)
            return true;
    return false;
}

/* Others wrote something: their elements may be in our sets from here on, too. */
void sets_compare(struct setsync *sync, const struct moment *now)
{
    for (size_t i = 0; i < sync->set_count; i++) {
        struct keeper_set *set = sync->sets[i];
        set->careful = true;
        if (set->state == SET_READY && is_missing_some(sync, set, now->boot_ns))
            set->dirty = true;
        sets_check(sync, set, now);
    }
    sweep_begin(sync, now->boot_ns);
}
