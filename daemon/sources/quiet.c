/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The longest pause of this week and of the last: a night or a weekend is usual after the first
 * one, and a single odd day is forgotten.
 */
#include "daemon/sources/quiet.h"

#include "base/clock.h"

#define WEEK_NS (7 * 24 * 3600 * NS_PER_SECOND)
/* So long at least, and so many times what was longest. */
#define LEAST_NS (60 * NS_PER_SECOND)
#define TIMES 4

static uint64_t longest(const struct quiet *quiet)
{
    return quiet->longest_ns[0] > quiet->longest_ns[1] ? quiet->longest_ns[0]
                                                       : quiet->longest_ns[1];
}

/* Another sniffer counts from the beginning: what it has counted has come. */
void quiet_note(struct quiet *quiet, uint64_t received, bool up, uint64_t now_ns)
{
    bool came = received > 0 && received != quiet->received;

    if (!up || quiet->since_ns == 0) {
        quiet->spoke |= came;
        quiet->received = received;
        quiet->since_ns = now_ns;
        if (quiet->week_ns == 0)
            quiet->week_ns = now_ns;
        return;
    }
    if (now_ns - quiet->week_ns >= WEEK_NS) {
        quiet->longest_ns[1] = quiet->longest_ns[0];
        quiet->longest_ns[0] = 0;
        quiet->week_ns = now_ns;
    }
    if (came) {
        uint64_t pause_ns = now_ns - quiet->since_ns;

        if (pause_ns > quiet->longest_ns[0])
            quiet->longest_ns[0] = pause_ns;
        quiet->since_ns = now_ns;
        quiet->spoke = true;
    }
    quiet->received = received;
}

uint64_t quiet_seconds(const struct quiet *quiet, uint64_t now_ns)
{
    uint64_t most_ns = TIMES * longest(quiet);
    uint64_t pause_ns = now_ns - quiet->since_ns;

    if (quiet->since_ns == 0 || now_ns < quiet->since_ns)
        return 0;
    if (most_ns < LEAST_NS)
        most_ns = LEAST_NS;
    return pause_ns > most_ns ? pause_ns / NS_PER_SECOND : 0;
}

uint64_t quiet_usual(const struct quiet *quiet)
{
    return longest(quiet) / NS_PER_SECOND;
}
