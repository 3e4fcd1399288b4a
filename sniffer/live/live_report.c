/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon is told each second: interfaces, counters, troubles.
 */
#include "sniffer/live/live_state.h"

#include "base/log.h"

void watch_say_state(struct watch *watch, const struct state_report *state)
{
    struct message message = {.kind = MESSAGE_STATE};

    message.state = *state;
    watch_tell(watch, &message);
}

void watch_say_own_state(struct watch *watch, enum interface_state state)
{
    watch_say_state(watch, &(struct state_report){.state = (uint8_t)state, .link_type = -1});
}

/* Where the kernel filters, a sample of them passes. */
static void tell_ethertype(struct watch *watch, uint16_t interface)
{
    struct ethertype_count most = pipeline_common_ethertype(watch->pipeline, interface);
    struct state_report *state = &watch->states[interface];
    bool sampled = state->filter != INTERFACE_FILTER_USERSPACE;

    state->ethertype = most.type;
    state->ethertype_frames = most.frames * (sampled ? FILTERPATH_SAMPLE : 1);
}

static void say_interfaces(struct watch *watch)
{
    for (uint16_t i = 0; i < watch->plan->interface_count; i++) {
        if (watch->captures[i]) {
            capture_state(watch->captures[i], &watch->states[i]);
            tell_ethertype(watch, i);
        }
        watch_say_state(watch, &watch->states[i]);
    }
}

static void count_encrypted(struct watch *watch)
{
    uint64_t *value = watch->own.value;

    value[COUNTER_ENCRYPTED_DNS] = value[COUNTER_ENCRYPTED_DNS_HTTPS] = 0;
    for (size_t i = 0; i < watch->plan->interface_count; i++) {
        encrypted_read(&watch->encrypted[i]);
        value[COUNTER_ENCRYPTED_DNS] += watch->encrypted[i].count[ENCRYPTED_DNS];
        value[COUNTER_ENCRYPTED_DNS_HTTPS] += watch->encrypted[i].count[ENCRYPTED_DNS_HTTPS];
    }
}

/* What the daemon took: an answer of which a message was lost is none.  It never goes back. */
static uint64_t learned(struct watch *watch)
{
    uint64_t passed = pipeline_counters(watch->pipeline)->value[COUNTER_LEARNED];
    uint64_t lost = watch->own.value[COUNTER_ANSWERS_LOST];

    if (passed > lost && passed - lost > watch->learned)
        watch->learned = passed - lost;
    return watch->learned;
}

void watch_say_counters(struct watch *watch)
{
    struct message message = {.kind = MESSAGE_COUNTERS};

    count_encrypted(watch);
    message.counters = *pipeline_counters(watch->pipeline);
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        message.counters.value[i] += watch->own.value[i];
    message.counters.value[COUNTER_LEARNED] = learned(watch);
    watch_tell(watch, &message);
}

/* Said when it begins; an answer that was lost cannot be had again. */
static void say_troubles(struct watch *watch)
{
    bool one_direction = pipeline_sees_one_direction(watch->pipeline);
    uint64_t lost = watch->own.value[COUNTER_ANSWERS_LOST];

    if (one_direction && !watch->one_direction)
        watch_say_own_state(watch, STATE_ONE_DIRECTION);
    watch->one_direction = one_direction;
    if (lost > watch->lost_said)
        log_warning("%llu messages with answers were lost: wildsetd cannot keep up",
                    (unsigned long long)(lost - watch->lost_said));
    watch->lost_said = lost;
}

void watch_report(struct watch *watch)
{
    say_interfaces(watch);
    watch_say_counters(watch);
    say_troubles(watch);
}
