/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a source tells the daemon: one message of one size, a union with a kind, no pointers.  The
 * daemon trusts none of it: message_is_valid checks every field where it enters, and policy decides
 * again what may be granted.
 */
#ifndef WILDSET_SOURCE_MESSAGE_H
#define WILDSET_SOURCE_MESSAGE_H

#include "dnsparse/answers/answer.h"
#include "dnsparse/names/address.h"
#include "dnsparse/names/dname.h"
#include "source/counter.h"
#include "source/list_report.h"
#include "source/reason.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* Known from the descriptor that a message came over, never from a field. */
enum source {
    SOURCE_SNIFFER,
    SOURCE_REGISTRY,
    SOURCE_STATE, /* leases read back at start: never a sender */
    SOURCE_DNSTAP,
#ifdef WILDSET_TEST_SEAMS
    SOURCE_TEST, /* tests/seams */
#endif
    SOURCE_COUNT,
};
const char *source_name(enum source source);

enum transport {
    TRANSPORT_UNKNOWN = 0,
    TRANSPORT_UDP,
    TRANSPORT_TCP,
    TRANSPORT_TLS, /* these only by the word of a resolver: nobody sees into them */
    TRANSPORT_HTTPS,
    TRANSPORT_QUIC,
    TRANSPORT_COUNT,
};
/* "udp", "tcp", "tls", "https", "quic"; "" when unknown. */
const char *transport_name(enum transport transport);

enum encapsulation {
    ENCAPSULATION_NONE = 0,
    ENCAPSULATION_GRE,
    ENCAPSULATION_ERSPAN,
    ENCAPSULATION_VXLAN,
    ENCAPSULATION_GENEVE,
    ENCAPSULATION_IPIP,
    ENCAPSULATION_TZSP,
    ENCAPSULATION_GTP,
    ENCAPSULATION_COUNT,
};
const char *encapsulation_name(enum encapsulation encapsulation);

enum message_kind {
    MESSAGE_ANSWER = 1, /* sighting */
    MESSAGE_REFUSAL,    /* sighting with a reason */
    MESSAGE_ALARM,      /* alarm: a sighting with a reason, and what was counted before */
    MESSAGE_COUNTERS,   /* counters, each second and at exit */
    MESSAGE_STATE,      /* state of the source or of an interface */
    MESSAGE_ASKED,      /* asked: an answer will be here in a moment; the sniffer only */
    MESSAGE_REGISTRY,   /* how a whitelist's list fares; the registry's own */
    MESSAGE_CAUGHT_UP, /* all that was captured before it was asked has been told: no more fields */
};

enum {
    SIGHTING_ADDRESSES_MAX =
        16, /* a longer answer takes several messages, `more` set in all but the last */
    SIGHTING_NO_VLAN = -1,
};

/* Of an answer that fits a question that was seen, why its server is not believed. */
enum stranger {
    STRANGER_UNKNOWN = 0, /* it fits none: anybody's */
    STRANGER_UNNAMED,     /* it is nowhere among those that are believed */
    STRANGER_ELSEWHERE,   /* it is believed on another interface */
    STRANGER_COUNT,
};

struct sighting_address {
    struct address address;
    uint8_t record; /* enum record_type */
    uint8_t zero[2];
    uint32_t ttl; /* seconds: the least of the chain */
};

/*
 * These names had these addresses, seen in this answer.  An ANSWER without addresses says that the
 * chain is open at `owner`: that name is derived from `matched` for chain_ttl seconds.
 */
struct sighting {
    struct dname question; /* what was asked */
    struct dname matched;  /* the name that a pattern matches: the question, or (match = "chain") an
                              alias on the way; for a derived question the question again */
    struct dname owner;    /* the chain's end, which owns the addresses; or the open name */
    struct address resolver;
    struct address client;
    uint16_t resolver_port;
    uint16_t client_port;
    int16_t vlan;          /* outermost tag 0..4095, or SIGHTING_NO_VLAN */
    uint8_t transport;     /* enum transport */
    uint8_t encapsulation; /* enum encapsulation, the innermost */
    uint8_t reason;        /* enum reason; REASON_NONE in an ANSWER */
    uint8_t more;          /* 1: the same answer goes on in the next message */
    uint8_t address_count;
    uint8_t stranger; /* enum stranger, of a refusal as untrusted-resolver */
    uint8_t zero[6];
    uint32_t chain_ttl;       /* seconds: the least along the chain to `owner` */
    uint64_t captured_ns;     /* CLOCK_REALTIME of the frame: for display and the histogram only */
    char interface[IFNAMSIZ]; /* NUL-padded; all zero when unknown */
    struct sighting_address addresses[SIGHTING_ADDRESSES_MAX]; /* unused ones are zero */
};

