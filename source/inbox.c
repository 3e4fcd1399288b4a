/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The receiving end of a source's messages.  A violation is anything that our own program would
 * never send: whoever sends it has been taken over or is broken, and nothing more from it is read.
 */
#include "source/inbox.h"

#include <stdlib.h>

void inbox_init(struct inbox *inbox, enum source source)
{
    *inbox = (struct inbox){.source = source};
}

void inbox_free(struct inbox *inbox)
{
    free(inbox->parts);
    *inbox = (struct inbox){.source = inbox->source};
}

static enum inbox_outcome violation(struct inbox_delivery *out, const char *why)
{
    out->why = why;
    return INBOX_VIOLATION;
}

/* The parts of one answer have its question and chain in common. */
static bool belongs(const struct sighting *first, const struct sighting *part)
{
    return dname_equal(&first->question, &part->question) &&
           dname_equal(&first->matched, &part->matched) &&
           dname_equal(&first->owner, &part->owner) &&
           address_equal(&first->resolver, &part->resolver) &&
           address_equal(&first->client, &part->client);
}

static enum inbox_outcome take_answer(struct inbox *inbox, const struct sighting *sighting,
                                      struct inbox_delivery *out)
{
    if (inbox->count == 0 && !sighting->more) {
        *out = (struct inbox_delivery){.parts = sighting, .count = 1};
        return INBOX_ANSWER;
    }
    if (inbox->count > 0 && !belongs(&inbox->parts[0], sighting))
        return violation(out, "parts of two answers are mixed");
    if (inbox->count == INBOX_PARTS_MAX)
        return violation(out, "too many parts in one answer");
    if (inbox->count == inbox->room) {
        size_t room = inbox->room ? 2 * inbox->room : 4;
        struct sighting *parts = reallocarray(inbox->parts, room, sizeof(*parts));
        if (!parts)
            return violation(out, "out of memory for an answer in many parts");
        inbox->parts = parts;
        inbox->room = room;
    }
    inbox->parts[inbox->count++] = *sighting;
    if (sighting->more)
        return INBOX_PART;
    *out = (struct inbox_delivery){.parts = inbox->parts, .count = inbox->count};
    inbox->count = 0;
    return INBOX_ANSWER;
}

enum inbox_outcome inbox_take(struct inbox *inbox, const struct message *message,
                              struct inbox_delivery *out)
{
    *out = (struct inbox_delivery){.why = ""};
    if (!message_is_valid(message, inbox->source))
        return violation(out, "invalid field");
    if (inbox->count > 0 && message->kind != MESSAGE_ANSWER)
        return violation(out, "truncated answer");
    switch ((enum message_kind)message->kind) {
    case MESSAGE_ANSWER:
        return take_answer(inbox, &message->sighting, out);
    case MESSAGE_REFUSAL:
        return INBOX_REFUSAL;
    case MESSAGE_ALARM:
        return INBOX_ALARM;
    case MESSAGE_COUNTERS:
        return INBOX_COUNTERS;
    case MESSAGE_STATE:
        return INBOX_STATE;
    case MESSAGE_ASKED:
        return INBOX_ASKED;
    case MESSAGE_REGISTRY:
        return INBOX_REGISTRY;
    case MESSAGE_CAUGHT_UP:
        return INBOX_CAUGHT_UP;
    }
    return violation(out, "a message of an unknown kind");
}
