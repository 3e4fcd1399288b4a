/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon is told each second: interfaces, counters, troubles.
 */
#include "sniffer/live/live_state.h"

#include "base/log.h"

void live_say_state(struct live *live, const struct state_report *state)
{
    struct message message = {.kind = MESSAGE_STATE};

    message.state = *state;
    live_tell(live, &message);
}

void live_say_own_state(struct live *live, enum interface_state state)
{
    live_say_state(live, &(struct state_report){.state = (uint8_t)state, .link_type = -1});
}

void live_say_counters(struct live *live)
{
    struct message message = {.kind = MESSAGE_COUNTERS};
    uint64_t *own = live->own.value;
    uint64_t passed = pipeline_counters(live->pipeline)->value[COUNTER_LEARNED];
    uint64_t lost = own[COUNTER_ANSWERS_LOST];

    own[COUNTER_ENCRYPTED_DNS] = own[COUNTER_ENCRYPTED_DNS_HTTPS] = 0;
    for (size_t i = 0; i < live->plan->interface_count; i++) {
        encrypted_read(&live->encrypted[i]);
        own[COUNTER_ENCRYPTED_DNS] += live->encrypted[i].count[ENCRYPTED_DNS];
        own[COUNTER_ENCRYPTED_DNS_HTTPS] += live->encrypted[i].count[ENCRYPTED_DNS_HTTPS];
    }
    /* What the daemon took: an answer of which a message was lost is none.  It never goes back. */
    if (passed > lost && passed - lost > live->learned)
        live->learned = passed - lost;
    message.counters = *pipeline_counters(live->pipeline);
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        message.counters.value[i] += own[i];
    message.counters.value[COUNTER_LEARNED] = live->learned;
    live_tell(live, &message);
}

void live_report(struct live *live)
{
    bool one_direction = pipeline_sees_one_direction(live->pipeline);
    uint64_t lost;

    for (uint16_t i = 0; i < live->plan->interface_count; i++) {
        struct ethertype_count most = pipeline_common_ethertype(live->pipeline, i);
        struct state_report *state = &live->states[i];

        if (live->captures[i]) {
            capture_state(live->captures[i], state);
            /* Where the kernel filters, a sample of them passes. */
            bool sampled = state->filter != INTERFACE_FILTER_USERSPACE;
            state->ethertype = most.type;
            state->ethertype_frames = most.frames * (sampled ? FILTERPATH_SAMPLE : 1);
        }
        live_say_state(live, state);
    }
    live_say_counters(live);
    /* Troubles are said when they begin; an answer that was lost cannot be had again. */
    if (one_direction && !live->one_direction)
        live_say_own_state(live, STATE_ONE_DIRECTION);
    live->one_direction = one_direction;
    lost = live->own.value[COUNTER_ANSWERS_LOST];
    if (lost > live->lost_said)
        log_warning("%llu messages with answers were lost: wildsetd cannot keep up",
                    (unsigned long long)(lost - live->lost_said));
    live->lost_said = lost;
}
