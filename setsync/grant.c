/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sightings to leases: address filter, capacity, claims.  Nothing is told here: events wait until
 * the kernel has what they speak of.
 */
#include "setsync/grant.h"

#include "setsync/policy/policy.h"
#include "setsync/writer/leaving.h"
#include "setsync/writer/writer.h"

#include <stdlib.h>

/* As long as a question waits for its answer. */
#define LATE_NS (10 * NS_PER_SECOND)

/* An element outlives its lease by the commit's time and the kernel's rounding. */
#define UNCERTAIN_NS (100 * NS_PER_MS)
/* More than that is no rounding: the lease was shortened, and its element has to go with it. */
#define OUTLIVES_NS NS_PER_SECOND

/* ---- events ---- */

static struct pending_event *event_add(struct setsync *sync, enum event_kind kind,
                                       const struct moment *now)
{
    if (sync->event_count == sync->event_room) {
        size_t room = sync->event_room > 0 ? 2 * sync->event_room : 64;
        struct pending_event *events = reallocarray(sync->events, room, sizeof(*events));
        if (!events)
            return NULL;
        sync->events = events;
        sync->event_room = room;
    }
    struct pending_event *pending = &sync->events[sync->event_count++];
    pending->event = (struct event){.kind = kind, .real_ns = now->real_ns};
    pending->name.length = 0;
    return pending;
}

void grant_tell(struct setsync *sync)
{
    for (size_t i = 0; i < sync->event_count && sync->options.event; i++) {
        struct pending_event *pending = &sync->events[i];
        if (pending->name.length > 0)
            pending->event.name = &pending->name;
        sync->options.event(sync->options.context, &pending->event);
    }
    sync->event_count = 0;
    while (sync->removed) {
        struct lease *lease = sync->removed;
        sync->removed = lease->next;
        lease_free(lease);
    }
}

/* `verdict` is NULL when the name itself is refused, `seen` when there is no address. */
static void grant_note_refusal(struct setsync *sync, enum reason reason, enum source source,
                               const struct verdict *verdict, const struct sighting *sighting,
                               const struct sighting_address *seen, const struct moment *now)
{
    sync->statistics.refused[reason]++;
    struct pending_event *pending = event_add(sync, EVENT_REFUSED, now);
    if (!pending)
        return;
    struct event *event = &pending->event;
    event->reason = reason;
    event->source = source;
    event->name = &sighting->question;
    event->owner = &sighting->owner;
    event->sighting = sighting;
    if (verdict) {
        event->whitelist = &sync->options.whitelists[verdict->whitelist];
        event->pattern = verdict->pattern;
        pending->name = verdict->name;
    }
    if (seen) {
        event->address = &seen->address;
        event->record = (enum record_type)seen->record;
    }
}

/* ---- room ---- */

static struct lease_quota *grant_quota(struct setsync *sync, const struct whitelist *whitelist,
                                       const struct set *set)
{
    return &sync->quotas[whitelist - sync->options.whitelists][family_index(set->family)];
}

static void removal_note(struct setsync *sync, enum event_kind kind, const struct lease *lease,
                         const struct whitelist *whitelist, const struct moment *now)
{
    sync->statistics.expired += kind == EVENT_EXPIRED;
    sync->statistics.evicted += kind == EVENT_EVICTED;
    sync->statistics.forgotten += kind == EVENT_FORGOTTEN;
    struct pending_event *pending = event_add(sync, kind, now);
    if (!pending)
        return;
    struct event *event = &pending->event;
    event->set = lease->set_name;
    event->address = &lease->address;
    event->whitelist = whitelist;
    if (kind == EVENT_EVICTED)
        event->reason = REASON_CAPACITY;
    for (unsigned i = 0; i < lease->claim_count; i++) {
        const struct kept_claim *claim = &lease->claims[i];
        if (whitelist && claim->whitelist != whitelist)
            continue;
        pending->name = kept_name_get(claim->name);
        event->whitelist = claim->whitelist;
        event->source = (enum source)claim->source;
        event->record = (enum record_type)claim->record;
        return;
    }
}

