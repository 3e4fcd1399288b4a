/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From one fetch to the next: which list is in force, for how long, and what is said of it.
 */
#include "registry/poll.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "registry/list/document.h"
#include "registry/list/list_cache.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIST_POLLS = 3,      /* how many polls long a listed address lasts */
    SPREAD_PER_CENT = 5, /* not all firewalls of the world ask at once */
    REFUSALS_TOLD = 100, /* of one list: the outbox takes no more a second; all are counted */
    STATUS_NOT_MODIFIED = 304,
    STATUS_OK = 200,
};

struct poll {
    struct poll_tools tools;
    const struct registry_whitelist *whitelist;
    unsigned index;
    const char *certificates;
    size_t certificates_size;
    int cache_fd;
    struct loop_watch *next, *announce, *end; /* timers */
    struct download *download;
    struct dname unnamed;
    bool in_force;
    struct accepted accepted; /* the list in force */
    struct list_cache cache;  /* its marks */
    uint64_t good_boot_ns;
    bool told_kept_error;
    enum registry_outcome said; /* what the log was told last */
    struct registry_report report, reported;
};

static void plan_next(struct poll *poll, uint64_t ms)
{
    poll->report.next_ns = clock_now().real_ns + ms * NS_PER_MS;
    loop_timer_set(poll->next, ms);
}

static void plan_retry(struct poll *poll, uint32_t retry_after)
{
    plan_next(poll,
              backoff_retry_ms(poll->report.failures, poll->whitelist->interval, retry_after));
}

/* ---- the list in force ---- */

static void count_list(struct poll *poll)
{
    const uint32_t *fates = poll->accepted.fates;
    struct registry_report *report = &poll->report;

    report->hosts = (uint32_t)poll->accepted.host_count;
    report->addresses = (uint32_t)poll->accepted.address_count;
    report->outside = fates[FATE_OUTSIDE];
    report->wildcards = fates[FATE_WILDCARD];
    report->prefixes = fates[FATE_PREFIX];
    report->not_taken = fates[FATE_LIST_ADDRESS] + fates[FATE_MALFORMED] + fates[FATE_NO_ROOM];
    report->good_ns = poll->in_force ? poll->cache.good_ns : 0;
}

static uint32_t list_ttl(const struct poll *poll)
{
    uint64_t ttl = (uint64_t)LIST_POLLS * poll->whitelist->interval;

    return ttl < INT32_MAX ? (uint32_t)ttl : INT32_MAX;
}

/* Told again before they end, whatever the whitelist's ttl-max makes of three polls. */
static void announce(struct poll *poll)
{
    uint32_t ttl = list_ttl(poll), interval = poll->whitelist->interval;

    if (!poll->in_force || poll->accepted.address_count == 0)
        return;
    reporter_addresses(poll->tools.reporter, &poll->accepted, &poll->unnamed, ttl);
    if (ttl > poll->whitelist->ttl_max)
        ttl = poll->whitelist->ttl_max;
    if (interval > ttl / 2)
        interval = ttl / 2 > 0 ? ttl / 2 : 1;
    loop_timer_set(poll->announce, interval * UINT64_C(1000));
}

static void on_announce(void *context)
{
    announce(context);
}

static void use_list(struct poll *poll)
{
    poll->in_force = true;
    if (hosts_set(poll->tools.hosts, poll->index, HOSTS_FROM_LIST, poll->accepted.hosts,
                  poll->accepted.host_count))
        log_error("registry: %s: out of memory: not all of its hosts are resolved",
                  poll->whitelist->name);
    count_list(poll);
    announce(poll);
}

/* The list was right a moment ago, or at good_ns. */
static void arm_end(struct poll *poll)
{
    uint64_t now_ns = clock_now().boot_ns, end_ns;

    end_ns = poll->good_boot_ns + poll->whitelist->keep * NS_PER_SECOND;
    loop_timer_set(poll->end, end_ns > now_ns ? (end_ns - now_ns) / NS_PER_MS + 1 : 0);
}

static void on_poll_end(void *context)
{
    struct poll *poll = context;

    log_warning("registry: %s: no valid list for registry-keep: the last one is no longer used; "
                "its %zu hosts and %zu addresses will expire",
                poll->whitelist->name, poll->accepted.host_count, poll->accepted.address_count);
    poll->in_force = false;
    accepted_free(&poll->accepted);
    poll->cache.etag[0] = poll->cache.modified[0] = '\0';
    (void)hosts_set(poll->tools.hosts, poll->index, HOSTS_FROM_LIST, NULL, 0);
    loop_timer_stop(poll->announce);
    count_list(poll);
    poll->report.kept = 0;
    poll_report(poll);
}

