/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A schedule of lookups.  However many names a list holds, only a few are asked for at a time, and
 * only so many a second.
 */
#include "registry/resolve/hosts.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "dnsparse/answers/rr.h"
#include "dnsparse/names/address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    ACTIVE_MAX = 16,    /* names, each with two questions */
    STARTS_A_TURN = 10, /* and TURN_MS: fifty names a second */
    TURN_MS = 200,
    NO_ADDRESS_SECONDS = 300,
    FAILED_FIRST_SECONDS = 5,
    FAILED_MOST_SECONDS = 300,
    FAILED_SPREAD_PER_CENT = 50,
    LEAD_SECONDS = 2, /* before the records end, or a tenth of their time */
    LEAD_SHARE = 10,
};

struct job {
    struct host *host;
    struct lookup *lookup; /* NULL: none under way */
    struct dname question;
    uint16_t type;
    unsigned steps; /* names that the chain led through */
};

struct host {
    struct hosts *owner;
    struct dname name;
    whitelist_mask wanted[HOSTS_ORIGINS];
    struct job jobs[FAMILIES];
    unsigned active;
    uint64_t due_ns;          /* CLOCK_BOOTTIME */
    uint32_t ttl;             /* the least of this round */
    unsigned failures;        /* rounds in a row */
    bool answered, addressed; /* in this round */
    bool unresolved;
};

struct hosts {
    struct loop *loop;
    struct resolver *resolver;
    const struct registry_plan *plan;
    struct hosts_hooks hooks;
    struct loop_watch *timer;
    struct host **list; /* in the order of their names */
    size_t count, room;
    unsigned active;
    uint64_t next_turn_ns; /* nothing is started before */
};

static uint64_t now_ns(void)
{
    return clock_now().boot_ns;
}

static whitelist_mask wanted(const struct host *host)
{
    return host->wanted[HOSTS_FROM_NAMES] | host->wanted[HOSTS_FROM_LIST];
}

/* ---- when again ---- */

static uint32_t ttl_clamp(uint32_t ttl, const struct registry_whitelist *whitelist)
{
    if (ttl < whitelist->ttl_min)
        ttl = whitelist->ttl_min;
    return ttl < whitelist->ttl_max ? ttl : whitelist->ttl_max;
}

/* The shortest lifetime that any whitelist gives it, and some time before that. */
static uint32_t refresh_seconds(const struct host *host)
{
    uint32_t least = UINT32_MAX, lead;

    for (size_t i = 0; i < host->owner->plan->whitelist_count; i++) {
        uint32_t ttl = ttl_clamp(host->ttl, &host->owner->plan->whitelists[i]);

        if (wanted(host) >> i & 1 && ttl < least)
            least = ttl;
    }
    lead = least / LEAD_SHARE > LEAD_SECONDS ? least / LEAD_SHARE : LEAD_SECONDS;
    return least > lead ? least - lead : 1;
}

static uint64_t failed_ms(unsigned failures)
{
    return backoff_spread_ms(backoff_seconds(failures, FAILED_FIRST_SECONDS, FAILED_MOST_SECONDS),
                             FAILED_SPREAD_PER_CENT);
}

static void hosts_arm(struct hosts *hosts, uint64_t due_ns)
{
    uint64_t now = now_ns();

    if (due_ns < hosts->next_turn_ns)
        due_ns = hosts->next_turn_ns;
    loop_timer_set(hosts->timer, due_ns > now ? (due_ns - now + NS_PER_MS - 1) / NS_PER_MS : 0);
}

static void arm_for_next(struct hosts *hosts)
{
    uint64_t due_ns = UINT64_MAX;

    for (size_t i = 0; i < hosts->count; i++)
        if (hosts->list[i]->active == 0 && hosts->list[i]->due_ns < due_ns)
            due_ns = hosts->list[i]->due_ns;
    if (due_ns != UINT64_MAX)
        hosts_arm(hosts, due_ns);
}

