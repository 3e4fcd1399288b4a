/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases as text, for the file that outlives a reboot: one JSON object a line, one line a claim,
 * times on the wall clock.  A line that is damaged costs what it says, and no more.
 *
 *     {"wildset-leases":2,"saved":TIME}
 *     {"address":"192.0.2.1","set":"inet wildset lookback4","whitelist":"lookback",
 *      "pattern":"*.example.org","name":"www.example.org","owner":"cdn.example.net",
 *      "resolver":"192.0.2.53","record":"A","ttl":300,"granted":TIME,"seen":TIME,"expires":TIME}
 *
 * Times are milliseconds since 1970, TTL is in seconds; owner, resolver and record are left out
 * when they are unknown.  The file of version 1, words with blanks between, is still read.
 */
#ifndef WILDSET_SETSYNC_STATE_STATE_TEXT_H
#define WILDSET_SETSYNC_STATE_STATE_TEXT_H

#include "dnsparse/names/record_type.h"
#include "setsync/policy/whitelist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    STATE_VERSION = 2,
    STATE_LINE_MAX = 8192, /* three names and a pattern at their longest, and the rest */
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

/* The file's first line, without its newline.  Returns `out`. */
const char *state_head_print(uint64_t saved_ms, char out[static STATE_LINE_MAX]);
/* A claim's line, without its newline; NULL when memory is out. */
const char *state_line_print(const struct state_claim *claim, char out[static STATE_LINE_MAX]);
/* A line of this version.  Leaves *out alone on failure. */
bool state_line_parse(const char *line, unsigned version, struct state_claim *out);

enum state_verdict {
    STATE_GOOD,
    STATE_FOREIGN, /* another program's file */
    STATE_FUTURE,  /* of a later version of wildset */
};

struct state_reading {
    enum state_verdict verdict;
    uint64_t saved_ms;
    size_t claims;
    size_t damaged; /* lines that are left out */
    size_t line;    /* the first of them, from 1; 0: none */
};

typedef void state_each(void *context, const struct state_reading *reading,
                        const struct state_claim *claim);
/* Tells each claim as it is read.  The stream may hold any bytes. */
struct state_reading state_read(FILE *stream, state_each *each, void *context);

#endif
