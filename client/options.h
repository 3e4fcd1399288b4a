/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that subcommands share, their help pages, and the exit statuses.
 */
#ifndef WILDSET_CLIENT_OPTIONS_H
#define WILDSET_CLIENT_OPTIONS_H

#include <stdbool.h>

enum command_status {
    COMMAND_OK = 0,
    COMMAND_FAILED = 1,   /* said on stderr */
    COMMAND_DEGRADED = 1, /* status: it works, but not as it should */
    COMMAND_FAILING = 2,  /* status: it does not work, or does not answer */
    COMMAND_USAGE = 64,   /* EX_USAGE of sysexits.h */
};

/* Which options a subcommand takes. */
enum {
    OPTION_JSON = 1 << 0,
    OPTION_SOCKET = 1 << 1,
    OPTION_CONFIG = 1 << 2,
    OPTION_ALL = 1 << 3,
    OPTION_SHAPE = 1 << 4,
    OPTION_TABLE = 1 << 5,
    OPTION_CHAIN = 1 << 6,
    OPTION_MARK = 1 << 7,
    OPTION_CA = 1 << 8,
    OPTION_PATH = 1 << 9,
    OPTION_TIMEOUT = 1 << 10,
    OPTION_HOST_ONLY = 1 << 11,
    OPTION_OUTPUT = 1 << 12,
    OPTION_URL = 1 << 13,
    OPTION_FILE = 1 << 14,
    OPTION_HOLD = 1 << 15,
    OPTION_SORT = 1 << 16,
    OPTION_NAME = 1 << 17,
    OPTION_SOURCE = 1 << 18,
    OPTION_CLIENT = 1 << 19,
    OPTION_LIMIT = 1 << 20,
};

struct options_page {
    const char *usage; /* one line */
    const char *help;
};

struct options {
    bool json, all, host_only, hold;
    const char *socket, *config, *shape, *table, *chain, *mark, *ca, *path, *timeout, *output, *url,
        *file, *sort, *name, *source, *client, *limit; /* NULL: not given, but for socket */
    int first;                                         /* index of the first argument in argv */
    int status; /* the exit status when options_read says no */
};

/* False when there is nothing more to do: help was asked for and printed, or the usage is wrong. */
bool options_read(struct options *out, const struct options_page *page, int argc, char **argv,
                  unsigned taken);
/* Says what is wrong and the usage line on stderr.  COMMAND_USAGE. */
int options_refuse(const struct options_page *page, const char *what);
/* The same of one argument: "... is a prefix". */
int options_refuse_argument(const struct options_page *page, const char *argument,
                            const char *what);

#endif
