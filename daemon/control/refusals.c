/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One switch over all reasons, so that a new one has to be thought of here.
 */
#include "daemon/control/refusals.h"

#include <stddef.h>

#define UNUSABLE                                                                                   \
    "no client can use such answers either: `wildset watch` shows the names; whoever serves them"  \
    " has to mend it"
#define ASK_WHO "`wildset watch` shows the names: ask who serves them"

const char *refusals_advice(enum reason reason)
{
    switch (reason) {
    case REASON_NO_QUESTION:
        return "where clients do use these addresses, their questions take another way or are lost:"
               " mirror both directions, and name all interfaces of the path; else somebody forges"
               " answers";
    case REASON_LATE_ANSWER:
        return "the resolver took more than 10 s, or the mirror delays: clients have mostly given "
               "up"
               " by then";
    case REASON_BAD_CHECKSUM:
        return "hosts discard such packets: look for what damages them on their way"
               " (`ethtool -S`); where `wildset status` counts checksums that checksums = "
               "\"verify\""
               " refused, the default \"auto\" takes those";
    case REASON_MALFORMED:
        return "`wildset replay --all` with a capture of them (`tcpdump -w`) shows which; where"
               " clients take them, please report it";
    case REASON_WRONG_WAY:
        return "only a mirror port shows both coming in: where a switch copies packets to the"
               " interface, say so in capture.mirror; watch a bridge by its ports; anywhere else"
               " somebody forges both";
    case REASON_IMPOSSIBLE_SOURCE:
        return "nobody with such an address can be there: somebody forges, or it is a mirror port,"
               " which capture.mirror has to name";
    case REASON_NOT_CLASS_IN:
    case REASON_QUESTION_COUNT:
    case REASON_LOOP:
    case REASON_TOO_LONG_CHAIN:
        return UNUSABLE;
    case REASON_OWNER_OFF_CHAIN:
        return "clients do not use addresses of names that they did not ask for; " ASK_WHO;
    case REASON_SPECIAL_ADDRESS:
        return "clients cannot reach such addresses; " ASK_WHO;
    case REASON_BENCHMARK_ADDRESS:
        return "no server out there has one of 198.18.0.0/15: it may be what a VPN or proxy on the"
               " way puts in the place of an answer (\"fake IP\"); " ASK_WHO;
    case REASON_PRIVATE_ADDRESS:
        return "names that lead into private networks may be an attack (DNS rebinding); " ASK_WHO
               ", and keep names of your own network in a separate whitelist";
    case REASON_REFUSED_PREFIX:
        return "as the configuration wants it; " ASK_WHO;
    /* Nothing is lost by these. */
    case REASON_NONE:
    case REASON_DUPLICATE:
    case REASON_NOT_NOERROR:      /* holds no address */
    case REASON_OUTSIDE_PATTERNS: /* until a reload is through */
    /* Findings of their own say these. */
    case REASON_UNTRUSTED_RESOLVER: /* by server */
    case REASON_EXTRA_ANSWER:       /* as alarms */
    case REASON_OTHER_BYTES:
    case REASON_CAPACITY:     /* by set */
    case REASON_NO_SET:       /* as the configuration wants it */
    case REASON_PREFIX_ENTRY: /* by list */
    case REASON_WILDCARD_ENTRY:
    case REASON_LIST_ADDRESS:
    case REASON_COUNT:
        return NULL;
    }
    return NULL;
}
