/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of counters and their texts.
 */
#include "runtime/counter.h"

static const struct {
    const char *name;
    const char *text;
} counters[COUNTER_COUNT] = {
    [COUNTER_FRAMES] = {"frames", "frames that reached the program"},
    [COUNTER_NOT_DNS] = {"not-dns", "frames without port 53"},
    [COUNTER_BAD_FRAMES] = {"bad-frames", "frames with cut or lying headers"},
    [COUNTER_FRAGMENTS] = {"fragments", "IP fragments"},
    [COUNTER_OTHER_VLAN] = {"other-vlan", "frames tagged otherwise than `vlans`"},
    [COUNTER_CUT_BY_SNAPLEN] = {"cut-by-snaplen", "frames captured shorter than they were"},
    [COUNTER_QUESTIONS] = {"questions", "questions that match"},
    [COUNTER_REPEATED_SIGHTS] = {"repeated-sights", "questions seen twice within 100 ms"},
    [COUNTER_RETRANSMISSIONS] = {"retransmissions", "questions asked again"},
    [COUNTER_QUESTIONS_DROPPED] = {"questions-dropped", "open questions that made room for others"},
    [COUNTER_ANSWERS] = {"answers", "DNS responses"},
    [COUNTER_FOREIGN_ANSWERS] = {"foreign-answers", "responses whose question matches nothing"},
    [COUNTER_MATCHING_ANSWERS] = {"matching-answers", "responses whose question matches"},
    [COUNTER_LEARNED] = {"learned", "answers that were passed on to the daemon"},
    [COUNTER_ALARMS] = {"alarms", "different answers to a question already settled"},
    [COUNTER_BARE_CHECKSUMS] = {"bare-checksums", "checksums left to an offloading interface"},
    [COUNTER_DERIVED_NAMES] = {"derived-names", "names that a matching answer led to"},
    [COUNTER_ANTICIPATIONS] = {"anticipations", "questions for which the CPU was kept awake"},
    [COUNTER_ANTICIPATIONS_REFUSED] = {"anticipations-refused", "the same, past the budget"},
    [COUNTER_ANSWERS_LOST] = {"answers-lost", "answers that the daemon was too busy to take"},
    [COUNTER_REPORTS_SUPPRESSED] = {"reports-suppressed", "refusals counted but not told one by one"},
};

const char *counter_name(enum counter counter)
{
    return (unsigned)counter < COUNTER_COUNT ? counters[counter].name : "";
}

const char *counter_text(enum counter counter)
{
    return (unsigned)counter < COUNTER_COUNT ? counters[counter].text : "";
}
