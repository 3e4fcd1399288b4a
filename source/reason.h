/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why something was not learned: one table for counters, JSON, columns and the log.
 */
#ifndef WILDSET_SOURCE_REASON_H
#define WILDSET_SOURCE_REASON_H

enum reason {
    REASON_NONE,
    REASON_NO_QUESTION,        /* no question seen for this answer */
    REASON_UNTRUSTED_RESOLVER, /* not in `resolvers`, or not on its interface */
    REASON_LATE_ANSWER,        /* its question is more than 10 s old */
    REASON_DUPLICATE,          /* the same answer again: no alarm */
    REASON_EXTRA_ANSWER, /* another answer to a question already settled: the spoofing alarm */
    REASON_OTHER_BYTES,  /* TCP bytes came again and were others: the spoofing alarm too */
    REASON_BAD_CHECKSUM,
    REASON_NOT_NOERROR,
    REASON_NOT_CLASS_IN,
    REASON_QUESTION_COUNT,
    REASON_MALFORMED,
    REASON_LOOP,
    REASON_TOO_LONG_CHAIN,
    REASON_OWNER_OFF_CHAIN,
    REASON_SPECIAL_ADDRESS,
    REASON_PRIVATE_ADDRESS,
    REASON_BENCHMARK_ADDRESS,
    REASON_REFUSED_PREFIX,
    REASON_OUTSIDE_PATTERNS,
    REASON_CAPACITY,
    REASON_NO_SET,
    REASON_PREFIX_ENTRY,
    REASON_WILDCARD_ENTRY,
    REASON_LIST_ADDRESS,
    REASON_WRONG_WAY,         /* its question did not pass there the other way */
    REASON_IMPOSSIBLE_SOURCE, /* the stack would refuse it for where it came in */
    REASON_COUNT,
};

/* "no-question"; "" for REASON_NONE. */
const char *reason_name(enum reason reason);
/* One sentence for a person, without a full stop. */
const char *reason_text(enum reason reason);

#endif
