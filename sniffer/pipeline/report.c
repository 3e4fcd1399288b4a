/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon is told: an answer's addresses, an open chain, a refusal, an alarm.
 */
#include "sniffer/pipeline/report.h"

#include <string.h>

/* The fields that all kinds of report share. */
static struct sighting *report_begin(struct report *report, enum message_kind kind,
                                     const struct report_subject *subject)
{
    const struct segment *segment = subject->segment;
    struct sighting *sighting = &report->message.sighting;

    memset(&report->message, 0, sizeof(report->message));
    report->message.kind = kind;
    sighting->question = *subject->question;
    sighting->resolver = segment->source;
    sighting->client = segment->destination;
    sighting->resolver_port = segment->source_port;
    sighting->client_port = segment->destination_port;
    sighting->vlan = segment->vlan;
    sighting->transport = (uint8_t)segment->transport;
    sighting->encapsulation = (uint8_t)segment->encapsulation;
    sighting->captured_ns = segment->captured_ns;
    memcpy(sighting->interface, subject->interface, strnlen(subject->interface, IFNAMSIZ - 1));
    return sighting;
}

static void report_set_address(struct sighting_address *out, const struct answer_address *address)
{
    out->address = address->address;
    out->record = address->record;
    out->ttl = address->ttl;
}

/* Without a chain there is no least of it: the addresses' own then. */
static uint32_t chain_ttl(const struct answer *answer)
{
    uint32_t least = answer->chain_ttl;

    for (unsigned i = 0; answer->chain_count == 0 && i < answer->address_count; i++) {
        if (answer->addresses[i].ttl < least)
            least = answer->addresses[i].ttl;
    }
    return least <= INT32_MAX ? least : 0;
}

/* Those that count as this owner's; false when there are none. */
static bool report_owned(struct report *report, const struct answer *answer, answer_names names,
                         unsigned owner)
{
    struct sighting *sighting = &report->message.sighting;
    unsigned next = answer_next_owned(answer, 0, names, owner);

    if (next == answer->address_count)
        return false;
    sighting->owner = *answer_name(answer, owner);
    while (next < answer->address_count) {
        unsigned count = 0;

        memset(sighting->addresses, 0, sizeof(sighting->addresses));
        for (; next < answer->address_count && count < SIGHTING_ADDRESSES_MAX;
             next = answer_next_owned(answer, next + 1, names, owner))
            report_set_address(&sighting->addresses[count++], &answer->addresses[next]);
        sighting->address_count = (uint8_t)count;
        sighting->more = next < answer->address_count;
        report->send(report->context, &report->message);
    }
    return true;
}

bool report_answer(struct report *report, const struct report_subject *subject,
                   const struct answer *answer, unsigned matched)
{
    struct sighting *sighting = report_begin(report, MESSAGE_ANSWER, subject);
    answer_names names = answer->leads[matched];
    bool any = false;

    sighting->matched = *answer_name(answer, matched);
    sighting->chain_ttl = chain_ttl(answer);
    for (unsigned owner = 0; owner <= answer->chain_count; owner++)
        any |= report_owned(report, answer, names, owner);
    return any;
}

void report_open(struct report *report, const struct report_subject *subject,
                 const struct dname *matched, const struct answer_target *target)
{
    struct sighting *sighting = report_begin(report, MESSAGE_ANSWER, subject);

    sighting->matched = *matched;
    sighting->owner = target->name;
    sighting->chain_ttl = target->ttl <= INT32_MAX ? target->ttl : 0;
    report->send(report->context, &report->message);
}

static void set_answer(struct sighting *sighting, const struct answer *answer)
{
    if (!answer)
        return;
    sighting->owner = *answer_owner(answer);
    sighting->chain_ttl = chain_ttl(answer);
    for (unsigned i = 0; i < answer->address_count && i < SIGHTING_ADDRESSES_MAX; i++)
        report_set_address(&sighting->addresses[sighting->address_count++], &answer->addresses[i]);
}

void report_refusal(struct report *report, const struct report_subject *subject, enum reason reason,
                    const struct answer *answer)
{
    struct sighting *sighting = report_begin(report, MESSAGE_REFUSAL, subject);

    sighting->reason = (uint8_t)reason;
    if (reason == REASON_UNTRUSTED_RESOLVER)
        sighting->stranger = (uint8_t)subject->stranger;
    set_answer(sighting, answer);
    report->send(report->context, &report->message);
}

void report_stray(struct report *report, const struct report_subject *subject,
                  const struct answer_stray *stray)
{
    struct sighting *sighting = report_begin(report, MESSAGE_REFUSAL, subject);

    sighting->reason = REASON_OWNER_OFF_CHAIN;
    sighting->owner = stray->owner;
    sighting->chain_ttl = stray->address.ttl;
    sighting->address_count = 1;
    report_set_address(&sighting->addresses[0], &stray->address);
    report->send(report->context, &report->message);
}

void report_alarm(struct report *report, const struct report_subject *subject, enum reason reason,
                  const struct answer *answer, const struct earlier_answer *earlier)
{
    struct sighting *sighting = report_begin(report, MESSAGE_ALARM, subject);
    struct alarm_report *alarm = &report->message.alarm;

    sighting->reason = (uint8_t)reason;
    set_answer(sighting, answer);
    alarm->earlier_count = earlier->count;
    alarm->asked_again = earlier->asked_again;
    memcpy(alarm->earlier, earlier->addresses, earlier->count * sizeof(*alarm->earlier));
    report->send(report->context, &report->message);
}
