/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An answer's way is learn_on_answer and nothing else; all other work waits for its turn behind it.
 */
#include "daemon/daemon_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/priority.h"
#include "dnsparse/names/dns.h"
#include "source/kind.h"

/* At most 200 times a second, whoever asks: less than a hundredth of a CPU. */
#define WARM_INTERVAL_NS (5 * NS_PER_MS)

/* A question of fact: only its administrator can say whose server that is. */
static void tell_stranger(const struct sighting *sighting, enum resolver_finding finding)
{
    char name[DNAME_TEXT_MAX], server[ADDRESS_TEXT_MAX], client[ADDRESS_TEXT_MAX];

    dname_to_text(&sighting->question, name);
    address_to_text(&sighting->resolver, server);
    address_to_text(&sighting->client, client);
    if (finding == RESOLVER_ELSEWHERE)
        log_notice("answers for %s from %s are not trusted on %s, where client %s got one: "
                   "capture.resolvers names another interface for that server",
                   name, server, sighting->interface, client);
    else
        log_notice("answers for %s from %s are not trusted, client %s asked it: only if it is your "
                   "resolver, add to capture { }: resolvers += { \"%s\" }",
                   name, server, client, server);
}

/* Whom a source asks by itself is no question of whom to believe. */
static void note_resolver(struct daemon *daemon, enum source source,
                          const struct sighting *sighting, enum reason reason)
{
    uint64_t now_ns = clock_now().boot_ns;
    struct resolver_seen *stranger =
        source_kind(source)->vouches ? NULL
                                     : resolvers_note(&daemon->resolvers, sighting, reason, now_ns);

    if (!stranger)
        return;
    enum resolver_finding finding =
        resolver_finding(stranger, trusted_has(&daemon->trusted, &stranger->address), now_ns);
    if (finding != RESOLVER_FINE && resolvers_may_tell(&daemon->resolvers, stranger, now_ns))
        tell_stranger(sighting, finding);
}

/*
 * An answer will be here in a moment: what it will need is gone through, so that it is in the
 * CPU's caches.  The questions for both address families come together, and once is enough.
 */
static void on_asked(void *context, const struct asked_report *asked)
{
    struct daemon *daemon = context;
    struct moment now = clock_now();

    priority_regain();
    if (now.boot_ns - daemon->warmed_ns < WARM_INTERVAL_NS)
        return;
    setsync_warm(daemon->sync, &asked->question, &now);
    daemon->warmed_ns = now.boot_ns;
}

/* Packets that wait go on before anything is written about why they may. */
static void tell_committed(struct daemon *daemon)
{
    if (!daemon->committing)
        return;
    daemon->committing = false;
    hold_committed(daemon->hold);
}

void daemon_event(void *context, const struct event *event)
{
    struct daemon *daemon = context;

    tell_committed(daemon);
    if (event->kind == EVENT_GRANTED && event->sighting && !source_kind(event->source)->vouches)
        hold_granted(daemon->hold);
    outputs_event(daemon->outputs, event, clock_now().boot_ns);
}

static void on_refusal(void *context, enum source source, const struct sighting *sighting)
{
    struct event event = {
        .kind = EVENT_REFUSED,
        .reason = (enum reason)sighting->reason,
        .source = source,
        .real_ns = clock_now().real_ns,
        .name = &sighting->question,
        .owner = &sighting->owner,
        .sighting = sighting,
    };

    note_resolver(context, source, sighting, event.reason);
    daemon_event(context, &event);
}

/* A sniffer that makes room for another one goes by what it was told when it began. */
static bool is_believed(const struct daemon *daemon, enum source source,
                        const struct sighting *sighting)
{
    return source_kind(source)->vouches ||
           trusted_has_at(&daemon->trusted, &sighting->resolver, sighting->resolver_port);
}

/* One transaction for all answers that were taken; all other work comes behind it. */
static void on_answered(void *context)
{
    struct daemon *daemon = context;
    struct moment now = clock_now();

    if (daemon->taken_count == 0)
        return;
    daemon->committing = true;
    setsync_commit(daemon->sync, &now);
    tell_committed(daemon);
    daemon_arm(daemon);
    for (size_t i = 0; i < daemon->taken_count; i++) {
        const struct taken *taken = &daemon->taken[i];
        const struct sighting *first = &taken->parts[0];

        note_resolver(daemon, taken->source, first, REASON_NONE);
        if (!source_kind(taken->source)->vouches)
            hold_learned(daemon->hold, taken->parts, taken->count,
                         sources_is_mirror(daemon->sources, first->interface));
    }
    daemon->taken_count = 0;
    priority_regain();
}

bool daemon_lend_translators(struct daemon *daemon, struct config *config)
{
    bool any = false;

    for (size_t i = 0; i < config->whitelist_count; i++) {
        struct whitelist *whitelist = &config->whitelists[i];

        whitelist->translators = whitelist->dns64_discover ? &daemon->translators : NULL;
        any |= whitelist->dns64_discover;
    }
    return any;
}

