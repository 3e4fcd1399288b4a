/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request of the control socket, read from the bytes of its packet: a flat JSON object, bounded
 * in size and depth, with no key that its command does not know.  Pure.
 */
#ifndef WILDSET_DAEMON_CONTROL_REQUEST_H
#define WILDSET_DAEMON_CONTROL_REQUEST_H

#include "dnsparse/names/address.h"
#include "dnsparse/names/dname.h"
#include "setsync/policy/whitelist.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    REQUEST_MAX = 4096, /* bytes: a name of DNAME_TEXT_MAX and room to spare */
    REQUEST_ERROR_MAX = 256,
};

enum request_command {
    REQUEST_STATUS,
    REQUEST_LIST,
    REQUEST_FORGET,
    REQUEST_EXPLAIN,
    REQUEST_WATCH,
    REQUEST_RELOAD,
    REQUEST_COUNT,
};

struct request {
    enum request_command command;
    char whitelist[WHITELIST_NAME_MAX]; /* list: "" for all */
    bool as_rows;                       /* list */
    struct address address;             /* forget, explain: ADDRESS_NONE when a name is given */
    struct dname name;                  /* forget, explain: length 0 when an address is given */
};

/* Leaves *out alone on failure and says in `error` what is wrong and what would be right. */
bool request_read(const char *bytes, size_t size, struct request *out,
                  char error[static REQUEST_ERROR_MAX]);

#endif
