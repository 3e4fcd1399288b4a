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

struct teller {
    struct loop *loop;
    struct loop_watch *writable; /* while something waits */
    struct outbox *outbox;
    int channel;
    void (*gone)(void *context);
    void *context;
    struct message message;
};

int teller_new(struct loop *loop, int channel, void (*gone)(void *context), void *context,
               struct teller **out)
{
    struct teller *teller = calloc(1, sizeof(*teller));

    if (!teller)
        return -ENOMEM;
    *teller = (struct teller){.loop = loop, .channel = channel, .gone = gone, .context = context};
    teller->outbox = outbox_new(channel);
    if (!teller->outbox) {
        free(teller);
        return -ENOMEM;
    }
    *out = teller;
    return 0;
}

void teller_free(struct teller *teller)
{
    if (!teller)
        return;
    loop_unwatch(teller->writable);
    outbox_free(teller->outbox);
    free(teller);
}

static void flush(struct teller *teller);

static void on_writable(void *context)
{
    flush(context);
}

static void flush(struct teller *teller)
{
    if (outbox_flush(teller->outbox) < 0) {
        teller->gone(teller->context);
        return;
    }
    if (!outbox_waits(teller->outbox)) {
        loop_unwatch(teller->writable);
        teller->writable = NULL;
    } else if (!teller->writable) {
        teller->writable = loop_writable(teller->loop, teller->channel, on_writable, teller);
    }
}

static void send_message(struct teller *teller)
{
    (void)outbox_put(teller->outbox, &teller->message, clock_now().boot_ns);
    flush(teller);
}

static void begin(struct teller *teller, enum message_kind kind)
{
    memset(&teller->message, 0, sizeof(teller->message));
    teller->message.kind = kind;
}

static struct sighting *begin_sighting(struct teller *teller, enum message_kind kind)
{
    begin(teller, kind);
    teller->message.sighting.vlan = SIGHTING_NO_VLAN;
    return &teller->message.sighting;
}

void teller_ready(struct teller *teller)
{
    begin(teller, MESSAGE_STATE);
    teller->message.state.state = STATE_READY;
    teller->message.state.link_type = -1;
    send_message(teller);
}

void teller_report(struct teller *teller, const struct registry_report *report)
{
    begin(teller, MESSAGE_REGISTRY);
    teller->message.registry = *report;
    send_message(teller);
}

void teller_refusal(struct teller *teller, enum reason reason, const struct dname *name,
                    const struct address *address)
{
    struct sighting *sighting = begin_sighting(teller, MESSAGE_REFUSAL);

    sighting->reason = (uint8_t)reason;
    if (name)
        sighting->question = sighting->owner = *name;
    if (address) {
        sighting->address_count = 1;
        sighting->addresses[0] =
            (struct sighting_address){.address = *address, .record = RECORD_LIST};
    }
    send_message(teller);
}

/* ---- answers ---- */

static struct sighting *begin_answer(struct teller *teller, const struct dname *question,
                                     const struct lookup_result *result)
{
    struct sighting *sighting = begin_sighting(teller, MESSAGE_ANSWER);

    sighting->question = sighting->matched = *question;
    sighting->resolver = result->server->address;
    sighting->resolver_port = result->server->port;
    sighting->transport = result->over_tcp ? TRANSPORT_TCP : TRANSPORT_UDP;
    return sighting;
}

/* Those that count as this owner's, 16 a message. */
static void tell_owned(struct teller *teller, const struct dname *question,
                       const struct lookup_result *result, unsigned owner)
{
    const struct answer *answer = result->answer;
    answer_names names = answer->leads[0];
    unsigned next = answer_next_owned(answer, 0, names, owner);

    while (next < answer->address_count) {
        struct sighting *sighting = begin_answer(teller, question, result);

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
        send_message(teller);
    }
}

void teller_answer(struct teller *teller, const struct dname *question,
                   const struct lookup_result *result)
{
    const struct answer *answer = result->answer;

    if (answer->address_count > 0) {
        for (unsigned owner = 0; owner <= answer->chain_count; owner++)
            tell_owned(teller, question, result, owner);
    } else if (answer->target_count > 0) {
        struct sighting *sighting = begin_answer(teller, question, result);

        sighting->owner = answer->targets[0].name;
        sighting->chain_ttl = answer->targets[0].ttl;
        send_message(teller);
    }
}

/* ---- lists ---- */

static const struct dname *name_of(const struct accepted *accepted, size_t index,
                                   const struct dname *unnamed)
{
    uint16_t host = accepted->addresses[index].host;

    return host == ACCEPTED_UNNAMED ? unnamed : &accepted->hosts[host];
}

/* As many in one message as have their name in common. */
void teller_addresses(struct teller *teller, const struct accepted *accepted,
                      const struct dname *unnamed, uint32_t ttl)
{
    for (size_t next = 0; next < accepted->address_count;) {
        struct sighting *sighting = begin_sighting(teller, MESSAGE_ANSWER);
        uint16_t host = accepted->addresses[next].host;

        sighting->question = *name_of(accepted, next, unnamed);
        sighting->matched = sighting->owner = sighting->question;
        sighting->chain_ttl = ttl;
        while (next < accepted->address_count && accepted->addresses[next].host == host &&
               sighting->address_count < SIGHTING_ADDRESSES_MAX)
            sighting->addresses[sighting->address_count++] = (struct sighting_address){
                .address = accepted->addresses[next++].address, .record = RECORD_LIST, .ttl = ttl};
        send_message(teller);
    }
}
