/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state file: leases are written whole and atomically, and read before the first answer is
 * seen.  What is read is judged again as if it were new: by today's patterns, address filter and
 * limits, and by today's clock.
 */
#include "setsync/state/statefile.h"

#include "base/file.h"
#include "base/log.h"
#include "setsync/grant.h"
#include "setsync/policy/policy.h"
#include "setsync/sets/sets.h"
#include "setsync/state/state_text.h"
#include "setsync/upkeep/adopt.h"
#include "setsync/writer/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than the most that whitelists may hold; a larger file is not ours. */
#define FILE_SIZE_MAX ((off_t)1024 * 1024 * 1024)

/* ---- writing ---- */

struct saving {
    const struct setsync *sync;
    FILE *stream;
    const struct moment *now;
    bool is_short; /* of memory */
};

/* On the wall clock, in milliseconds: before 1970 there is nothing. */
static uint64_t state_wall_ms(const struct moment *now, uint64_t boot_ns)
{
    if (boot_ns >= now->boot_ns)
        return (now->real_ns + (boot_ns - now->boot_ns)) / NS_PER_MS;
    uint64_t ago_ns = now->boot_ns - boot_ns;
    return now->real_ns > ago_ns ? (now->real_ns - ago_ns) / NS_PER_MS : 0;
}

static void state_save_lease(void *context, struct lease *lease)
{
    struct saving *saving = context;
    char line[STATE_LINE_MAX];
    for (unsigned i = 0; i < lease->claim_count; i++) {
        if (lease->claims[i].expires_ns <= saving->now->boot_ns)
            continue;
        const struct lease_claim value = lease_claim_at(lease, i), *claim = &value;
        struct state_claim state = {
            .address = lease->address,
            .set = *lease->set_name,
            .pattern = claim->pattern,
            .name = claim->name,
            .owner = claim->owner,
            .resolver = claim->resolver,
            .record = claim->record,
            .ttl = claim->ttl,
            .first_ms = state_wall_ms(saving->now, claim->granted_ns),
            .last_ms = state_wall_ms(saving->now, claim->seen_ns),
            .end_ms = state_wall_ms(saving->now, claim->expires_ns),
        };
        memcpy(state.whitelist, claim->whitelist->name, sizeof(state.whitelist));
        if (!state_line_print(&state, line)) {
            saving->is_short = true;
            return;
        }
        fputs(line, saving->stream);
        putc('\n', saving->stream);
    }
}

static int state_print(void *context, FILE *stream)
{
    struct saving *saving = context;
    char line[STATE_LINE_MAX];
    saving->stream = stream;
    fprintf(stream, "%s\n", state_head_print(saving->now->real_ns / NS_PER_MS, line));
    lease_each(saving->sync->leases, state_save_lease, saving);
    return saving->is_short ? -ENOMEM : 0;
}

int statefile_save(const struct setsync *sync, const char *path, const struct moment *now)
{
    struct saving saving = {.sync = sync, .now = now};
    int result = file_replace(path, 0600, true, state_print, &saving);
    return result < 0 ? result : file_sync_directory(path);
}

/* ---- reading ---- */

#define LEFT_MOST_MS (UINT64_C(1000) * 366 * 86400) /* of a whitelist that is none any more */

struct restoring {
    struct setsync *sync;
    const struct moment *now;
    size_t taken, ended, refused;
};

static const struct whitelist *state_whitelist(const struct setsync *sync, const char *name,
                                               size_t *index)
{
    for (*index = 0; *index < sync->options.whitelist_count; (*index)++)
        if (strcmp(sync->options.whitelists[*index].name, name) == 0)
            return &sync->options.whitelists[*index];
    return NULL;
}

static uint64_t state_least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/*
 * What a claim has left.  The wall clock may have jumped, or started anew at boot: never more than
 * it had when it was saved, and never more than a whole lifetime.
 */
