/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows.  What is not named here, nobody may.
 */
#include "source/kind.h"

#include "source/request.h"

#define BIT(member) (UINT32_C(1) << (member))
#define DNS_RECORDS (BIT(RECORD_A) | BIT(RECORD_AAAA) | BIT(RECORD_HTTPS) | BIT(RECORD_SVCB))

static const struct source_kind kinds[SOURCE_COUNT] = {
    [SOURCE_SNIFFER] =
        {
            .name = "sniffer",
            .may_send = BIT(MESSAGE_ANSWER) | BIT(MESSAGE_REFUSAL) | BIT(MESSAGE_ALARM) |
                        BIT(MESSAGE_COUNTERS) | BIT(MESSAGE_STATE) | BIT(MESSAGE_ASKED) |
                        BIT(MESSAGE_CAUGHT_UP),
            .may_state = BIT(STATE_READY) | BIT(STATE_UP) | BIT(STATE_DOWN) | BIT(STATE_WAITING) |
                         BIT(STATE_ONE_DIRECTION),
            .may_claim = DNS_RECORDS,
        },
    /* It watches no interface, and counts in its own reports. */
    [SOURCE_REGISTRY] =
        {
            .name = "registry",
            .may_send = BIT(MESSAGE_ANSWER) | BIT(MESSAGE_REFUSAL) | BIT(MESSAGE_STATE) |
                        BIT(MESSAGE_REGISTRY),
            .may_state = BIT(STATE_READY),
            .may_claim = DNS_RECORDS | BIT(RECORD_LIST),
            .asks_itself = true,
            .vouches = true,
        },
    [SOURCE_STATE] = {.name = "state"}, /* no process: nothing is taken from it */
    /* Whom it hears is settled by who may connect to it. */
    [SOURCE_DNSTAP] =
        {
            .name = "dnstap",
            .may_send = BIT(MESSAGE_ANSWER) | BIT(MESSAGE_REFUSAL) | BIT(MESSAGE_COUNTERS) |
                        BIT(MESSAGE_STATE),
            .may_state = BIT(STATE_READY),
            .may_claim = DNS_RECORDS,
            .vouches = true,
        },
#ifdef WILDSET_TEST_SEAMS
    [SOURCE_TEST] =
        {
            .name = "test",
            .may_send = BIT(MESSAGE_ANSWER) | BIT(MESSAGE_STATE),
            .may_state = BIT(STATE_READY),
            .may_claim = BIT(RECORD_A),
            .takes = BIT(SOURCE_REQUEST_RESOLVE),
        },
#endif
};

const struct source_kind *source_kind(enum source source)
{
    static const struct source_kind none = {.name = ""};

    return (unsigned)source < SOURCE_COUNT ? &kinds[source] : &none;
}

const char *source_name(enum source source)
{
    return source_kind(source)->name;
}
