/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sniffer counts, as a fixed array by enum: it crosses the channel each second.
 */
#ifndef WILDSET_SOURCE_COUNTER_H
#define WILDSET_SOURCE_COUNTER_H

#include "source/reason.h"

#include <stdint.h>

enum counter {
    COUNTER_FRAMES,     /* frames that reached the program */
    COUNTER_NOT_DNS,    /* no UDP (or TCP) port 53, or a protocol that is not read */
    COUNTER_BAD_FRAMES, /* cut or lying link, IP or UDP headers */
    COUNTER_MERGED_DATAGRAMS,
    COUNTER_OTHER_PORT,
    COUNTER_FRAGMENTS,       /* IP fragments */
    COUNTER_OTHER_VLAN,      /* tagged otherwise than `vlans` */
    COUNTER_CUT_BY_SNAPLEN,  /* captured shorter than on the wire, and needed whole */
    COUNTER_CUT_BEFORE,      /* shorter on the wire than IP and UDP say: cut by whatever mirrors */
    COUNTER_QUESTIONS,       /* questions that match, entered into the table */
    COUNTER_REPEATED_SIGHTS, /* the same question within 100 ms: a mirror, a bridge, `any` */
    COUNTER_RETRANSMISSIONS, /* the same question later */
    COUNTER_QUESTIONS_DROPPED,  /* pending questions that were evicted */
    COUNTER_ANSWERS,            /* all DNS responses */
    COUNTER_FOREIGN_ANSWERS,    /* of these: the question matches no pattern */
    COUNTER_MATCHING_ANSWERS,   /* of these: the question matches */
    COUNTER_LEARNED,            /* of these: taken by the daemon */
    COUNTER_ALARMS,             /* extra answers */
    COUNTER_ALARMS_ASKED_AGAIN, /* of these: the question was asked again, so both may be true */
    COUNTER_BARE_CHECKSUMS,     /* offloaded checksums accepted */
    COUNTER_BARE_CHECKSUMS_REFUSED, /* the same, with `checksums = "verify"` */
    COUNTER_DERIVED_NAMES,          /* derived names entered */
    COUNTER_ANTICIPATIONS,          /* matching questions for which the CPU was kept awake */
    COUNTER_ANTICIPATIONS_REFUSED,  /* the same, past the budget */
    COUNTER_ANSWERS_LOST,           /* learned, but the daemon did not keep up with reading */
    COUNTER_REPORTS_SUPPRESSED,  /* refusals counted but not reported one by one: too many a second
                                  */
    COUNTER_REASSEMBLED,         /* datagrams put together from fragments */
    COUNTER_FRAGMENTS_REFUSED,   /* fragments that overlap, lie, or whose header is wrong */
    COUNTER_FRAGMENTS_FORGOTTEN, /* datagrams given up because pieces never came, or for room */
    COUNTER_TCP_SEGMENTS,        /* with port 53, of or to a server that is trusted, not empty */
    COUNTER_TCP_REPEATED,        /* of these: nothing new in them */
    COUNTER_TCP_CONFLICTS,       /* of these: bytes that came before, and were others: an alarm */
    COUNTER_TCP_LOST,            /* of these: bytes before them are missing for good */
    COUNTER_TCP_GIVEN_UP,        /* of these: their stream holds no DNS messages, or too much */
    COUNTER_TCP_UNTRUSTED,       /* segments of and to other servers: not put together */
    COUNTER_EARLY_ANSWERS,       /* answers that were read before their questions, and waited */
    COUNTER_IN_8021Q,            /* frames by what they were wrapped in; each kind once a frame */
    COUNTER_IN_8021AD,
    COUNTER_IN_QINQ, /* the tags of before 802.1ad */
    COUNTER_IN_MPLS,
    COUNTER_IN_PPPOE,
    COUNTER_IN_NSH,
    COUNTER_IN_ETAG,
    COUNTER_IN_VNTAG,
    COUNTER_IN_SGT,
    COUNTER_IN_FABRICPATH,
    COUNTER_IN_PBB,
    COUNTER_IN_GRE,
    COUNTER_IN_ERSPAN,
    COUNTER_IN_VXLAN,
    COUNTER_IN_GENEVE,
    COUNTER_IN_IPIP,
    COUNTER_IN_TZSP,
    COUNTER_IN_GTP,
    COUNTER_STRANGE_TUNNELS,
    COUNTER_ENCRYPTED_DNS,       /* connections to port 853: DNS over TLS or QUIC hides its names */
    COUNTER_ENCRYPTED_DNS_HTTPS, /* the same to port 443 of public resolvers known to serve DNS */
    COUNTER_DNSTAP_CONNECTIONS,  /* from here on of the source dnstap alone */
    COUNTER_DNSTAP_STRANGERS,
    COUNTER_DNSTAP_TOO_MANY,
    COUNTER_DNSTAP_BROKEN,
    COUNTER_DNSTAP_FRAMES,
    COUNTER_DNSTAP_OTHER_KIND,
    COUNTER_DNSTAP_MALFORMED,
    COUNTER_DNSTAP_STALE,
    COUNTER_DNSTAP_AGE_10MS,
    COUNTER_DNSTAP_AGE_100MS,
    COUNTER_DNSTAP_AGE_500MS,
    COUNTER_DNSTAP_AGE_1S,
    COUNTER_DNSTAP_AGE_2S,
    COUNTER_DNSTAP_AGE_10S,
    COUNTER_DNSTAP_AGE_MORE,
    COUNTER_COUNT,
    COUNTER_DNSTAP_FIRST = COUNTER_DNSTAP_CONNECTIONS,
};

struct counters {
    uint64_t value[COUNTER_COUNT];
    uint64_t refused[REASON_COUNT]; /* by enum reason; [REASON_NONE] stays 0 */
};

/* "frames", "foreign-answers"...: the key in JSON. */
const char *counter_name(enum counter counter);
/* What it counts, for people. */
const char *counter_text(enum counter counter);

#endif
