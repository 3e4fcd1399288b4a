/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What in a status object deserves attention, in words, with what to do about it: said by `status`
 * in lines, by the doctor in checks.
 */
#ifndef WILDSET_DAEMON_CONTROL_DIAGNOSIS_H
#define WILDSET_DAEMON_CONTROL_DIAGNOSIS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Which part of the whole a finding is about. */
enum advice_topic {
    ADVICE_SOURCES,
    ADVICE_REGISTRY, /* lists of servers, and names that are looked up */
    ADVICE_INTERFACES,
    ADVICE_SETS,
    ADVICE_KERNEL,    /* transactions with it */
    ADVICE_HOLD,      /* packets that wait */
    ADVICE_DNS,       /* what passes by */
    ADVICE_RESOLVERS, /* whose answers are not trusted */
    ADVICE_CONFIGURATION,
    ADVICE_TOPIC_COUNT,
};

struct advice {
    enum advice_topic topic;
    bool failure;       /* it does not work; otherwise it does, but not as it should */
    const char *text;   /* what is so */
    const char *advice; /* what to do; "" when the text says it all */
};

/* As the gravest finding has it. */
enum advice_health {
    ADVICE_OK,       /* no finding */
    ADVICE_DEGRADED, /* it works, but not as it should */
    ADVICE_FAILING,  /* something does not work */
};

/* Lent for the call. */
typedef void advice_take(void *context, const struct advice *advice);

/* Calls `each` (may be NULL) with every finding, the gravest first; how many. */
size_t advice_each(const json_t *status, advice_take *each, void *context);
enum advice_health advice_health(const json_t *status);

#endif
