/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon is told: messages made in one buffer, each zeroed first, so that nothing of the
 * one before it crosses the channel.
 */
#ifndef WILDSET_SNIFFER_PIPELINE_REPORT_H
#define WILDSET_SNIFFER_PIPELINE_REPORT_H

#include "dnsparse/answers/answer.h"
#include "sniffer/decode/frame.h"
#include "sniffer/pipeline/questions.h"
#include "source/message.h"

struct report {
    void (*send)(void *context, const struct message *message);
    void *context;
    struct message message;
};

/* The response that it is about. */
struct report_subject {
    const struct segment *segment;
    const char *interface; /* NUL-terminated; "" when unknown */
    const struct dname *question;
    enum stranger stranger; /* of a refusal as untrusted-resolver */
};

/*
 * The answer's addresses, 16 a message, each under its owner: those to which the name leads that
 * matched (an index, as answer_name has it).  Returns whether there were any.
 */
bool report_answer(struct report *report, const struct report_subject *subject,
                   const struct answer *answer, unsigned matched);
/* The chain is open at this target, and the name derived from `matched`. */
void report_open(struct report *report, const struct report_subject *subject,
                 const struct dname *matched, const struct answer_target *target);
/* `answer` is NULL when the response was refused before it was parsed. */
void report_refusal(struct report *report, const struct report_subject *subject, enum reason reason,
                    const struct answer *answer);
/* An address whose owner is off the chain. */
void report_stray(struct report *report, const struct report_subject *subject,
                  const struct answer_stray *stray);
/* `answer` is NULL when none was read. */
void report_alarm(struct report *report, const struct report_subject *subject, enum reason reason,
                  const struct answer *answer, const struct earlier_answer *earlier);

#endif
