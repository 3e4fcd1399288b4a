/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options by table: a subcommand says which of them it takes.
 */
#include "client/options.h"

#include "daemon/control/protocol.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

static const struct {
    const char *name;
    unsigned bit;
    size_t text; /* offset in struct options of the argument's text; 0: none */
    size_t flag; /* offset of the flag */
} known[] = {
    {.name = "json", .bit = OPTION_JSON, .flag = offsetof(struct options, json)},
    {.name = "all", .bit = OPTION_ALL, .flag = offsetof(struct options, all)},
    {.name = "socket", .bit = OPTION_SOCKET, .text = offsetof(struct options, socket)},
    {.name = "config", .bit = OPTION_CONFIG, .text = offsetof(struct options, config)},
    {.name = "shape", .bit = OPTION_SHAPE, .text = offsetof(struct options, shape)},
    {.name = "table", .bit = OPTION_TABLE, .text = offsetof(struct options, table)},
    {.name = "chain", .bit = OPTION_CHAIN, .text = offsetof(struct options, chain)},
    {.name = "mark", .bit = OPTION_MARK, .text = offsetof(struct options, mark)},
    {.name = "ca", .bit = OPTION_CA, .text = offsetof(struct options, ca)},
    {.name = "path", .bit = OPTION_PATH, .text = offsetof(struct options, path)},
    {.name = "timeout", .bit = OPTION_TIMEOUT, .text = offsetof(struct options, timeout)},
    {.name = "host-only", .bit = OPTION_HOST_ONLY, .flag = offsetof(struct options, host_only)},
    {.name = "url", .bit = OPTION_URL, .text = offsetof(struct options, url)},
    {.name = "file", .bit = OPTION_FILE, .text = offsetof(struct options, file)},
    {.name = "hold", .bit = OPTION_HOLD, .flag = offsetof(struct options, hold)},
    {.name = "sort", .bit = OPTION_SORT, .text = offsetof(struct options, sort)},
    {.name = "name", .bit = OPTION_NAME, .text = offsetof(struct options, name)},
    {.name = "source", .bit = OPTION_SOURCE, .text = offsetof(struct options, source)},
    {.name = "client", .bit = OPTION_CLIENT, .text = offsetof(struct options, client)},
    {.name = "limit", .bit = OPTION_LIMIT, .text = offsetof(struct options, limit)},
    {.name = "output", .bit = OPTION_OUTPUT, .text = offsetof(struct options, output)},
};

enum { KNOWN = sizeof(known) / sizeof(known[0]), HELP = KNOWN };

/* "wildset status": what stands in front of what getopt and options_refuse say. */
static char program[48] = "wildset";

int options_refuse(const struct options_page *page, const char *what)
{
    fprintf(stderr, "%s: %s\n%s", program, what, page->usage);
    return COMMAND_USAGE;
}

int options_refuse_argument(const struct options_page *page, const char *argument, const char *what)
{
    fprintf(stderr, "%s: \"%s\" %s\n%s", program, argument, what, page->usage);
    return COMMAND_USAGE;
}

bool options_read(struct options *out, const struct options_page *page, int argc, char **argv,
                  unsigned taken)
{
    struct option table[KNOWN + 2] = {{.name = NULL}}; /* `val` is the index into `known` */
    char *base = (char *)out;
    size_t used = 0;
    int value;

    *out = (struct options){.socket = CONTROL_DEFAULT_PATH};
    for (int i = 0; i < KNOWN; i++) {
        if (known[i].bit & taken)
            table[used++] =
                (struct option){.name = known[i].name,
                                .has_arg = known[i].text ? required_argument : no_argument,
                                .val = i};
    }
    table[used] = (struct option){.name = "help", .val = HELP};
    snprintf(program, sizeof(program), "wildset %.30s", argv[0]);
    argv[0] = program;
    while ((value = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (value < 0 || value >= KNOWN) {
            if (value == HELP)
                printf("%s\n%s", page->usage, page->help);
            else
                fputs(page->usage, stderr);
            out->status = value == HELP ? COMMAND_OK : COMMAND_USAGE;
            return false;
        }
        if (known[value].text)
            *(const char **)(void *)(base + known[value].text) = optarg;
        else
            *(bool *)(base + known[value].flag) = true;
    }
    out->first = optind;
    return true;
}