struct alarm_report {
    struct sighting sighting; /* the extra answer, not learned */
    uint32_t earlier_count;
    struct address earlier[SIGHTING_ADDRESSES_MAX]; /* what the first counted answer said */
    uint8_t asked_again; /* 1: the question was, so that both may be true */
    uint8_t zero[3];
};

enum interface_state {
    STATE_READY = 1, /* of the source itself, interface is empty: sandboxed and reading */
    STATE_UP,
    STATE_DOWN,
    STATE_WAITING,       /* not there yet */
    STATE_ONE_DIRECTION, /* of the source too: answers come, questions do not */
    STATE_COUNT,
};
const char *interface_state_name(enum interface_state state);

/* What the kernel lets through to the source; the rest is sorted out there. */
enum interface_filter {
    INTERFACE_FILTER_NONE = 0,  /* nothing is captured */
    INTERFACE_FILTER_NAMES,     /* what may matter by the question's name */
    INTERFACE_FILTER_PORT,      /* all of port 53 */
    INTERFACE_FILTER_USERSPACE, /* everything */
    INTERFACE_FILTER_COUNT,
};
/* "names", "port 53", "userspace"; "" for none. */
const char *interface_filter_name(enum interface_filter filter);

/* Why it is not only the names. */
enum filter_reason {
    FILTER_REASON_NONE = 0,
    FILTER_REASON_CHAIN,         /* match = "chain": all questions, and answers with aliases */
    FILTER_REASON_ANY_NAME,      /* a pattern is "*" */
    FILTER_REASON_MANY_PATTERNS, /* more than fit into a filter */
    FILTER_REASON_FOLLOWING,     /* names at which chains end have to be seen at once */
    FILTER_REASON_LINK_TYPE,     /* there is no filter for this one */
    FILTER_REASON_REFUSED,       /* the kernel took no finer one */
    FILTER_REASON_COUNT,
};
/* One word for programs ("many-patterns"); "" for none. */
const char *filter_reason_name(enum filter_reason reason);

struct state_report {
    char interface[IFNAMSIZ];
    uint8_t state;         /* enum interface_state */
    uint8_t promiscuous;   /* 0, 1 */
    uint8_t filter;        /* enum interface_filter: the coarsest of its sockets */
    uint8_t filter_reason; /* enum filter_reason */
    int32_t link_type;     /* LINKTYPE_ as libpcap's DLT_ number; -1 unknown */
    uint32_t snaplen;      /* bytes */
    uint32_t buffer;       /* bytes */
    uint64_t
        received; /* the kernel's count of packets that passed the filter, dropped ones included */
    uint64_t dropped;           /* by the kernel: the ring was full */
    uint64_t interface_dropped; /* by the interface or its driver */
    uint64_t merged; /* frames longer than its MTU allows: several packets in one (GRO, LRO, TSO) */
    uint64_t cut;    /* frames of which the capture kept the beginning only */
    uint64_t frames; /* that passed it, in and out; 0: not known */
    uint64_t
        ethertype_frames; /* of these, about: of the most frequent EtherType that is not read */
    uint32_t ethertype;   /* that one, or 0 */
    uint32_t zero;
    uint64_t undirected; /* frames of which it is not known whether they came in or went out */
};

/* A matching question has passed.  Grants nothing: who reads it gets ready for the answer. */
struct asked_report {
    struct dname question;
};

struct message {
    uint32_t kind; /* enum message_kind */
    uint32_t zero;
    union {
        struct sighting sighting;
        struct alarm_report alarm;
        struct counters counters;
        struct state_report state;
        struct asked_report asked;
        struct registry_report registry;
    };
};

/*
 * Every field of a message as it came over the channel: kind, enums, counts, canonical names and
 * addresses, zero padding (also behind the union's member), kinds and record types that this source
 * may send.
 */
bool message_is_valid(const struct message *message, enum source source);

#endif
