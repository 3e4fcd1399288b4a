/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdicts go out before anything else is done about a packet.
 */
#include "daemon/hold/hold.h"

#include "base/log.h"
#include "daemon/config/config.h"
#include "setsync/setsync.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PACKETS_A_WAKE = 64, /* then answers get their turn */
    RETRY_PULSES = 5,
    UNFED_GRANTS = 100, /* without anticipation one address in two has a packet that comes first */
    SETS_MAX = 2 * WHITELISTS_MAX,
};

#define FED_APART_NS (30 * NS_PER_SECOND)

struct hold {
    struct loop *loop;
    const struct setsync *sync;
    struct hold_hooks hooks;
    uint32_t bound_ms; /* 0: off */
    uint16_t number;
    struct queue *queue; /* NULL: not to be had, or off */
    struct loop_watch *readable, *timer;
    uint64_t timer_ns; /* what it is armed for; UINT64_MAX: nothing */
    struct waiting waiting;
    pid_t asked;                 /* of the round that is under way */
    unsigned sets[FAMILIES];     /* that an address of this family may be in */
    struct queue_figures before; /* of queues that are closed */
    uint64_t ready_ns;           /* when it got the queue */
    uint64_t granted;            /* to clients, since then */
    unsigned pulses;             /* since it was tried last */
    int problem;                 /* why it has none: -errno; told */
    bool pause_told;
    bool fed;
    uint64_t fed_ns;          /* when that changed last; 0: never */
    uint64_t granted_at_last; /* as it was when the last packet came */
    struct waiting_gone gone[WAITING_MAX];
};

const char *hold_state_name(enum hold_state state)
{
    static const char *const names[] = {[HOLD_OFF] = "off",
                                        [HOLD_UNBOUND] = "unbound",
                                        [HOLD_PAUSED] = "paused",
                                        [HOLD_READY] = "ready"};

    return names[state];
}

/* ---- who is allowed ---- */

static unsigned sets_of(void *context, const struct address *address)
{
    const struct hold *hold = context;
    const struct lease *leases[SETS_MAX];
    struct moment now = clock_now();
    size_t count = setsync_find(hold->sync, address, &now, leases, SETS_MAX);
    unsigned sets = 0;

    for (size_t i = 0; i < count; i++)
        sets += !leases[i]->removed;
    return sets;
}

static void count_sets(struct hold *hold)
{
    memset(hold->sets, 0, sizeof(hold->sets));
    for (size_t i = 0; i < setsync_set_count(hold->sync); i++)
        hold->sets[setsync_set(hold->sync, i).family == ADDRESS_IPV6]++;
}

/* ---- going on ---- */

