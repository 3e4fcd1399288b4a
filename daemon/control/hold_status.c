/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One object of figures; nothing is added up here.
 */
#include "daemon/control/hold_status.h"

#include "daemon/control/histogram.h"
#include "daemon/hold/hold.h"
#include "source/json.h"

_Static_assert((int)WAITING_BUCKETS == (int)HISTOGRAM_BUCKETS &&
                   (int)WAITING_FIRST_US == (int)HISTOGRAM_FIRST_US,
               "the same buckets");

json_t *hold_to_json(const struct hold *hold, const struct moment *now)
{
    const struct hold_status status = hold_status(hold);
    const struct waiting_figures *waits = status.waits;
    json_t *object = json_object();

    put_text(object, "state", hold_state_name(status.state));
    if (status.state == HOLD_OFF)
        return object;
    put_text(object, "problem", status.problem);
    put_count(object, "queue", status.queue);
    put_count(object, "most_us", status.bound_ns / NS_PER_US);
    put_count(object, "least_us", status.least_ns / NS_PER_US);
    put_count(object, "waiting", status.waiting);
    json_object_set_new(object, "fed", json_boolean(status.fed));
    if (status.state != HOLD_UNBOUND) {
        put_count(object, "ready_for", (now->boot_ns - status.ready_ns) / NS_PER_SECOND);
        put_count(object, "granted_since", status.granted_since);
    }
    put_count(object, "packets", status.packets.packets);
    json_t *outcomes = json_object();
    for (unsigned i = 0; i < WAITING_OUTCOMES; i++)
        put_count(outcomes, waiting_outcome_name((enum waiting_outcome)i), waits->outcome[i]);
    put_count(outcomes, "overrun", status.packets.overruns);
    put_count(outcomes, "dropped", status.packets.gone);
    json_object_set_new(object, "outcomes", outcomes);
    put_count(object, "missed", waits->missed);
    put_count(object, "pauses", waits->pauses);
    json_object_set_new(object, "waits", histogram_to_json(waits->wait_us, waits->wait_sum_us));
    put_count(object, "wait_most_us", waits->wait_most_us);
    json_t *rounds = json_object();
    put_count(rounds, "count", waits->rounds);
    if (waits->rounds)
        put_count(rounds, "mean_us", waits->round_sum_us / waits->rounds);
    put_count(rounds, "most_us", waits->round_most_us);
    json_object_set_new(object, "catch_ups", rounds);
    json_t *lateness = json_object();
    put_count(lateness, "count", status.lateness->count);
    put_count(lateness, "most_us", status.lateness->most_ns / NS_PER_US);
    json_object_set_new(object, "late_copies", lateness);
    return object;
}
