/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of reasons and their texts.
 */
#include "source/reason.h"

static const struct {
    const char *name;
    const char *text;
} reasons[REASON_COUNT] = {
    [REASON_NONE] = {"", ""},
    [REASON_NO_QUESTION] = {"no-question", "no question was seen that this answers"},
    [REASON_UNTRUSTED_RESOLVER] = {"untrusted-resolver",
                                   "the sender is not in `resolvers`, or not on its interface"},
    [REASON_LATE_ANSWER] = {"late-answer", "its question was seen more than 10 s earlier"},
    [REASON_DUPLICATE] = {"duplicate", "the same answer was already counted"},
    [REASON_EXTRA_ANSWER] = {"extra-answer",
                             "its question was already answered differently: possibly spoofed"},
    [REASON_OTHER_BYTES] = {"other-bytes",
                            "TCP retransmission with different data: possibly spoofed"},
    [REASON_BAD_CHECKSUM] = {"bad-checksum", "an IP or UDP checksum is wrong: a host discards it"},
    [REASON_NOT_NOERROR] = {"not-noerror", "the response code is an error"},
    [REASON_NOT_CLASS_IN] = {"not-class-in", "the question's class is not IN"},
    [REASON_QUESTION_COUNT] = {"question-count", "it does not have exactly one question"},
    [REASON_MALFORMED] = {"malformed",
                          "its answers are truncated, or their lengths or number are wrong"},
    [REASON_LOOP] = {"loop", "its alias chain is a loop"},
    [REASON_TOO_LONG_CHAIN] = {"too-long-chain", "its aliases lead to more than 16 names"},
    [REASON_OWNER_OFF_CHAIN] = {"owner-off-chain",
                                "the record's owner is not the end of the alias chain"},
    [REASON_SPECIAL_ADDRESS] = {"special-address", "special-purpose address"},
    [REASON_PRIVATE_ADDRESS] = {"private-address",
                                "it is a private address, and `private-addresses` is false"},
    [REASON_BENCHMARK_ADDRESS] = {"benchmark-address",
                                  "it is of a network for benchmarks, and `benchmark-addresses` is "
                                  "false"},
    [REASON_REFUSED_PREFIX] = {"refused-prefix", "it is in a prefix of `refuse`"},
    [REASON_OUTSIDE_PATTERNS] = {"outside-patterns", "no whitelist has a pattern for the name"},
    [REASON_CAPACITY] = {"capacity", "the whitelist holds `max-addresses` addresses"},
    [REASON_NO_SET] = {"no-set", "the whitelist's `set4` or `set6` for this family is \"none\""},
    [REASON_PREFIX_ENTRY] = {"prefix-entry", "the list's entry is a prefix, not an address"},
    [REASON_WILDCARD_ENTRY] = {"wildcard-entry",
                               "the list's entry is a wildcard: patterns belong in `names`"},
    [REASON_LIST_ADDRESS] = {"list-address",
                             "it stands in the list as an address, and `registry-addresses` is "
                             "false"},
    [REASON_WRONG_WAY] = {"wrong-way",
                          "its question did not pass the same interface the other way"},
    [REASON_IMPOSSIBLE_SOURCE] = {"impossible-source",
                                  "a packet with this source cannot come in there: it is this "
                                  "machine's own, or behind another interface"},
};

const char *reason_name(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT ? reasons[reason].name : "";
}

const char *reason_text(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT ? reasons[reason].text : "";
}