static void arm(struct hold *hold)
{
    uint64_t now_ns = clock_now().boot_ns;
    uint64_t next_ns = waiting_next_ns(&hold->waiting, now_ns);

    if (next_ns >= hold->timer_ns)
        return;
    hold->timer_ns = next_ns;
    loop_timer_set(hold->timer,
                   next_ns > now_ns ? (next_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0);
}

static void let_go(struct hold *hold, size_t count, const struct moment *now)
{
    for (size_t i = 0; i < count; i++)
        queue_accept(hold->queue, hold->gone[i].packet.id);
    queue_flush(hold->queue);
    for (size_t i = 0; i < count; i++)
        hold->hooks.waited(hold->hooks.context, &hold->gone[i], now);
}

static void let_all_go(struct hold *hold)
{
    struct moment now = clock_now();

    let_go(hold, waiting_take_all(&hold->waiting, &now, hold->gone), &now);
}

/* Whoever waits has a round, or is waiting for the end of another one. */
static void ask(struct hold *hold)
{
    uint64_t now_ns = clock_now().boot_ns;

    if (waiting_wants_round(&hold->waiting, now_ns)) {
        pid_t pid = hold->hooks.catch_up(hold->hooks.context);

        if (pid == 0)
            let_all_go(hold);
        if (pid > 0) {
            hold->asked = pid;
            waiting_begin_round(&hold->waiting, now_ns);
        }
    }
    arm(hold);
}

static void take(void *context, const struct queued *queued)
{
    struct hold *hold = context;
    const struct waiting_packet packet = {
        .id = queued->id,
        .source = queued->source,
        .destination = queued->destination,
        .came = clock_now(),
        .sets = sets_of(hold, &queued->destination),
    };

    hold->granted_at_last = hold->granted;
    if (waiting_take(&hold->waiting, &packet,
                     hold->sets[queued->destination.family == ADDRESS_IPV6]) != WAITING_OUTCOMES)
        queue_accept(hold->queue, queued->id);
}

static void on_readable(void *context)
{
    struct hold *hold = context;

    queue_read(hold->queue, PACKETS_A_WAKE, take, hold);
    queue_flush(hold->queue);
    ask(hold);
}

/* Once for a pause, and once for its end. */
static void tell_pause(struct hold *hold, uint64_t now_ns)
{
    bool paused = waiting_paused_until(&hold->waiting, now_ns) != 0;

    if (paused == hold->pause_told)
        return;
    hold->pause_told = paused;
    if (paused)
        log_warning("hold: the sniffer did not catch up within %" PRIu32 " ms, %d times in a row: "
                    "packets do not wait for 10 s, or until it has; is the machine overloaded?",
                    hold->bound_ms, WAITING_STALLS_MAX);
    else
        log_notice("hold: packets wait again");
}

static void on_timer(void *context)
{
    struct hold *hold = context;
    struct moment now = clock_now();

    hold->timer_ns = UINT64_MAX;
    if (!hold->queue)
        return;
    let_go(hold, waiting_take_due(&hold->waiting, sets_of, hold, &now, hold->gone), &now);
    ask(hold);
    tell_pause(hold, now.boot_ns);
}

/* Of all that wait few do so for what has come just now. */
static unsigned sets_of_answered(void *context, const struct address *address)
{
    struct hold *hold = context;

    return hold->hooks.answered(hold->hooks.context, address) ? sets_of(hold, address) : 0;
}

void hold_committed(struct hold *hold)
{
    struct moment now;

    if (hold->waiting.count == 0)
        return;
    now = clock_now();
    let_go(hold, waiting_take_found(&hold->waiting, sets_of_answered, hold, &now, hold->gone),
           &now);
}

static void learned_part(struct hold *hold, const struct sighting *part, bool mirrored,
                         const struct moment *now)
{
    for (unsigned i = 0; i < part->address_count; i++) {
        const struct address *address = &part->addresses[i].address;

        if (sets_of(hold, address) > 0)
            waiting_learned(&hold->waiting, address, part->captured_ns, mirrored, now);
    }
}

void hold_learned(struct hold *hold, const struct sighting *parts, size_t count, bool mirrored)
{
    struct moment now = clock_now();

    for (size_t i = 0; i < count && waiting_remembers(&hold->waiting, now.boot_ns); i++)
        learned_part(hold, &parts[i], mirrored, &now);
}

void hold_granted(struct hold *hold)
{
    hold->granted++;
}

void hold_caught_up(struct hold *hold, pid_t pid)
{
    struct moment now = clock_now();

    if (!hold->queue || (hold->waiting.round && pid != hold->asked))
        return;
    let_go(hold, waiting_end_round(&hold->waiting, sets_of, hold, &now, hold->gone), &now);
    ask(hold);
    tell_pause(hold, now.boot_ns);
}

void hold_sources_changed(struct hold *hold)
{
    if (!hold->queue)
        return;
    if (hold->waiting.round && !hold->hooks.is_catching_up(hold->hooks.context, hold->asked))
        waiting_lose_round(&hold->waiting);
    ask(hold);
}

/* ---- the queue ---- */

static void describe_problem(const struct hold *hold, char *out, size_t size)
{
    if (hold->problem == -EPERM)
        snprintf(out, size,
                 "another program has this number: end it, or set another hold-queue here and in "
                 "the rules");
    else if (hold->problem == -EINVAL || hold->problem == -ENOENT ||
             hold->problem == -EPROTONOSUPPORT)
        snprintf(out, size, "this kernel has no nfnetlink_queue (%s): modprobe nfnetlink_queue",
                 strerror(-hold->problem));
    else
        snprintf(out, size, "%s", strerror(-hold->problem));
}

static void add_figures(struct queue_figures *sum, const struct queue_figures *more)
{
    sum->packets += more->packets;
    sum->overruns += more->overruns;
    sum->gone += more->gone;
    if (more->error)
        sum->error = more->error;
}

static void close_queue(struct hold *hold)
{
    if (!hold->queue)
        return;
    hold->fed = false;
    hold->fed_ns = 0;
    let_all_go(hold);
    waiting_lose_round(&hold->waiting);
    loop_unwatch(hold->readable);
    hold->readable = NULL;
    add_figures(&hold->before, queue_figures(hold->queue));
    queue_close(hold->queue);
    hold->queue = NULL;
}

static int bind_number(struct hold *hold)
{
    int result = queue_open(hold->number, &hold->queue);

    if (result)
        return result;
    hold->readable =
        loop_readable(hold->loop, queue_descriptor(hold->queue), LOOP_NORMAL, on_readable, hold);
    if (hold->readable)
        return 0;
    queue_close(hold->queue);
    hold->queue = NULL;
    return -ENOMEM;
}

/* Told when it is had, and when it is not, each time for another reason. */
static void open_queue(struct hold *hold)
{
    int result = bind_number(hold);
    char problem[160];

    hold->pulses = 0;
    if (result == 0) {
        hold->ready_ns = clock_now().boot_ns;
        hold->granted = hold->granted_at_last = 0;
        log_notice("hold: new connections wait in queue %u for their addresses, at most %" PRIu32
                   " ms",
                   hold->number, hold->bound_ms);
    } else if (result != hold->problem) {
        hold->problem = result;
        describe_problem(hold, problem, sizeof(problem));
        log_warning("hold: packets do not wait: binding queue %u: %s; trying again each %d s",
                    hold->number, problem, RETRY_PULSES);
    }
    hold->problem = result;
}

void hold_configure(struct hold *hold, const struct config *config)
{
    bool same = hold->queue && config->hold_ms > 0 && config->hold_queue == hold->number;

    count_sets(hold);
    hold->bound_ms = config->hold_ms;
    if (config->hold_ms > 0)
        waiting_configure(&hold->waiting, config->hold_ms * NS_PER_MS,
                          config->hold_at_least_ms * NS_PER_MS);
    if (same) {
        ask(hold);
        return;
    }
    close_queue(hold);
    hold->number = (uint16_t)config->hold_queue;
    hold->problem = 0;
    if (hold->bound_ms > 0)
        open_queue(hold);
}

static bool packets_come(const struct hold *hold)
{
    return hold->queue && queue_figures(hold->queue)->packets > 0 &&
           hold->granted - hold->granted_at_last < UNFED_GRANTS;
}

/* Each change costs a new sniffer. */
static void look_at_feeding(struct hold *hold, uint64_t now_ns)
{
    bool fed = packets_come(hold);

    if (fed == hold->fed || (hold->fed_ns > 0 && now_ns - hold->fed_ns < FED_APART_NS))
        return;
    hold->fed = fed;
    hold->fed_ns = now_ns;
    hold->hooks.fed(hold->hooks.context);
}

bool hold_is_fed(const struct hold *hold, const struct config *config)
{
    return hold->fed && config->hold_ms > 0 && config->hold_queue == hold->number;
}

void hold_pulse(struct hold *hold)
{
    uint64_t now_ns = clock_now().boot_ns;

    if (hold->bound_ms > 0 && !hold->queue && ++hold->pulses >= RETRY_PULSES)
        open_queue(hold);
    tell_pause(hold, now_ns);
    look_at_feeding(hold, now_ns);
}

struct hold_status hold_status(const struct hold *hold)
{
    uint64_t now_ns = clock_now().boot_ns;
    struct hold_status status = {
        .state = HOLD_READY,
        .queue = hold->number,
        .bound_ns = hold->bound_ms * NS_PER_MS,
        .least_ns = waiting_least_ns(&hold->waiting, now_ns),
        .waiting = hold->waiting.count,
        .fed = hold->fed,
        .ready_ns = hold->ready_ns,
        .granted_since = hold->granted,
        .waits = &hold->waiting.figures,
        .lateness = &hold->waiting.lateness,
        .packets = hold->before,
    };

    if (hold->queue)
        add_figures(&status.packets, queue_figures(hold->queue));
    if (hold->bound_ms == 0)
        status.state = HOLD_OFF;
    else if (!hold->queue)
        status.state = HOLD_UNBOUND;
    else if (waiting_paused_until(&hold->waiting, now_ns))
        status.state = HOLD_PAUSED;
    if (status.state == HOLD_UNBOUND)
        describe_problem(hold, status.problem, sizeof(status.problem));
    else if (hold->queue && queue_figures(hold->queue)->error)
        snprintf(status.problem, sizeof(status.problem), "%s",
                 strerror(-queue_figures(hold->queue)->error));
    return status;
}

int hold_new(struct loop *loop, const struct setsync *sync, const struct hold_hooks *hooks,
             struct hold **out)
{
    struct hold *hold = calloc(1, sizeof(*hold));

    if (!hold)
        return -ENOMEM;
    hold->loop = loop;
    hold->sync = sync;
    hold->hooks = *hooks;
    hold->timer_ns = UINT64_MAX;
    hold->timer = loop_timer(loop, on_timer, hold);
    if (!hold->timer) {
        free(hold);
        return -ENOMEM;
    }
    *out = hold;
    return 0;
}

void hold_free(struct hold *hold)
{
    if (!hold)
        return;
    close_queue(hold);
    loop_unwatch(hold->timer);
    free(hold);
}