void grant_remove(struct setsync *sync, struct lease *lease, enum event_kind kind,
                  const struct whitelist *whitelist, const struct moment *now)
{
    if (kind == EVENT_EXPIRED)
        writer_look(sync, lease);
    removal_note(sync, kind, lease, whitelist, now);
    lease_remove(sync->leases, lease);
    lease->set->lease_count--;
    lease->set->covered_count -= lease->write == LEASE_COVERED;
    lease->set->uncertain_ns = now->boot_ns + UNCERTAIN_NS;
    bool outlives = lease->written_expires_ns > lease->expires_ns + OUTLIVES_NS;
    if (kind == EVENT_EXPIRED && !outlives)
        lease->write = LEASE_UNWRITTEN; /* the element ends by itself */
    leaving_begin(sync, lease, now);
}

static bool claim_is_of_others(const void *context, const struct lease_claim *claim)
{
    return claim->whitelist != context;
}

static bool lease_has_others(const struct lease *lease, const struct whitelist *whitelist)
{
    for (unsigned i = 0; i < lease->claim_count; i++)
        if (lease->claims[i].whitelist != whitelist)
            return true;
    return false;
}

/* What this whitelist holds here ends; what another still grants stays. */
static void lease_end_for(struct setsync *sync, struct lease *lease,
                          const struct whitelist *whitelist, const struct moment *now)
{
    bool has_ended = quota_entry_end(lease_quota_entry(lease, whitelist)) <= now->boot_ns;
    enum event_kind kind = has_ended ? EVENT_EXPIRED : EVENT_EVICTED;
    if (!lease_has_others(lease, whitelist)) {
        grant_remove(sync, lease, kind, whitelist, now);
        return;
    }
    if (!has_ended)
        removal_note(sync, kind, lease, whitelist, now);
    lease_retain(lease, claim_is_of_others, whitelist);
    writer_consider(sync, lease, now->boot_ns);
}

/* With head-room below the set's own size: expired elements hold their place until they are
 * collected, and an interval's end has a place of its own. */
static size_t set_room(const struct set *set)
{
    const size_t size = set_is_interval(set) ? set->view.size / 2 : set->view.size;
    return set->view.size == 0 ? SIZE_MAX : size - size / 5;
}

/* The lease nearest to its end among all that feed a set, but for those of this very answer. */
static struct lease *set_nearest_end(struct setsync *sync, const struct set *set)
{
    struct lease *nearest = NULL;
    for (size_t i = 0; i < sync->options.whitelist_count; i++) {
        for (unsigned family = 0; family < FAMILIES; family++) {
            if (sync->whitelist_sets[i][family] != set)
                continue;
            struct lease *lease = quota_nearest_end(&sync->quotas[i][family], sync->serial);
            if (!lease)
                continue;
            if (!nearest || lease->expires_ns < nearest->expires_ns)
                nearest = lease;
        }
    }
    return nearest;
}

/* Who brings too many makes room with its own; else what is nearest to its end does. */
static struct lease *lease_to_evict(struct setsync *sync, const struct set *set,
                                    const struct whitelist *whitelist,
                                    const struct quota_owner *owner, bool of_the_set)
{
    const struct lease_quota *quota = grant_quota(sync, whitelist, set);
    const size_t limit = quota->entries.count < whitelist->max_addresses ? quota->entries.count
                                                                         : whitelist->max_addresses;
    struct lease *lease = quota_too_many(quota, limit, owner, sync->serial);
    if (lease)
        return lease;
    return of_the_set ? set_nearest_end(sync, set) : quota_nearest_end(quota, sync->serial);
}

bool grant_make_room(struct setsync *sync, struct set *set, const struct whitelist *whitelist,
                     const struct quota_owner *owner, bool is_new, const struct moment *now)
{
    struct lease_quota *quota = grant_quota(sync, whitelist, set);
    const size_t places = set->lease_count + set->leaving_count;
    if ((quota->entries.count >= whitelist->max_addresses || places >= set_room(set)) &&
        lease_table_count(sync->leaving) >= LEAVING_MOST)
        return false; /* the kernel takes nothing out at the moment */
    while (quota->entries.count >= whitelist->max_addresses) {
        struct lease *out = lease_to_evict(sync, set, whitelist, owner, false);
        if (!out)
            return false;
        lease_end_for(sync, out, whitelist, now);
    }
    while (is_new && set->lease_count >= set_room(set)) {
        struct lease *out = lease_to_evict(sync, set, whitelist, owner, true);
        if (!out)
            return false;
        bool has_ended = out->expires_ns <= now->boot_ns;
        grant_remove(sync, out, has_ended ? EVENT_EXPIRED : EVENT_EVICTED, NULL, now);
    }
    return true;
}