/* ---- a round of lookups for one name ---- */

static void end_round(struct host *host)
{
    struct hosts *hosts = host->owner;
    uint64_t ms = NO_ADDRESS_SECONDS * UINT64_C(1000);

    hosts->active--;
    host->unresolved = !host->addressed;
    host->failures = host->answered ? 0 : host->failures + 1;
    if (!host->answered)
        ms = failed_ms(host->failures);
    else if (host->addressed)
        ms = refresh_seconds(host) * UINT64_C(1000);
    host->due_ns = now_ns() + ms * NS_PER_MS;
    arm_for_next(hosts);
}

static void on_host_lookup(void *context, const struct lookup_result *result);

static bool host_ask(struct job *job, const struct dname *question)
{
    job->question = *question;
    return resolver_ask(job->host->owner->resolver, &job->question, job->type, on_host_lookup, job,
                        &job->lookup) == 0;
}

static void note_ttl(struct host *host, uint32_t ttl)
{
    if (ttl < host->ttl)
        host->ttl = ttl;
}

/* A server that does not chase the chain to its end: its end is asked for in turn. */
static bool host_follow(struct job *job, const struct answer *answer)
{
    const struct registry_plan *plan = job->host->owner->plan;
    bool follows = false;

    for (size_t i = 0; i < plan->whitelist_count; i++)
        follows |= (wanted(job->host) >> i & 1) && plan->whitelists[i].follows;
    if (!follows || answer->address_count > 0 || answer->target_count == 0 ||
        job->steps >= ANSWER_CHAIN_MAX)
        return false;
    job->steps++;
    note_ttl(job->host, answer->targets[0].ttl);
    return host_ask(job, &answer->targets[0].name);
}

static void on_host_lookup(void *context, const struct lookup_result *result)
{
    struct job *job = context;
    struct host *host = job->host;
    const struct answer *answer = result->answer;

    job->lookup = NULL;
    host->answered |= result->outcome != LOOKUP_FAILED;
    if (answer) {
        host->owner->hooks.answer(host->owner->hooks.context, &job->question, result);
        host->addressed |= answer->address_count > 0;
        for (unsigned i = 0; i < answer->address_count; i++)
            note_ttl(host, answer->addresses[i].ttl);
        if (host_follow(job, answer))
            return;
    }
    if (--host->active == 0)
        end_round(host);
}

static void start_round(struct host *host)
{
    static const uint16_t types[FAMILIES] = {RR_TYPE_A, RR_TYPE_AAAA};

    host->answered = host->addressed = false;
    host->ttl = INT32_MAX;
    host->owner->active++;
    for (unsigned i = 0; i < FAMILIES; i++) {
        host->jobs[i] = (struct job){.host = host, .type = types[i]};
        host->active += host_ask(&host->jobs[i], &host->name);
    }
    if (host->active == 0)
        end_round(host); /* out of memory: later again */
}

static void on_hosts_timer(void *context)
{
    struct hosts *hosts = context;
    uint64_t now = now_ns();
    unsigned started = 0;

    hosts->next_turn_ns = now + TURN_MS * NS_PER_MS;
    for (size_t i = 0; i < hosts->count; i++) {
        struct host *host = hosts->list[i];

        if (host->active > 0 || host->due_ns > now)
            continue;
        if (started == STARTS_A_TURN || hosts->active >= ACTIVE_MAX)
            break;
        start_round(host);
        started++;
    }
    arm_for_next(hosts);
}

/* ---- which names ---- */

int hosts_new(struct loop *loop, struct resolver *resolver, const struct registry_plan *plan,
              const struct hosts_hooks *hooks, struct hosts **out)
{
    struct hosts *hosts = calloc(1, sizeof(*hosts));

    if (!hosts)
        return -ENOMEM;
    hosts->loop = loop;
    hosts->resolver = resolver;
    hosts->plan = plan;
    hosts->hooks = *hooks;
    hosts->timer = loop_timer(loop, on_hosts_timer, hosts);
    if (!hosts->timer) {
        free(hosts);
        return -ENOMEM;
    }
    *out = hosts;
    return 0;
}

