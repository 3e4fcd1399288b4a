/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A slot for each answer that waits, in memory that is not touched before it is needed.
 */
#include "sniffer/pipeline/early_answers.h"

#include "base/big_table.h"
#include "base/bytes.h"

#include <string.h>

enum { QUESTION_AT = 12 }; /* behind the DNS header */

struct slot {
    bool used;
    unsigned before; /* how many waited for its client when it came */
    uint64_t number; /* in order of arrival */
    uint64_t until_ns;
    struct place place;
    struct segment segment; /* its payload lies in: */
    uint8_t bytes[EARLY_ANSWERS_BYTES_MAX];
};

struct early_answers {
    uint64_t arrived;
    uint64_t due_ns; /* never later than the first one's; meaningless while none waits */
    unsigned waiting;
    struct slot slots[EARLY_ANSWERS_MAX];
};

struct early_answers *early_answers_new(void)
{
    return big_table_new(sizeof(struct early_answers));
}

void early_answers_free(struct early_answers *early)
{
    big_table_free(early, sizeof(*early));
}

uint64_t early_answers_due(const struct early_answers *early)
{
    return early->waiting ? early->due_ns : UINT64_MAX;
}

static unsigned waiting_for(const struct early_answers *early, const struct address *client)
{
    unsigned count = 0;

    for (unsigned i = 0; i < EARLY_ANSWERS_MAX; i++)
        count +=
            early->slots[i].used && address_equal(&early->slots[i].segment.destination, client);
    return count;
}

bool early_answers_hold(struct early_answers *early, const struct segment *answer,
                        const struct place *place, uint64_t now_ns)
{
    unsigned before = waiting_for(early, &answer->destination);
    struct slot *slot;

    if (answer->payload_size > EARLY_ANSWERS_BYTES_MAX || early->waiting == EARLY_ANSWERS_MAX ||
        before >= EARLY_ANSWERS_PER_CLIENT)
        return false;
    for (slot = early->slots; slot->used;)
        slot++;
    memcpy(slot->bytes, answer->payload, answer->payload_size);
    slot->segment = *answer;
    slot->place = *place;
    slot->segment.payload = slot->bytes;
    slot->segment.ip = slot->segment.transport_header = NULL;
    slot->segment.checked = true;
    slot->used = true;
    slot->before = before;
    slot->number = early->arrived++;
    slot->until_ns = now_ns + EARLY_ANSWERS_NS;
    if (early->waiting++ == 0)
        early->due_ns = slot->until_ns;
    return true;
}

static bool answers(const struct slot *slot, const struct question_key *question)
{
    const struct segment *segment = &slot->segment;
    const uint8_t *own = slot->bytes + QUESTION_AT;
    size_t size = question->question_size, i = 0;

    if (big_endian_16(slot->bytes) != question->id ||
        segment->payload_size < QUESTION_AT + question->question_size)
        return false;
    /* The letters' case in its name may differ: whether it has to be kept is the server's matter.
     */
    while (i + QUESTION_FIXED_SIZE < size &&
           byte_lower(own[i]) == byte_lower(question->question[i]))
        i++;
    return memcmp(own + i, question->question + i, size - i) == 0 &&
           (place_pairs(&question->place, &slot->place) ||
            place_equal(&question->place, &slot->place)) &&
           segment->transport == question->transport &&
           segment->destination_port == question->client_port &&
           segment->source_port == question->resolver_port &&
           address_equal(&segment->destination, &question->client) &&
           address_equal(&segment->source, &question->resolver);
}

static const struct segment *slot_take_out(struct early_answers *early, struct slot *slot)
{
    if (!slot)
        return NULL;
    slot->used = false;
    early->waiting--;
    return &slot->segment;
}

const struct segment *early_answers_take(struct early_answers *early,
                                         const struct question_key *question)
{
    struct slot *first = NULL;

    for (unsigned i = 0; early->waiting && i < EARLY_ANSWERS_MAX; i++) {
        struct slot *slot = &early->slots[i];

        if (slot->used && (!first || slot->number < first->number) && answers(slot, question))
            first = slot;
    }
    return slot_take_out(early, first);
}

const struct segment *early_answers_take_due(struct early_answers *early, uint64_t now_ns)
{
    struct slot *first = NULL;

    if (early->waiting == 0 || now_ns < early->due_ns)
        return NULL;
    for (unsigned i = 0; i < EARLY_ANSWERS_MAX; i++) {
        struct slot *slot = &early->slots[i];

        if (slot->used && (!first || slot->number < first->number))
            first = slot;
    }
    early->due_ns = first->until_ns;
    return now_ns >= first->until_ns ? slot_take_out(early, first) : NULL;
}

const struct segment *early_answers_take_surplus(struct early_answers *early,
                                                 const struct address *client)
{
    unsigned most = waiting_for(early, client);
    struct slot *last = NULL;

    if (early->waiting < EARLY_ANSWERS_MAX)
        return NULL;
    for (unsigned i = 0; i < EARLY_ANSWERS_MAX; i++) {
        if (early->slots[i].before <= most)
            continue;
        last = &early->slots[i];
        most = last->before;
    }
    return slot_take_out(early, last);
}