void grant_trim(struct setsync *sync, const struct whitelist *whitelist, const struct moment *now)
{
    const struct quota_owner nobody = {.client = NULL};
    sync->serial++; /* no answer is being learned: any lease may go */
    for (unsigned family = 0; family < FAMILIES; family++) {
        struct lease_quota *quota = &sync->quotas[whitelist - sync->options.whitelists][family];
        while (quota->entries.count > whitelist->max_addresses) {
            struct lease *lease =
                quota_too_many(quota, whitelist->max_addresses, &nobody, sync->serial);
            if (!lease)
                lease = quota_nearest_end(quota, sync->serial);
            if (!lease)
                return;
            lease_end_for(sync, lease, whitelist, now);
        }
    }
}

/* ---- grants ---- */

struct lease *grant_claim(struct setsync *sync, struct set *set, const struct address *address,
                          struct lease *known, const struct lease_claim *claim)
{
    struct lease *lease = known ? known : lease_add(sync->leases, &set->name, address);
    bool is_new = !known;
    if (!lease)
        return NULL;
    lease->set = set;
    if (lease_claim(lease, claim, grant_quota(sync, claim->whitelist, set)) < 0) {
        if (is_new) {
            lease_remove(sync->leases, lease);
            lease_free(lease);
        }
        return NULL;
    }
    if (is_new) {
        set->lease_count++;
        leaving_inherit(sync, lease);
    }
    return lease;
}

/* One address for one whitelist, on its way from a sighting to a lease. */
struct grant {
    enum source source;
    const struct sighting *sighting;
    const struct sighting_address *seen;
    const struct verdict *verdict;
    const struct whitelist *whitelist;
    struct set *set;
    const struct moment *now;
};

static struct lease_claim grant_to_claim(const struct grant *grant, uint32_t lifetime)
{
    return (struct lease_claim){
        .whitelist = grant->whitelist,
        .pattern = *grant->verdict->pattern,
        .name = grant->verdict->name,
        .owner = grant->sighting->owner,
        .client = grant->sighting->client,
        .resolver = grant->sighting->resolver,
        .source = grant->source,
        .record = (enum record_type)grant->seen->record,
        .ttl = grant->seen->ttl,
        .granted_ns = grant->now->boot_ns,
        .seen_ns = grant->now->boot_ns,
        .expires_ns = grant->now->boot_ns + lifetime * NS_PER_SECOND,
    };
}

static void grant_note(struct setsync *sync, const struct grant *grant, bool is_new,
                       uint32_t lifetime)
{
    uint64_t *counter = is_new ? &sync->statistics.granted : &sync->statistics.extended;
    (*counter)++;
    struct pending_event *pending =
        event_add(sync, is_new ? EVENT_GRANTED : EVENT_EXTENDED, grant->now);
    if (!pending)
        return;
    pending->name = grant->verdict->name;
    struct event *event = &pending->event;
    event->source = grant->source;
    event->whitelist = grant->whitelist;
    event->set = &grant->set->name;
    event->owner = &grant->sighting->owner;
    event->pattern = grant->verdict->pattern;
    event->address = &grant->seen->address;
    event->record = (enum record_type)grant->seen->record;
    event->ttl = grant->seen->ttl;
    event->lifetime = lifetime;
    event->expires_real_ns = grant->now->real_ns + lifetime * NS_PER_SECOND;
    event->sighting = grant->sighting;
}

