/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of whole messages.
 */
#include "source/outbox.h"

#include "base/clock.h"
#include "source/channel.h"

#include <errno.h>
#include <stdlib.h>

enum {
    MESSAGES_MAX = 1024,
    /* The longest answer's messages: a sequence begins only when it will surely fit. */
    SEQUENCE_MAX = ANSWER_ADDRESSES_MAX / SIGHTING_ADDRESSES_MAX,
    REPORTS_A_SECOND = 100,
};

struct limit {
    uint64_t since_ns;
    unsigned count;
};

struct outbox {
    int channel;
    int error; /* 0, or why nothing can be sent any more */
    bool in_sequence, dropping;
    unsigned first, count;
    struct limit refusals, alarms;
    struct message messages[MESSAGES_MAX];
};

struct outbox *outbox_new(int channel)
{
    struct outbox *outbox = calloc(1, sizeof(*outbox));

    if (outbox)
        outbox->channel = channel;
    return outbox;
}

void outbox_free(struct outbox *outbox)
{
    free(outbox);
}

bool outbox_waits(const struct outbox *outbox)
{
    return outbox->count > 0;
}

int outbox_flush(struct outbox *outbox)
{
    while (outbox->count && !outbox->error) {
        int r = channel_send(outbox->channel, &outbox->messages[outbox->first]);

        if (r == -EAGAIN)
            return 0;
        outbox->error = r;
        outbox->first = (outbox->first + 1) % MESSAGES_MAX;
        outbox->count--;
    }
    return outbox->error;
}

enum outbox_result outbox_put(struct outbox *outbox, const struct message *message, uint64_t now_ns)
{
    bool is_report = message->kind == MESSAGE_REFUSAL || message->kind == MESSAGE_ALARM;
    bool is_answer = message->kind == MESSAGE_ANSWER;
    unsigned needed = is_answer && message->sighting.more ? SEQUENCE_MAX : 1;
    /* Each kind by itself: whoever provokes refusals must not hide an alarm behind them. */
    struct limit *limit = message->kind == MESSAGE_ALARM ? &outbox->alarms : &outbox->refusals;

    if (is_report && now_ns - limit->since_ns >= NS_PER_SECOND)
        *limit = (struct limit){.since_ns = now_ns};
    if (is_report && (outbox->count >= MESSAGES_MAX / 4 || limit->count++ >= REPORTS_A_SECOND))
        return OUTBOX_SUPPRESSED;
    /* What follows in a sequence has its room already, or is dropped like its beginning. */
    if (!is_answer || !outbox->in_sequence)
        outbox->dropping = MESSAGES_MAX - outbox->count < needed;
    if (is_answer)
        outbox->in_sequence = message->sighting.more;
    if (outbox->dropping)
        return is_report ? OUTBOX_SUPPRESSED : OUTBOX_LOST;
    if (outbox->count == 0) {
        int r = channel_send(outbox->channel, message);

        if (r != -EAGAIN) {
            outbox->error = r;
            return OUTBOX_TAKEN;
        }
    }
    outbox->messages[(outbox->first + outbox->count++) % MESSAGES_MAX] = *message;
    return OUTBOX_TAKEN;
}

void outbox_hint(struct outbox *outbox, const struct message *message)
{
    if (outbox->count == 0 && !outbox->in_sequence && !outbox->error)
        (void)channel_send(outbox->channel, message);
}