static void poll_cache_list(struct poll *poll)
{
    int result;

    if (poll->cache_fd < 0)
        return;
    result = list_cache_write(poll->cache_fd, &poll->cache, &poll->accepted);
    if (result < 0 && !poll->told_kept_error)
        log_warning("registry: %s: cannot save the list in the state directory: %s; after a "
                    "restart it has to be fetched again first",
                    poll->whitelist->name, strerror(-result));
    poll->told_kept_error = result < 0;
}

static void list_is_right(struct poll *poll)
{
    struct moment now = clock_now();

    poll->cache.good_ns = now.real_ns;
    poll->good_boot_ns = now.boot_ns;
    poll->report.kept = 0;
    arm_end(poll);
    poll_cache_list(poll);
}

/* ---- reading a document ---- */

/* What a list that is to be used does not get its way with. */
struct list_refusal {
    enum reason reason;
    bool has_name;
    struct dname name;
    struct address address; /* ADDRESS_NONE: it is a name */
};

struct reading {
    struct accepted accepted;
    struct list_refusal refusals[REFUSALS_TOLD];
    size_t refusal_count;
};

static void on_poll_entry(void *context, const struct entry *entry, const char *text, size_t size,
                          const struct dname *beside)
{
    struct reading *reading = context;
    enum reason reason = fate_reason(accepted_take(&reading->accepted, entry, beside));
    bool is_address = entry->kind == ENTRY_ADDRESS || entry->kind == ENTRY_PREFIX;
    const struct dname *name = is_address ? beside : &entry->name;
    struct list_refusal *refusal;

    (void)text;
    (void)size;
    if (reason == REASON_NONE || entry->kind == ENTRY_MALFORMED ||
        reading->refusal_count == REFUSALS_TOLD)
        return;
    refusal = &reading->refusals[reading->refusal_count++];
    *refusal = (struct list_refusal){.reason = reason, .has_name = name != NULL};
    if (name)
        refusal->name = *name;
    if (is_address)
        refusal->address = entry->address;
}

static void tell_refusals(struct reporter *reporter, const struct reading *reading)
{
    for (size_t i = 0; i < reading->refusal_count; i++) {
        const struct list_refusal *refusal = &reading->refusals[i];

        reporter_refusal(reporter, refusal->reason, refusal->has_name ? &refusal->name : NULL,
                         refusal->address.family != ADDRESS_NONE ? &refusal->address : NULL);
    }
}

static enum registry_outcome document_to_outcome(enum document_outcome outcome)
{
    switch (outcome) {
    case DOCUMENT_OK:
        return REGISTRY_GOOD;
    case DOCUMENT_PAGE:
        return REGISTRY_PAGE;
    case DOCUMENT_MALFORMED:
    case DOCUMENT_BINARY:
        return REGISTRY_MALFORMED;
    case DOCUMENT_TOO_DEEP:
        return REGISTRY_TOO_DEEP;
    case DOCUMENT_TOO_LONG:
        return REGISTRY_TOO_LONG;
    case DOCUMENT_NO_MEMORY:
        return REGISTRY_NO_MEMORY;
    }
    return REGISTRY_MALFORMED;
}

static enum registry_outcome poll_judge(const struct poll *poll, const struct accepted *accepted)
{
    uint64_t before = accepted_size(&poll->accepted), now = accepted_size(accepted);

    if (accepted->no_memory)
        return REGISTRY_NO_MEMORY;
    if (now == 0)
        return REGISTRY_EMPTY;
    if (poll->in_force && now < before && (before - now) * 100 > before * poll->whitelist->shrink)
        return REGISTRY_SHRUNKEN;
    return REGISTRY_GOOD;
}

static bool same_list(const struct accepted *a, const struct accepted *b)
{
    return a->host_count == b->host_count && a->address_count == b->address_count &&
           memcmp(a->fates, b->fates, sizeof(a->fates)) == 0 &&
           (a->host_count == 0 ||
            memcmp(a->hosts, b->hosts, a->host_count * sizeof(*a->hosts)) == 0) &&
           (a->address_count == 0 ||
            memcmp(a->addresses, b->addresses, a->address_count * sizeof(*a->addresses)) == 0);
}

static void log_list(const struct poll *poll)
{
    const struct registry_report *report = &poll->report;

    log_info("registry: %s: the list holds %u host%s and %u address%s for it; besides %u outside "
             "`names`, %u wildcards, %u prefixes, %u others: `wildset registry %s` shows each",
             poll->whitelist->name, report->hosts, report->hosts == 1 ? "" : "s", report->addresses,
             report->addresses == 1 ? "" : "es", report->outside, report->wildcards,
             report->prefixes, report->not_taken, poll->whitelist->name);
}