/* What was granted before is judged again: it may have been let in for want of the prefix. */
static void judge_again(struct daemon *daemon)
{
    struct moment now = clock_now();

    on_answered(daemon);
    if (setsync_reload(daemon->sync, daemon->config->whitelists, daemon->config->whitelist_count,
                       &now))
        log_error("out of memory while checking the addresses allowed so far against a new DNS64 "
                  "prefix: reload the configuration");
    daemon_arm(daemon);
}

static void tell_translators(const struct translators *found, const struct address *resolver)
{
    char text[PREFIX_TEXT_MAX], server[ADDRESS_TEXT_MAX];

    for (size_t i = 0; i < found->count; i++)
        log_notice("DNS64 prefix %s, found at resolver %s (" DNS64_NAME "): addresses in it are "
                   "checked by the embedded IPv4 address",
                   prefix_to_text(&found->prefixes[i], text), address_to_text(resolver, server));
}

/* Only who was told to ask is heard, and only by those who want to know. */
static bool takes_translators(struct daemon *daemon, enum source source,
                              const struct sighting *parts, size_t count)
{
    bool any = false;

    if (!source_kind(source)->asks_itself || !translators_is_name(&parts[0].question) ||
        !daemon_lend_translators(daemon, daemon->config))
        return false;
    for (size_t i = 0; i < count; i++)
        for (unsigned j = 0; j < parts[i].address_count; j++)
            any |= translators_learn(&daemon->translators, &parts[i].addresses[j].address);
    if (any) {
        tell_translators(&daemon->translators, &parts[0].resolver);
        judge_again(daemon);
    }
    return true;
}

static void learn_on_answer(void *context, enum source source, const struct sighting *parts,
                            size_t count)
{
    struct daemon *daemon = context;
    struct moment now = clock_now();

    if (!is_believed(daemon, source, &parts[0])) {
        struct sighting refused = parts[0];

        refused.reason = REASON_UNTRUSTED_RESOLVER;
        setsync_refuse(daemon->sync, REASON_UNTRUSTED_RESOLVER);
        on_refusal(daemon, source, &refused);
        return;
    }
    if (takes_translators(daemon, source, parts, count))
        return;
    setsync_take(daemon->sync, source, parts, count, &now);
    daemon->taken[daemon->taken_count++] =
        (struct taken){.source = source, .parts = parts, .count = count};
    if (daemon->taken_count == CHANNEL_TOGETHER)
        on_answered(daemon);
}

static void on_alarm(void *context, enum source source, const struct alarm_report *alarm)
{
    struct event event = {
        .kind = EVENT_ALARM,
        .reason = (enum reason)alarm->sighting.reason,
        .source = source,
        .real_ns = clock_now().real_ns,
        .name = &alarm->sighting.question,
        .owner = &alarm->sighting.owner,
        .sighting = &alarm->sighting,
        .alarm = alarm,
    };

    note_resolver(context, source, event.sighting, event.reason);
    daemon_event(context, &event);
}

static void on_caught_up(void *context, pid_t pid)
{
    struct daemon *daemon = context;

    hold_caught_up(daemon->hold, pid);
}

/* ---- packets that wait ---- */

static pid_t ask_to_catch_up(void *context)
{
    struct daemon *daemon = context;

    return sources_catch_up(daemon->sources);
}

static bool is_catching_up(void *context, pid_t pid)
{
    const struct daemon *daemon = context;

    return sources_is_catching_up(daemon->sources, pid);
}

static bool part_has(const struct sighting *part, const struct address *address)
{
    for (unsigned i = 0; i < part->address_count; i++)
        if (address_equal(&part->addresses[i].address, address))
            return true;
    return false;
}

static bool is_answered(void *context, const struct address *address)
{
    const struct daemon *daemon = context;

    for (size_t i = 0; i < daemon->taken_count; i++)
        for (size_t j = 0; j < daemon->taken[i].count; j++)
            if (part_has(&daemon->taken[i].parts[j], address))
                return true;
    return false;
}

static void on_waited(void *context, const struct waiting_gone *gone, const struct moment *now)
{
    const struct event_wait wait = {
        .client = gone->packet.source,
        .outcome = waiting_outcome_name(gone->outcome),
        .us = (now->boot_ns - gone->packet.came.boot_ns) / NS_PER_US,
    };
    const struct event event = {
        .kind = EVENT_WAITED,
        .source = SOURCE_COUNT,
        .real_ns = now->real_ns,
        .address = &gone->packet.destination,
        .wait = &wait,
    };

    daemon_event(context, &event);
}

struct hold_hooks daemon_hold_hooks(struct daemon *daemon)
{
    return (struct hold_hooks){
        .catch_up = ask_to_catch_up,
        .is_catching_up = is_catching_up,
        .answered = is_answered,
        .waited = on_waited,
        .fed = daemon_hold_fed,
        .context = daemon,
    };
}

struct sources_hooks daemon_hooks(struct daemon *daemon)
{
    return (struct sources_hooks){
        .answer = learn_on_answer,
        .answered = on_answered,
        .refusal = on_refusal,
        .alarm = on_alarm,
        .asked = on_asked,
        .caught_up = on_caught_up,
        .context = daemon,
    };
}
