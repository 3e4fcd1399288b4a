/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a resolver told late has lived a part of its life: lifetimes are shortened by the frame's
 * age, and what is very old teaches nothing.
 */
#include "dnstap/hearsay.h"

#include "dnstap/tapmessage.h"
#include "sniffer/pipeline/pipeline.h"

#include <stdlib.h>

#define STALE_NS (600 * NS_PER_SECOND)

struct hearsay {
    struct pipeline *pipeline;
    void (*tell)(void *context, const struct message *message);
    void *context;
    struct counters own;
    uint64_t age_ns; /* of the frame that is dealt with */
};

static uint32_t left_of(uint32_t ttl, uint64_t age_ns)
{
    uint64_t age = age_ns / NS_PER_SECOND;

    return ttl > age ? ttl - (uint32_t)age : 0;
}

static void on_report(void *context, const struct message *message)
{
    const struct hearsay *hearsay = context;
    struct message aged = *message;
    struct sighting *sighting = &aged.sighting;

    sighting->chain_ttl = left_of(sighting->chain_ttl, hearsay->age_ns);
    for (unsigned i = 0; i < sighting->address_count; i++)
        sighting->addresses[i].ttl = left_of(sighting->addresses[i].ttl, hearsay->age_ns);
    hearsay->tell(hearsay->context, &aged);
}

struct hearsay *hearsay_new(const struct plan *plan,
                            void (*tell)(void *context, const struct message *message),
                            void *context)
{
    struct hearsay *hearsay = calloc(1, sizeof(*hearsay));

    if (!hearsay)
        return NULL;
    hearsay->tell = tell;
    hearsay->context = context;
    hearsay->pipeline =
        pipeline_new(plan, &(struct pipeline_hooks){.report = on_report, .context = hearsay});
    if (hearsay->pipeline)
        return hearsay;
    free(hearsay);
    return NULL;
}

void hearsay_count(struct hearsay *hearsay, enum counter counter)
{
    hearsay->own.value[counter]++;
}

static enum counter age_counter(uint64_t age_ns)
{
    static const struct {
        uint64_t most_ms;
        enum counter counter;
    } steps[] = {
        {10, COUNTER_DNSTAP_AGE_10MS},   {100, COUNTER_DNSTAP_AGE_100MS},
        {500, COUNTER_DNSTAP_AGE_500MS}, {1000, COUNTER_DNSTAP_AGE_1S},
        {2000, COUNTER_DNSTAP_AGE_2S},   {10000, COUNTER_DNSTAP_AGE_10S},
    };

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (age_ns <= steps[i].most_ms * NS_PER_MS)
            return steps[i].counter;
    return COUNTER_DNSTAP_AGE_MORE;
}

/* A time in the future is now: the clock was set meanwhile, or somebody lies. */
static void note_age(struct hearsay *hearsay, const struct tap_message *message,
                     const struct moment *now)
{
    hearsay->age_ns = 0;
    if (message->responded_ns == 0)
        return;
    if (message->responded_ns < now->real_ns)
        hearsay->age_ns = now->real_ns - message->responded_ns;
    hearsay_count(hearsay, age_counter(hearsay->age_ns));
}

static void hear_response(struct hearsay *hearsay, const struct tap_message *message,
                          const struct moment *now)
{
    note_age(hearsay, message, now);
    if (hearsay->age_ns > STALE_NS) {
        hearsay_count(hearsay, COUNTER_DNSTAP_STALE);
        return;
    }
    const struct segment segment = {
        .source = message->resolver,
        .destination = message->client,
        .source_port = message->resolver_port,
        .destination_port = message->client_port,
        .transport = message->transport,
        .vlan = SIGHTING_NO_VLAN,
        .checked = true,
        .payload = message->dns,
        .payload_size = message->dns_size,
        .captured_ns = now->real_ns - hearsay->age_ns,
    };
    pipeline_told(hearsay->pipeline, &segment, now->boot_ns);
}

void hearsay_frame(struct hearsay *hearsay, const uint8_t *bytes, size_t size,
                   const struct moment *now)
{
    struct tap_message message;

    hearsay_count(hearsay, COUNTER_DNSTAP_FRAMES);
    switch (tapmessage_read(bytes, size, &message)) {
    case TAP_RESPONSE:
        hear_response(hearsay, &message, now);
        return;
    case TAP_OTHER_KIND:
        hearsay_count(hearsay, COUNTER_DNSTAP_OTHER_KIND);
        return;
    case TAP_MALFORMED:
        hearsay_count(hearsay, COUNTER_DNSTAP_MALFORMED);
        return;
    }
}

void hearsay_counters(struct hearsay *hearsay, struct counters *out)
{
    *out = *pipeline_counters(hearsay->pipeline);
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        out->value[i] += hearsay->own.value[i];
}
