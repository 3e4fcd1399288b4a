/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets that wait, sets that are ready again, transactions that fail.
 */
#include "daemon/told.h"

#include "runtime/clock.h"
#include "runtime/log.h"

enum { FAILURES_EVERY_S = 60 };

void told_forget(struct told *told)
{
    for (size_t i = 0; i < 2 * WHITELISTS_MAX; i++)
        told->sets[i] = SET_STATE_COUNT;
}

static void tell_set(struct told *told, size_t index, const struct set_status *status)
{
    char name[SET_TEXT_MAX];

    if (status->state == told->sets[index])
        return;
    told->sets[index] = status->state;
    if (status->state == SET_READY)
        log_notice("set %s is ready", set_name_to_text(status->name, name));
    else
        log_warning("set %s is %s, waiting until that is mended: %s",
                    set_name_to_text(status->name, name), set_state_name(status->state),
                    status->problem);
}

static void tell_failures(struct told *told, const struct setsync_statistics *statistics)
{
    uint64_t now_ns = clock_now().boot_ns;

    if (statistics->transactions_failed == told->failures)
        return;
    if (told->failures_ns && now_ns - told->failures_ns < FAILURES_EVERY_S * NS_PER_SECOND)
        return;
    log_warning("%llu of %llu transactions with nftables have failed so far",
                (unsigned long long)statistics->transactions_failed,
                (unsigned long long)statistics->transactions);
    told->failures = statistics->transactions_failed;
    told->failures_ns = now_ns;
}

void told_update(struct told *told, const struct setsync *sync)
{
    size_t count = setsync_set_count(sync);

    for (size_t i = 0; i < count && i < 2 * WHITELISTS_MAX; i++) {
        struct set_status status = setsync_set(sync, i);
        tell_set(told, i, &status);
    }
    tell_failures(told, setsync_statistics(sync));
}