static uint64_t claim_left_ms(const struct whitelist *whitelist, const struct state_claim *claim,
                              uint64_t saved_ms, uint64_t now_ms)
{
    uint64_t since_ms = now_ms > saved_ms ? now_ms : saved_ms;
    if (claim->end_ms <= since_ms)
        return 0;
    uint64_t left = claim->end_ms - since_ms;
    if (!whitelist)
        return state_least(left, LEFT_MOST_MS);
    uint64_t most_s = (uint64_t)whitelist->ttl_max + whitelist->grace;
    return state_least(left, most_s * 1000);
}

static uint64_t state_boot_ns(const struct moment *now, uint64_t wall_ms_then)
{
    uint64_t now_ms = now->real_ns / NS_PER_MS;
    uint64_t ago_ms = now_ms > wall_ms_then ? now_ms - wall_ms_then : 0;
    return ago_ms < now->boot_ns / NS_PER_MS ? now->boot_ns - ago_ms * NS_PER_MS : 0;
}

/* The pattern that backs it today: what let it in may have been removed meanwhile. */
static const struct pattern *claim_pattern(const struct whitelist *whitelist, const struct set *set,
                                           const struct state_claim *claim)
{
    const struct pattern *pattern = policy_pattern(whitelist, &claim->name);
    if (!pattern || !set || !set_name_equal(&set->name, &claim->set) ||
        set->family != (enum address_family)claim->address.family ||
        policy_judge_address(whitelist, &claim->address) != REASON_NONE)
        return NULL;
    return pattern;
}

/* When the limit is lower than it was, those that last longest stay. */
static bool claim_is_worth_its_place(const struct setsync *sync, size_t index, unsigned family,
                                     uint64_t end_ns)
{
    const struct lease_quota *quota = &sync->quotas[index][family];
    if (quota->entries.count < sync->options.whitelists[index].max_addresses)
        return true;
    const struct lease *nearest = quota_nearest_end(quota, sync->serial);
    return nearest && nearest->expires_ns < end_ns;
}

static bool claim_restore(const struct restoring *restoring, const struct whitelist *whitelist,
                          size_t index, const struct state_claim *claim, uint64_t lives_ms)
{
    struct setsync *sync = restoring->sync;
    const struct moment *now = restoring->now;
    if (address_size(&claim->address) == 0)
        return false;
    const unsigned family = family_index((enum address_family)claim->address.family);
    struct set *set = sync->whitelist_sets[index][family];
    const struct pattern *pattern = claim_pattern(whitelist, set, claim);
    if (!pattern)
        return false;
    struct lease *known = lease_find(sync->leases, &set->name, &claim->address);
    const uint64_t end_ns = now->boot_ns + lives_ms * NS_PER_MS;
    bool holds = known && lease_quota_entry(known, whitelist);
    const struct quota_owner nobody = {.client =
                                           NULL}; /* nearest to its end, and no other reason */
    if (!holds && (!claim_is_worth_its_place(sync, index, family, end_ns) ||
                   !grant_make_room(sync, set, whitelist, &nobody, !known, now)))
        return false;
    struct lease_claim restored = {
        .whitelist = whitelist,
        .pattern = *pattern,
        .name = claim->name,
        .owner = claim->owner,
        .resolver = claim->resolver,
        .source = SOURCE_STATE,
        .record = claim->record,
        .ttl = claim->ttl,
        .granted_ns = state_boot_ns(now, claim->first_ms),
        .seen_ns = state_boot_ns(now, claim->last_ms),
        .expires_ns = end_ns,
    };
    if (!holds) /* room may have been made with it */
        known = lease_find(sync->leases, &set->name, &claim->address);
    struct lease *lease = grant_claim(sync, set, &claim->address, known, &restored);
    if (!lease)
        return false;
    writer_consider(sync, lease, now->boot_ns);
    return true;
}