static void poll_adopt(struct poll *poll, struct accepted *accepted,
                       const struct fetch_response *response)
{
    bool is_new = !poll->in_force || !same_list(&poll->accepted, accepted);

    accepted_free(&poll->accepted);
    poll->accepted = *accepted;
    memcpy(poll->cache.etag, response->etag, FETCH_TAG_MAX);
    memcpy(poll->cache.modified, response->modified, FETCH_TAG_MAX);
    list_is_right(poll);
    use_list(poll);
    if (is_new)
        log_list(poll);
}

/* Refusals are told once the list is to be used, and only when it is another one. */
static enum registry_outcome poll_read_document(struct poll *poll,
                                                const struct fetch_response *response)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    enum registry_outcome outcome;

    if (!reading)
        return REGISTRY_NO_MEMORY;
    accepted_init(&reading->accepted, poll->tools.matcher, poll->index,
                  poll->whitelist->takes_addresses);
    outcome =
        document_to_outcome(document_read(response->body, response->size, on_poll_entry, reading));
    if (outcome == REGISTRY_GOOD)
        outcome = poll_judge(poll, &reading->accepted);
    if (outcome == REGISTRY_GOOD) {
        if (!poll->in_force || !same_list(&poll->accepted, &reading->accepted))
            tell_refusals(poll->tools.reporter, reading);
        poll_adopt(poll, &reading->accepted, response);
    } else {
        accepted_free(&reading->accepted);
    }
    free(reading);
    return outcome;
}

static enum registry_outcome take_response(struct poll *poll, const struct fetch_response *response)
{
    if (response->outcome != REGISTRY_GOOD)
        return response->outcome;
    if (response->status == STATUS_NOT_MODIFIED && poll->in_force) {
        list_is_right(poll);
        count_list(poll);
        return REGISTRY_UNCHANGED;
    }
    if (response->status != STATUS_OK)
        return REGISTRY_STATUS;
    if (response->page)
        return REGISTRY_PAGE;
    return poll_read_document(poll, response);
}

/* ---- what is said ---- */

static const char *in_force_text(const struct poll *poll, char out[static 128])
{
    char until[CLOCK_TEXT_MAX];
    uint64_t left_ns;

    if (!poll->in_force)
        return "there is no list in use";
    left_ns = poll->good_boot_ns + poll->whitelist->keep * NS_PER_SECOND - clock_now().boot_ns;
    clock_to_text(clock_now().real_ns + left_ns, until);
    until[strcspn(until, ".")] = '\0';
    snprintf(out, 128, "the last good list (%zu hosts, %zu addresses) remains in use until %sZ",
             poll->accepted.host_count, poll->accepted.address_count, until);
    return out;
}

/* Once when it begins, or becomes something else, and once when it is over. */
static void poll_say(struct poll *poll, enum registry_outcome outcome,
                     const struct fetch_response *response)
{
    bool was_good = registry_outcome_is_good(poll->said) || poll->said == REGISTRY_NOT_YET;
    char status[32] = "", list[128];

    if (registry_outcome_is_good(outcome)) {
        if (!was_good)
            log_notice("registry: %s: the list can be read again", poll->whitelist->name);
        poll->said = outcome;
        return;
    }
    if (outcome == poll->said)
        return;
    poll->said = outcome;
    if (outcome == REGISTRY_STATUS)
        snprintf(status, sizeof(status), " (%" PRIu32 ")", response->status);
    log_warning("registry: %s: %s: %s%s%s%s%s; %s", poll->whitelist->name, poll->whitelist->url,
                registry_outcome_text(outcome), status, response->problem[0] != '\0' ? " (" : "",
                response->problem, response->problem[0] != '\0' ? ")" : "",
                in_force_text(poll, list));
}

void poll_report(struct poll *poll)
{
    const struct resolver_statistics *lookups = resolver_statistics(poll->tools.resolver);
    struct hosts_count count = hosts_count(poll->tools.hosts, poll->index);
    struct registry_report *report = &poll->report;

    report->names = count.names;
    report->unresolved = count.unresolved;
    report->unresolved_name = count.unresolved_name ? *count.unresolved_name : (struct dname){0};
    report->lookups = lookups->lookups;
    report->lookup_failures = lookups->failures;
    report->lookup_mismatches = lookups->mismatches;
    if (memcmp(report, &poll->reported, sizeof(*report)) == 0)
        return;
    poll->reported = *report;
    reporter_list(poll->tools.reporter, report);
}

/* ---- fetching ---- */

