/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a whitelist's list of servers fares: what the registry process tells the daemon of it, and
 * what `wildset status` shows.
 */
#ifndef WILDSET_SOURCE_LIST_REPORT_H
#define WILDSET_SOURCE_LIST_REPORT_H

#include "dnsparse/names/dname.h"

#include <stdbool.h>
#include <stdint.h>

enum registry_outcome {
    REGISTRY_NOT_YET, /* no fetch has ended yet; or there is no list, only names to resolve */
    REGISTRY_GOOD,
    REGISTRY_UNCHANGED,   /* 304: the list of before is still right */
    REGISTRY_UNRESOLVED,  /* no address for the list's host, or for the proxy */
    REGISTRY_UNREACHABLE, /* refused, no route */
    REGISTRY_UNTRUSTED,   /* certificate or handshake */
    REGISTRY_TIMEOUT,     /* nobody answers, or too slowly */
    REGISTRY_TOO_LARGE,   /* more than 4 MiB when unpacked */
    REGISTRY_BROKEN,      /* cut, or no HTTP */
    REGISTRY_REDIRECT,    /* to something that is not HTTPS, or too often */
    REGISTRY_STATUS,      /* another status than 200 and 304: `status` */
    REGISTRY_PAGE,        /* HTML where a list should be */
    REGISTRY_MALFORMED,   /* begins as JSON and is none, or is binary */
    REGISTRY_TOO_DEEP,    /* nested too deeply */
    REGISTRY_TOO_LONG,    /* too many values */
    REGISTRY_EMPTY,       /* nothing in it that this whitelist takes */
    REGISTRY_SHRUNKEN,    /* more than registry-shrink has vanished at once */
    REGISTRY_NO_MEMORY,
    REGISTRY_OUTCOME_COUNT,
};
/* "good", "unchanged", "unresolved"... */
const char *registry_outcome_name(enum registry_outcome outcome);
/* One sentence for a person, without a full stop. */
const char *registry_outcome_text(enum registry_outcome outcome);
bool registry_outcome_is_good(enum registry_outcome outcome);

/* Counts since the process started, or of the list in force; unused parts are zero. */
struct registry_report {
    uint64_t tried_ns; /* CLOCK_REALTIME of the last fetch's end; 0: none yet */
    uint64_t
        good_ns; /* of the list in force: when it was last seen to be right; 0: there is none */
    uint64_t next_ns;          /* of the next fetch; 0: none is planned */
    uint32_t status;           /* HTTP status of the last fetch; 0: none came */
    uint32_t failures;         /* fetches in a row that were not good */
    uint32_t hosts, addresses; /* of the list in force */
    uint32_t outside, wildcards, prefixes, not_taken; /* the same: what it holds besides */
    uint32_t names;      /* names that are resolved now, listed or not */
    uint32_t unresolved; /* of these: the last attempt failed */
    uint64_t lookups, lookup_failures, lookup_mismatches; /* questions; no answer; forged ones */
    uint8_t whitelist;                                    /* its index in the configuration */
    uint8_t outcome;                                      /* enum registry_outcome */
    uint8_t has_list;                                     /* 0, 1: a URL is configured */
    uint8_t kept; /* 0, 1: the list in force was read back at start */
    uint8_t zeros[4];
    struct dname unresolved_name; /* the first of the unresolved; none: length 0 and zeros */
};

bool registry_report_is_valid(const struct registry_report *report);

#endif
