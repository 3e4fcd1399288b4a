/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which names the kernel's filter lets through for the sake of chains that go on in another answer
 * (follow = "across"), and when it lets all of port 53 through.
 *
 * A name at which a chain ends is known when its answer is read.  Its own question may follow
 * within some 50 us, and replacing the filter takes 50 to 250 us after waking up: behind a filter
 * for names it would be lost, and the answer with it.  So all of port 53 passes wherever it is few
 * packets, since being woken for one costs up to 10 us: few where chains have ended at addresses
 * for long, as behind any resolver that follows them itself; more while that is not known; and most
 * after a chain that ended at a name not met before.  Names met before stay in the filter.
 *
 * What is left: where it has been calm and port 53 is busy, the first chain that ends at a new
 * name, when that is asked for at once.  Measured in namespaces on Linux 6.18, the question behind
 * the answer by 0 to 0.2 ms: lost 18 times of 21; by 0.4 ms: 2 of 6; by 0.8 ms: none of 6.
 */
#ifndef WILDSET_SNIFFER_FILTER_SCOPE_H
#define WILDSET_SNIFFER_FILTER_SCOPE_H

#include "base/clock.h"
#include "dnsparse/names/derived.h"
#include "sniffer/filter/nametails.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SCOPE_NAMES_MAX = NAMETAILS_EXTRA_MAX,
    SCOPE_CALM_ANSWERS = 16, /* in a row that ended at addresses */
    /* Packets a second that are worth it: where chains end at addresses, while nothing is known,
     * and where they go on. */
    SCOPE_PACKETS_CALM = 250,
    SCOPE_PACKETS_UNKNOWN = 1000,
    SCOPE_PACKETS_KNOWN = 10000,
};
/* Calm again, so long after the last new name; and tried again, so long after it cost too much. */
#define SCOPE_REST_NS (600 * NS_PER_SECOND)

struct scope_name {
    struct dname name;
    uint64_t expires_ns;
};

/* Clocks are the pipeline's. */
struct scope {
    bool follows; /* a whitelist has follow = "across" */
    bool wide;    /* all of port 53 has to pass */
    unsigned ended;
    uint64_t new_ns;           /* when the last new name was met; 0: never */
    uint64_t busy_until_ns;    /* it cost too much */
    uint64_t crowded_until_ns; /* more names are alive than are kept */
    size_t count;
    struct scope_name names[SCOPE_NAMES_MAX];
};

struct scope scope_start(bool follows);
/* A name that is known from the start. */
void scope_inherit(struct scope *scope, const struct derived_name *name);
/* An answer to a matching question ended at addresses. */
void scope_ended(struct scope *scope);
/* One ended at this name.  True when it has become wide: that has to be done at once. */
bool scope_derived(struct scope *scope, const struct derived_name *name, uint64_t now_ns);
/* `packets` came in less than a second and are more than it is worth: scope_second is due. */
bool scope_costs_too_much(const struct scope *scope, uint64_t packets, uint64_t now_ns);
/* `packets` came in the last second.  True when it is wide no more, or again. */
bool scope_second(struct scope *scope, uint64_t packets, uint64_t now_ns);
/* What passes beside the patterns when it is not wide; how many. */
size_t scope_names(const struct scope *scope, struct dname out[static SCOPE_NAMES_MAX]);

#endif