/* Its element may still be in its set, which may be none of today's. */
static void claim_note_ungranted(const struct restoring *restoring, const struct state_claim *claim,
                                 uint64_t lives_ms)
{
    struct setsync *sync = restoring->sync;
    if (!sync->nft || address_size(&claim->address) == 0)
        return;
    struct set *set =
        sets_add_unwanted(sync, &claim->set, (enum address_family)claim->address.family);
    adopt_note(sync, set, &claim->address, restoring->now->boot_ns + lives_ms * NS_PER_MS);
}

static void claim_take(void *context, const struct state_reading *reading,
                       const struct state_claim *claim)
{
    struct restoring *restoring = context;
    size_t index;
    const struct whitelist *whitelist = state_whitelist(restoring->sync, claim->whitelist, &index);
    uint64_t now_ms = restoring->now->real_ns / NS_PER_MS;
    uint64_t lives_ms = claim_left_ms(whitelist, claim, reading->saved_ms, now_ms);
    if (lives_ms == 0) {
        restoring->ended++;
    } else if (whitelist && claim_restore(restoring, whitelist, index, claim, lives_ms)) {
        restoring->taken++;
    } else {
        restoring->refused++;
        claim_note_ungranted(restoring, claim, lives_ms);
    }
}

/* -EFBIG for what is no plain file of a plausible size. */
static int state_open(const char *path, FILE **out)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = fstat(fd, &status) < 0 ? -errno : 0;
    if (result == 0 && (!S_ISREG(status.st_mode) || status.st_size > FILE_SIZE_MAX))
        result = -EFBIG;
    FILE *stream = result == 0 ? fdopen(fd, "r") : NULL;
    if (!stream) {
        close(fd);
        return result < 0 ? result : -ENOMEM;
    }
    *out = stream;
    return 0;
}

/* For whoever wants to look into it: the next save writes another. */
static int state_set_aside(const char *path, char aside[static PATH_MAX])
{
    if (snprintf(aside, PATH_MAX, "%s.damaged", path) >= PATH_MAX)
        return -ENAMETOOLONG;
    return rename(path, aside) < 0 ? -errno : 0;
}

static void state_warn_of_damage(const char *path, const struct state_reading *reading)
{
    char aside[PATH_MAX];
    int result = state_set_aside(path, aside);
    const char *kept = result == 0 ? "renamed to " : "and the file cannot be renamed: ";
    const char *where = result == 0 ? aside : strerror(-result);
    if (reading->verdict == STATE_GOOD)
        log_warning("%s: %zu damaged lines, the first is line %zu: ignored, %s%s", path,
                    reading->damaged, reading->line, kept, where);
    else
        log_warning("%s: %s: ignored, %s%s; continuing with what the sets hold", path,
                    reading->verdict == STATE_FUTURE ? "was written by a later version of wildset"
                                                     : "is not a wildset state file",
                    kept, where);
}

void statefile_load(struct setsync *sync, const char *path, const struct moment *now)
{
    struct restoring restoring = {.sync = sync, .now = now};
    FILE *stream = NULL;
    sync->serial++; /* those that do not fit make room for others that last longer */
    int result = state_open(path, &stream);
    if (result == -ENOENT)
        return;
    if (result < 0) {
        log_warning("%s: cannot read saved leases: %s; continuing without them", path,
                    strerror(-result));
        return;
    }
    struct state_reading reading = state_read(stream, claim_take, &restoring);
    bool is_cut = ferror(stream) != 0;
    fclose(stream);
    if (is_cut)
        log_warning("%s: cannot read all saved leases; continuing without the others", path);
    if (reading.verdict != STATE_GOOD || reading.damaged > 0)
        state_warn_of_damage(path, &reading);
    if (reading.verdict != STATE_GOOD)
        return;
    log_notice("%s: restored %zu leases (%zu expired, %zu no longer configured)", path,
               restoring.taken, restoring.ended, restoring.refused);
}
