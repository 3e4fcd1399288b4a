/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages made in one buffer, each zeroed first.
 */
#include "registry/report.h"

#include "base/clock.h"
#include "source/message.h"
#include "source/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reporter {
    struct loop *loop;
    struct loop_watch *writable; /* while something waits */
    struct outbox *outbox;
    int channel;
    void (*gone)(void *context);
    void *context;
    struct message message;
};

int reporter_new(struct loop *loop, int channel, void (*gone)(void *context), void *context,
                 struct reporter **out)
{
    struct reporter *reporter = calloc(1, sizeof(*reporter));

    if (!reporter)
        return -ENOMEM;
    *reporter =
        (struct reporter){.loop = loop, .channel = channel, .gone = gone, .context = context};
    reporter->outbox = outbox_new(channel);
    if (!reporter->outbox) {
        free(reporter);
        return -ENOMEM;
    }
    *out = reporter;
    return 0;
}

static void flush(struct reporter *reporter);

static void on_reporter_writable(void *context)
{
    flush(context);
}

static void flush(struct reporter *reporter)
{
    if (outbox_flush(reporter->outbox) < 0) {
        reporter->gone(reporter->context);
        return;
    }
    if (!outbox_waits(reporter->outbox)) {
        loop_unwatch(reporter->writable);
        reporter->writable = NULL;
    } else if (!reporter->writable) {
        reporter->writable =
            loop_writable(reporter->loop, reporter->channel, on_reporter_writable, reporter);
    }
}

static void send_message(struct reporter *reporter)
{
    (void)outbox_put(reporter->outbox, &reporter->message, clock_now().boot_ns);
    flush(reporter);
}

static void reporter_begin(struct reporter *reporter, enum message_kind kind)
{
    memset(&reporter->message, 0, sizeof(reporter->message));
    reporter->message.kind = kind;
}

static struct sighting *begin_sighting(struct reporter *reporter, enum message_kind kind)
{
    reporter_begin(reporter, kind);
    reporter->message.sighting.vlan = SIGHTING_NO_VLAN;
    return &reporter->message.sighting;
}

void reporter_ready(struct reporter *reporter)
{
    reporter_begin(reporter, MESSAGE_STATE);
    reporter->message.state.state = STATE_READY;
    reporter->message.state.link_type = -1;
    send_message(reporter);
}

void reporter_list(struct reporter *reporter, const struct registry_report *report)
{
    reporter_begin(reporter, MESSAGE_REGISTRY);
    reporter->message.registry = *report;
    send_message(reporter);
}

void reporter_refusal(struct reporter *reporter, enum reason reason, const struct dname *name,
                      const struct address *address)
{
    struct sighting *sighting = begin_sighting(reporter, MESSAGE_REFUSAL);

    sighting->reason = (uint8_t)reason;
    if (name)
        sighting->question = sighting->owner = *name;
    if (address) {
        sighting->address_count = 1;
        sighting->addresses[0] =
            (struct sighting_address){.address = *address, .record = RECORD_LIST};
    }
    send_message(reporter);
}

/* ---- answers ---- */

static struct sighting *begin_answer(struct reporter *reporter, const struct dname *question,
                                     const struct lookup_result *result)
{
    struct sighting *sighting = begin_sighting(reporter, MESSAGE_ANSWER);

    sighting->question = sighting->matched = *question;
    sighting->resolver = result->server->address;
    sighting->resolver_port = result->server->port;
    sighting->transport = result->over_tcp ? TRANSPORT_TCP : TRANSPORT_UDP;
    return sighting;
}

/* Those that count as this owner's, 16 a message. */
static void tell_owned(struct reporter *reporter, const struct dname *question,
                       const struct lookup_result *result, unsigned owner)
{
    const struct answer *answer = result->answer;
    answer_names names = answer->leads[0];
    unsigned next = answer_next_owned(answer, 0, names, owner);

    while (next < answer->address_count) {
        struct sighting *sighting = begin_answer(reporter, question, result);

        sighting->owner = *answer_name(answer, owner);
        sighting->chain_ttl =
            answer->chain_count > 0 ? answer->chain_ttl : answer->addresses[0].ttl;
        for (; next < answer->address_count && sighting->address_count < SIGHTING_ADDRESSES_MAX;
             next = answer_next_owned(answer, next + 1, names, owner)) {
            const struct answer_address *address = &answer->addresses[next];

            sighting->addresses[sighting->address_count++] = (struct sighting_address){
                .address = address->address, .record = address->record, .ttl = address->ttl};
        }
        sighting->more = next < answer->address_count;
        send_message(reporter);
    }
}

void reporter_answer(struct reporter *reporter, const struct dname *question,
                     const struct lookup_result *result)
{
    const struct answer *answer = result->answer;

    if (answer->address_count > 0) {
        for (unsigned owner = 0; owner <= answer->chain_count; owner++)
            tell_owned(reporter, question, result, owner);
    } else if (answer->target_count > 0) {
        struct sighting *sighting = begin_answer(reporter, question, result);

        sighting->owner = answer->targets[0].name;
        sighting->chain_ttl = answer->targets[0].ttl;
        send_message(reporter);
    }
}

/* ---- lists ---- */

static const struct dname *accepted_name_of(const struct accepted *accepted, size_t index,
                                            const struct dname *unnamed)
{
    uint16_t host = accepted->addresses[index].host;

    return host == ACCEPTED_UNNAMED ? unnamed : &accepted->hosts[host];
}

/* As many in one message as have their name in common. */
void reporter_addresses(struct reporter *reporter, const struct accepted *accepted,
                        const struct dname *unnamed, uint32_t ttl)
{
    for (size_t next = 0; next < accepted->address_count;) {
        struct sighting *sighting = begin_sighting(reporter, MESSAGE_ANSWER);
        uint16_t host = accepted->addresses[next].host;

        sighting->question = *accepted_name_of(accepted, next, unnamed);
        sighting->matched = sighting->owner = sighting->question;
        sighting->chain_ttl = ttl;
        while (next < accepted->address_count && accepted->addresses[next].host == host &&
               sighting->address_count < SIGHTING_ADDRESSES_MAX)
            sighting->addresses[sighting->address_count++] = (struct sighting_address){
                .address = accepted->addresses[next++].address, .record = RECORD_LIST, .ttl = ttl};
        send_message(reporter);
    }
}
