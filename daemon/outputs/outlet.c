/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An outlet learns from the same events as the log does; against the leases themselves it is
 * compared at start and after a reload, when grants change without an event.
 */
#include "daemon/outputs/outlet.h"

#include "base/log.h"
#include "daemon/outputs/feed_file.h"
#include "setsync/setsync.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Web servers make an ETag of size and whole seconds: two files within one second would look the
 * same. */
#define SETTLE_NS (2 * NS_PER_SECOND)
#define RETRY_NS (10 * NS_PER_SECOND)

/* ---- writing ---- */

bool outlet_is_dirty(const struct outlet *outlet)
{
    return feed_changes(outlet->feed) != outlet->written;
}

uint64_t outlet_due(const struct outlet *outlet)
{
    uint64_t due_ns = feed_due(outlet->feed);

    if (outlet->write.child != 0 || !outlet_is_dirty(outlet) || outlet->not_before_ns > due_ns)
        return due_ns;
    return outlet->not_before_ns;
}

static void outlet_note(struct outlet *outlet, int error)
{
    struct moment now = clock_now();

    if (error == 0) {
        if (outlet->error)
            log_notice("feed %s: updated again", outlet->path);
        outlet->written = outlet->writing;
        outlet->written_real_ns = now.real_ns;
    } else {
        if (outlet->error != error)
            log_warning("feed %s of whitelist %s: %s: %s; clients keep the last version",
                        outlet->path, outlet->whitelist, strerror(-error), feedfile_advice(error));
        outlet->not_before_ns = now.boot_ns + RETRY_NS;
    }
    outlet->error = error;
}

static int outlet_write(void *context)
{
    const struct outlet *outlet = context;
    return feedfile_write(outlet->path, outlet->feed);
}

void outlet_run(struct outlet *outlet, uint64_t now_ns)
{
    feed_run(outlet->feed, now_ns);
    if (outlet->write.child != 0 || !outlet_is_dirty(outlet) || outlet->not_before_ns > now_ns)
        return;
    outlet->writing = feed_changes(outlet->feed);
    outlet->not_before_ns = now_ns + SETTLE_NS;
    int result = background_write_start(&outlet->write, outlet_write, outlet);
    if (result < 0)
        outlet_note(outlet, result);
}

void outlet_reap(struct outlet *outlet)
{
    int result;

    if (background_write_ended(&outlet->write, &result))
        outlet_note(outlet, result);
}

/* ---- what is in it ---- */

static bool outlet_is_of(const struct outlet *outlet, const struct event *event)
{
    return event->whitelist && strcmp(event->whitelist->name, outlet->whitelist) == 0;
}

/* What expires lingers; what is taken back, or had to make room, leaves at once. */
void outlet_event(struct outlet *outlet, const struct event *event, uint64_t boot_ns)
{
    switch (event->kind) {
    case EVENT_GRANTED:
    case EVENT_EXTENDED:
        if (outlet_is_of(outlet, event) &&
            feed_hold(outlet->feed, event->address, boot_ns + event->lifetime * NS_PER_SECOND) < 0)
            log_error("feed %s: out of memory; an address is missing from it", outlet->path);
        return;
    case EVENT_EVICTED:
        if (outlet_is_of(outlet, event))
            feed_drop(outlet->feed, event->address);
        return;
    case EVENT_FORGOTTEN: /* by whichever whitelist: the set does not have it any more */
        if (event->set && (set_name_equal(event->set, &outlet->set4) ||
                           set_name_equal(event->set, &outlet->set6)))
            feed_drop(outlet->feed, event->address);
        return;
    case EVENT_REFUSED:
    case EVENT_ALARM:
    case EVENT_EXPIRED:
    case EVENT_WAITED:
    case EVENT_COUNT:
        return;
    }
}

struct holding {
    const struct outlet *outlet;
    uint64_t now_ns;
};

static void outlet_hold(void *context, const struct lease *lease)
{
    const struct holding *holding = context;
    uint64_t end_ns = 0;

    for (unsigned i = 0; i < lease->claim_count; i++) {
        const struct kept_claim *claim = &lease->claims[i];
        if (claim->expires_ns > end_ns &&
            strcmp(claim->whitelist->name, holding->outlet->whitelist) == 0)
            end_ns = claim->expires_ns;
    }
    if (end_ns > holding->now_ns)
        (void)feed_hold(holding->outlet->feed, &lease->address, end_ns);
}

static struct feed_limits outlet_limits(const struct whitelist *whitelist)
{
    /* Two sets, and as many that linger. */
    return (struct feed_limits){.linger_ns = whitelist->feed_linger * NS_PER_SECOND,
                                .most = 4 * (size_t)whitelist->max_addresses};
}

/* What lingers stays where it is the same whitelist's; another whitelist's does not. */
int outlet_configure(struct outlet *outlet, const struct whitelist *whitelist,
                     const struct setsync *sync, const struct moment *now)
{
    struct feed_limits limits = outlet_limits(whitelist);
    struct holding holding = {.outlet = outlet, .now_ns = now->boot_ns};

    if (strcmp(outlet->whitelist, whitelist->name) != 0)
        feed_clear(outlet->feed);
    strcpy(outlet->whitelist, whitelist->name);
    outlet->set4 = whitelist->set4;
    outlet->set6 = whitelist->set6;
    outlet->retired = false;
    if (feed_compare_begin(outlet->feed, &limits) < 0)
        return -ENOMEM;
    setsync_leases(sync, whitelist->name, outlet_hold, &holding);
    feed_compare_end(outlet->feed, now->boot_ns);
    return 0;
}

void outlet_retire(struct outlet *outlet)
{
    outlet->retired = true;
    outlet->written = UINT64_MAX;
    feed_clear(outlet->feed);
}

/* ---- beginning and end ---- */

struct outlet *outlet_new(const char *path, const struct whitelist *whitelist)
{
    struct outlet *outlet = calloc(1, sizeof(*outlet));
    struct feed_limits limits = outlet_limits(whitelist);

    if (!outlet)
        return NULL;
    outlet->feed = feed_new(&limits);
    if (!outlet->feed) {
        free(outlet);
        return NULL;
    }
    strcpy(outlet->path, path);
    outlet->written = UINT64_MAX;
    return outlet;
}

void outlet_free(struct outlet *outlet)
{
    feed_free(outlet->feed);
    free(outlet);
}

void outlet_end(struct outlet *outlet)
{
    int result;

    if (background_write_wait(&outlet->write, &result))
        outlet_note(outlet, result);
    if (outlet_is_dirty(outlet)) {
        outlet->writing = feed_changes(outlet->feed);
        outlet_note(outlet, outlet_write(outlet));
    }
    outlet_free(outlet);
}
