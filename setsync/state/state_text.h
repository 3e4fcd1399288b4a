/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases as text, for the file that outlives a reboot: one claim a line, times on the wall clock,
 * and a checksum at the end, so that a file that was cut or changed is not believed in part.
 *
 *     wildset leases 1
 *     saved TIME
 *     lease ADDRESS FAMILY TABLE SET WHITELIST PATTERN NAME OWNER RESOLVER RECORD TTL FIRST LAST
 * END end COUNT CHECKSUM
 *
 * Times are milliseconds since 1970, TTL is in seconds, `""` stands for what is unknown.
 */
#ifndef WILDSET_SETSYNC_STATE_STATE_TEXT_H
#define WILDSET_SETSYNC_STATE_STATE_TEXT_H

#include "dnsparse/answers/answer.h"
#include "setsync/policy/whitelist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STATE_VERSION = 1,
    STATE_LINE_MAX = 6144, /* three names and a pattern at their longest, and the rest */
};

struct state_claim {
    struct address address;
    struct set_name set;
    char whitelist[WHITELIST_NAME_MAX];
    struct pattern pattern;
    struct dname name, owner; /* no owner: length 0 */
    struct address resolver;  /* or ADDRESS_NONE */
    enum record_type record;
    uint32_t ttl;
    uint64_t first_ms, last_ms, end_ms; /* granted, last seen, expires */
};

/* The line without its newline.  Returns `out`. */
const char *state_line_print(const struct state_claim *claim, char out[static STATE_LINE_MAX]);
/* Only what state_line_print prints.  Leaves *out alone on failure. */
bool state_line_parse(const char *line, struct state_claim *out);

/* Each line that was printed, in order, without its newline. */
struct state_sum {
    uint64_t value;
    uint64_t lines;
};
void state_sum_add(struct state_sum *sum, const char *line);

enum state_verdict {
    STATE_GOOD,
    STATE_FOREIGN, /* another program's file */
    STATE_FUTURE,  /* of another version of wildset */
    STATE_DAMAGED,
};

struct state_reading {
    enum state_verdict verdict;
    uint64_t saved_ms;
    size_t claims;
    size_t line; /* at which it is damaged, from 1 */
};

typedef void state_each(void *context, const struct state_reading *reading,
                        const struct state_claim *claim);
/* Nothing is told unless the whole is good.  The text may hold any bytes. */
struct state_reading state_parse(const char *text, size_t size, state_each *each, void *context);

#endif