static void on_poll_downloaded(void *context, const struct fetch_response *response)
{
    struct poll *poll = context;
    enum registry_outcome outcome;

    poll->download = NULL;
    outcome = take_response(poll, response);
    poll->report.outcome = (uint8_t)outcome;
    poll->report.status = response->status;
    poll->report.tried_ns = clock_now().real_ns;
    if (registry_outcome_is_good(outcome)) {
        poll->report.failures = 0;
        plan_next(poll, backoff_spread_ms(poll->whitelist->interval, SPREAD_PER_CENT));
    } else {
        poll->report.failures++;
        plan_retry(poll, response->retry_after);
    }
    poll_say(poll, outcome, response);
    poll_report(poll);
    malloc_trim(0); /* the document is gone, and is wanted again in minutes only */
}

static void on_next(void *context)
{
    struct poll *poll = context;
    const struct download_request request = {
        .url = poll->whitelist->url,
        .certificates = poll->certificates,
        .certificates_size = poll->certificates_size,
        .etag = poll->in_force ? poll->cache.etag : "",
        .modified = poll->in_force ? poll->cache.modified : "",
    };

    if (download_start(&poll->tools.download, &request, on_poll_downloaded, poll, &poll->download))
        plan_retry(poll, 0);
}

/* ---- open, start, close ---- */

static uint64_t origin_of(const struct poll *poll)
{
    return list_cache_digest(1, poll->whitelist->url, strlen(poll->whitelist->url));
}

/* With other patterns, what was left out of the same document may count now. */
static uint64_t judged_by(const struct poll *poll)
{
    uint64_t digest = list_cache_digest(2, &poll->whitelist->takes_addresses, 1);

    for (size_t i = 0; i < poll->tools.plan->pattern_count; i++)
        if (poll->tools.plan->patterns[i].whitelist == poll->index)
            digest = list_cache_digest(digest, &poll->tools.plan->patterns[i].pattern,
                                       sizeof(struct pattern));
    return digest;
}

static void poll_free(struct poll *poll)
{
    loop_unwatch(poll->next);
    loop_unwatch(poll->announce);
    loop_unwatch(poll->end);
    accepted_free(&poll->accepted);
    free(poll);
}

int poll_new(const struct poll_tools *tools, unsigned whitelist, const char *certificates,
             size_t certificates_size, int cache_fd, struct poll **out)
{
    struct poll *poll = calloc(1, sizeof(*poll));

    if (!poll)
        return -ENOMEM;
    poll->tools = *tools;
    poll->whitelist = &tools->plan->whitelists[whitelist];
    poll->index = whitelist;
    poll->certificates = certificates;
    poll->certificates_size = certificates_size;
    poll->cache_fd = cache_fd;
    poll->unnamed = accepted_unnamed(tools->plan->patterns, tools->plan->pattern_count, whitelist);
    accepted_init(&poll->accepted, tools->matcher, whitelist, poll->whitelist->takes_addresses);
    poll->report.whitelist = (uint8_t)whitelist;
    poll->report.has_list = poll->whitelist->url[0] != '\0';
    poll->next = loop_timer(tools->loop, on_next, poll);
    poll->announce = loop_timer(tools->loop, on_announce, poll);
    poll->end = loop_timer(tools->loop, on_poll_end, poll);
    if (!poll->next || !poll->announce || !poll->end) {
        poll_free(poll);
        return -ENOMEM;
    }
    *out = poll;
    return 0;
}

/* A clock that stood in the future then, or stands in the past now: it counts as fresh. */
static void take_kept(struct poll *poll)
{
    struct moment now = clock_now();
    uint64_t age_ns = 0;
    int result = poll->cache_fd < 0
                     ? -ENOENT
                     : list_cache_read(poll->cache_fd, &poll->cache, &poll->accepted);

    if (result < 0) {
        poll->cache = (struct list_cache){0};
        return;
    }
    if (poll->cache.good_ns < now.real_ns)
        age_ns = now.real_ns - poll->cache.good_ns;
    if (poll->cache.origin != origin_of(poll) || accepted_size(&poll->accepted) == 0 ||
        age_ns >= poll->whitelist->keep * NS_PER_SECOND) {
        accepted_free(&poll->accepted);
        return;
    }
    if (poll->cache.judged != judged_by(poll))
        poll->cache.etag[0] = poll->cache.modified[0] = '\0';
    poll->good_boot_ns = now.boot_ns > age_ns ? now.boot_ns - age_ns : 0;
    poll->report.kept = 1;
    log_info("registry: %s: the list of %" PRIu64 " s ago is in use: %zu hosts, %zu addresses",
             poll->whitelist->name, age_ns / NS_PER_SECOND, poll->accepted.host_count,
             poll->accepted.address_count);
    use_list(poll);
    arm_end(poll);
}

void poll_start(struct poll *poll)
{
    if (poll->whitelist->url[0] != '\0') {
        take_kept(poll);
        poll->cache.origin = origin_of(poll);
        poll->cache.judged = judged_by(poll);
        plan_next(poll, 0);
    }
    poll_report(poll);
}