static enum reason grant_address(struct setsync *sync, const struct grant *grant)
{
    enum reason reason = policy_judge_address(grant->whitelist, &grant->seen->address);
    if (reason != REASON_NONE)
        return reason;
    if (!grant->set)
        return REASON_NO_SET;
    if (grant->seen->record == RECORD_LIST && !grant->whitelist->registry_addresses)
        return REASON_LIST_ADDRESS;
    struct lease *known = lease_find(sync->leases, &grant->set->name, &grant->seen->address);
    if (known && known->expires_ns <= grant->now->boot_ns) {
        grant_remove(sync, known, EVENT_EXPIRED, NULL, grant->now);
        known = NULL;
    }
    if (known)
        known->serial = sync->serial; /* no room is made with it */
    const struct quota_owner owner = {.client = &grant->sighting->client,
                                      .name = &grant->verdict->name};
    bool holds = known && lease_quota_entry(known, grant->whitelist);
    if (!holds && !grant_make_room(sync, grant->set, grant->whitelist, &owner, !known, grant->now))
        return REASON_CAPACITY;
    uint32_t lifetime = policy_lifetime(grant->whitelist, grant->seen->ttl);
    struct lease_claim claim = grant_to_claim(grant, lifetime);
    struct lease *lease = grant_claim(sync, grant->set, &grant->seen->address, known, &claim);
    if (!lease)
        return REASON_CAPACITY;
    lease->serial = sync->serial;
    lease_note_client(lease, &grant->sighting->client);
    writer_consider(sync, lease, grant->now->boot_ns);
    grant_note(sync, grant, !known, lifetime);
    return REASON_NONE;
}

/* The chain is open at `owner`: from here on that name counts as a question. */
static void grant_derived_name(struct setsync *sync, const struct verdict *verdict,
                               const struct sighting *sighting, const struct moment *now)
{
    const struct whitelist *whitelist = &sync->options.whitelists[verdict->whitelist];
    if (whitelist->follow != FOLLOW_ACROSS || sighting->owner.length == 0)
        return;
    if (verdict->steps >= DERIVED_STEPS_MAX)
        return;
    uint64_t lives_ns = policy_clamp_ttl(whitelist, sighting->chain_ttl) * NS_PER_SECOND;
    struct derived_name name = {
        .name = sighting->owner,
        .root = verdict->name,
        .expires_ns = now->boot_ns + lives_ns,
        .whitelist = (uint8_t)verdict->whitelist,
        .steps = (uint8_t)(verdict->steps + 1),
    };
    (void)derived_add(sync->judge.derived, &name, now->boot_ns);
}

static void grant_addresses(struct setsync *sync, enum source source, const struct verdict *verdict,
                            const struct sighting *sighting, const struct moment *now)
{
    const struct whitelist *whitelist = &sync->options.whitelists[verdict->whitelist];
    for (unsigned i = 0; i < sighting->address_count; i++) {
        const struct sighting_address *seen = &sighting->addresses[i];
        struct grant grant = {
            .source = source,
            .sighting = sighting,
            .seen = seen,
            .verdict = verdict,
            .whitelist = whitelist,
            .set = sync->whitelist_sets[verdict->whitelist][family_index(seen->address.family)],
            .now = now,
        };
        enum reason reason = grant_address(sync, &grant);
        if (reason != REASON_NONE)
            grant_note_refusal(sync, reason, source, verdict, sighting, seen, now);
    }
}

static void sighting_refuse(struct setsync *sync, enum reason reason, enum source source,
                            const struct sighting *sighting, const struct moment *now)
{
    if (sighting->address_count == 0)
        grant_note_refusal(sync, reason, source, NULL, sighting, NULL, now);
    for (unsigned i = 0; i < sighting->address_count; i++)
        grant_note_refusal(sync, reason, source, NULL, sighting, &sighting->addresses[i], now);
}

/*
 * It lay somewhere: this process, its sender or the whole machine stood still meanwhile.  A
 * lifetime counts from the moment when it comes here, and would be longer than what the client was
 * told.
 */
static bool sighting_is_late(const struct sighting *sighting, const struct moment *now)
{
    return sighting->captured_ns > 0 && now->real_ns > sighting->captured_ns &&
           now->real_ns - sighting->captured_ns > LATE_NS;
}

void grant_sighting(struct setsync *sync, enum source source, const struct sighting *sighting,
                    const struct moment *now)
{
    struct verdict verdicts[WHITELISTS_MAX];
    sync->statistics.sightings++;
    if (sighting_is_late(sighting, now)) {
        sighting_refuse(sync, REASON_LATE_ANSWER, source, sighting, now);
        return;
    }
    unsigned count = judge_sighting(&sync->judge, sighting, now->boot_ns, verdicts);
    if (count == 0)
        sighting_refuse(sync, REASON_OUTSIDE_PATTERNS, source, sighting, now);
    for (unsigned i = 0; i < count; i++) {
        if (sighting->address_count == 0)
            grant_derived_name(sync, &verdicts[i], sighting, now);
        else
            grant_addresses(sync, source, &verdicts[i], sighting, now);
    }
}
