/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened to an address, told after the kernel has it: the lines of replay, watch and the
 * log. Everything in an event is borrowed for the call.
 */
#ifndef WILDSET_SETSYNC_POLICY_EVENT_H
#define WILDSET_SETSYNC_POLICY_EVENT_H

#include "setsync/policy/whitelist.h"
#include "source/message.h"

#include <jansson.h>
#include <stdint.h>

enum event_kind {
    EVENT_GRANTED,  /* a new lease */
    EVENT_EXTENDED, /* a lease in force, seen again */
    EVENT_REFUSED,  /* with a reason */
    EVENT_ALARM,    /* extra answer */
    EVENT_EXPIRED,
    EVENT_EVICTED,   /* made room for another: capacity */
    EVENT_FORGOTTEN, /* taken back on purpose, or by a reload */
    EVENT_WAITED,    /* a packet to the address, until it was clear whether it becomes allowed */
    EVENT_COUNT,
};
/* "granted", "extended", ... */
const char *event_kind_name(enum event_kind kind);

/* How long a packet was held (daemon/hold/waiting.h), whose, and why it went on. */
struct event_wait {
    struct address client;
    const char *outcome;
    uint64_t us;
};

/* Unknown: NULL, ADDRESS_NONE, 0 or an empty name; such keys are absent from the JSON. */
struct event {
    enum event_kind kind;
    enum reason reason;
    enum source source;
    uint64_t real_ns; /* when: the capture's clock in replay, now in the daemon */
    const struct whitelist *whitelist;
    const struct set_name *set;
    const struct dname *name; /* the matching question; for a derived name the one that matched */
    const struct dname *owner;
    const struct pattern *pattern;
    const struct address *address;
    enum record_type record;
    uint32_t ttl;      /* seconds, with `lifetime` only */
    uint32_t lifetime; /* seconds; 0: not a grant */
    uint64_t expires_real_ns;
    const struct sighting
        *sighting; /* resolver, client, interface, vlan, transport; NULL without */
    const struct alarm_report *alarm; /* for EVENT_ALARM: both address lists */
    const struct event_wait *wait;    /* for EVENT_WAITED */
};

/*
 * The object of design 7: time, verdict, reason, whitelist, set, name, owner, pattern, record,
 * address, ttl, lifetime, resolver, client, transport...  `verdict` is granted, extended or
 * refused; other kinds have none.  A new reference, NULL when out of memory.
 */
json_t *event_to_json(const struct event *event);

#endif