static void host_free(struct host *host)
{
    for (unsigned i = 0; i < FAMILIES; i++)
        lookup_cancel(host->jobs[i].lookup);
    if (host->active > 0)
        host->owner->active--;
    free(host);
}

static int compare_names(const struct dname *a, const struct dname *b)
{
    return memcmp(a, b, sizeof(*a));
}

static int compare_hosts(const void *a, const void *b)
{
    return compare_names(&(*(struct host *const *)a)->name, &(*(struct host *const *)b)->name);
}

static int compare_to_name(const void *name, const void *host)
{
    return compare_names(name, &(*(struct host *const *)host)->name);
}

static struct host *host_find(const struct hosts *hosts, size_t count, const struct dname *name)
{
    struct host **found =
        count ? bsearch(name, hosts->list, count, sizeof(*hosts->list), compare_to_name) : NULL;

    return found ? *found : NULL;
}

static struct host *host_add(struct hosts *hosts, const struct dname *name)
{
    struct host *host;

    if (hosts->count == hosts->room) {
        size_t room = hosts->room ? 2 * hosts->room : 16;
        struct host **list = reallocarray(hosts->list, room, sizeof(struct host *));

        if (!list)
            return NULL;
        hosts->list = list;
        hosts->room = room;
    }
    host = calloc(1, sizeof(*host));
    if (!host)
        return NULL;
    host->owner = hosts;
    host->name = *name;
    hosts->list[hosts->count++] = host;
    return host;
}

/* A name that was given twice was added twice: the list is sorted, and one of them takes it all. */
static void merge_equal(struct hosts *hosts)
{
    for (size_t i = 1; i < hosts->count; i++) {
        struct host *host = hosts->list[i], *before = hosts->list[i - 1];

        if (compare_names(&host->name, &before->name) != 0)
            continue;
        for (unsigned origin = 0; origin < HOSTS_ORIGINS; origin++) {
            host->wanted[origin] |= before->wanted[origin];
            before->wanted[origin] = 0;
        }
    }
}

static void drop_unwanted(struct hosts *hosts)
{
    size_t kept = 0;

    for (size_t i = 0; i < hosts->count; i++) {
        if (wanted(hosts->list[i]))
            hosts->list[kept++] = hosts->list[i];
        else
            host_free(hosts->list[i]);
    }
    hosts->count = kept;
}

/* Those that are not known yet go behind the sorted ones. */
int hosts_set(struct hosts *hosts, unsigned whitelist, enum hosts_origin origin,
              const struct dname *names, size_t count)
{
    whitelist_mask bit = (whitelist_mask)1 << whitelist;
    size_t known = hosts->count;
    int result = 0;

    for (size_t i = 0; i < known; i++)
        hosts->list[i]->wanted[origin] &= ~bit;
    for (size_t i = 0; i < count; i++) {
        struct host *host = host_find(hosts, known, &names[i]);

        if (!host)
            host = host_add(hosts, &names[i]);
        if (host)
            host->wanted[origin] |= bit;
        else
            result = -ENOMEM;
    }
    if (hosts->count > 1)
        qsort(hosts->list, hosts->count, sizeof(*hosts->list), compare_hosts);
    merge_equal(hosts);
    drop_unwanted(hosts);
    hosts_arm(hosts, 0);
    return result;
}

struct hosts_count hosts_count(const struct hosts *hosts, unsigned whitelist)
{
    struct hosts_count count = {0};

    for (size_t i = 0; i < hosts->count; i++) {
        const struct host *host = hosts->list[i];

        if (!(wanted(host) >> whitelist & 1))
            continue;
        count.names++;
        if (host->unresolved && count.unresolved++ == 0)
            count.unresolved_name = &host->name;
    }
    return count;
}
