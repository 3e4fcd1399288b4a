/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last few are kept; what a client knew before it asked comes in between now and then.
 */
#include "daemon/hold/lateness.h"

#include "base/clock.h"

#define FORGOTTEN_NS (600 * NS_PER_SECOND)
#define MARGIN_NS NS_PER_MS

void lateness_note(struct lateness *lateness, uint64_t by_ns, uint64_t now_ns)
{
    if (by_ns == 0 || by_ns > LATENESS_MOST_MS * NS_PER_MS)
        return;
    lateness->kept[lateness->next].seen_ns = now_ns;
    lateness->kept[lateness->next].by_ns = by_ns;
    lateness->next = (lateness->next + 1) % LATENESS_KEPT;
    lateness->count++;
    if (by_ns > lateness->most_ns)
        lateness->most_ns = by_ns;
}

uint64_t lateness_wait_ns(const struct lateness *lateness, uint64_t now_ns)
{
    uint64_t most_ns = 0, second_ns = 0;

    for (unsigned i = 0; i < LATENESS_KEPT; i++) {
        uint64_t by_ns = lateness->kept[i].by_ns;

        if (by_ns == 0 || now_ns - lateness->kept[i].seen_ns >= FORGOTTEN_NS)
            continue;
        if (by_ns > most_ns) {
            second_ns = most_ns;
            most_ns = by_ns;
        } else if (by_ns > second_ns) {
            second_ns = by_ns;
        }
    }
    return second_ns ? second_ns + MARGIN_NS : 0;
}
