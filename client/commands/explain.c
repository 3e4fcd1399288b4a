/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset explain`: why an address or a name is allowed, or why not.
 */
#include "client/commands.h"
#include "client/commands/explain_text.h"
#include "client/connection.h"
#include "client/options.h"

#include <stdbool.h>
#include <stdio.h>

static const struct options_page page = {
    .usage = "usage: wildset explain [--json] ADDRESS|NAME\n",
    .help =
        "Why an address or a name is allowed: by which pattern of which whitelist, from which\n"
        "answer, for how long, and whether the kernel has it.  Or why not: which patterns come\n"
        "near, what was refused lately, and what to do.\n\n"
        "  --json          one object\n"
        "  --socket PATH   the daemon's socket\n\n"
        "Exit status: 0 it is allowed, 1 it is not, or an error, 64 wrong usage.\n",
};

int explain_main(int argc, char **argv)
{
    struct options options;
    const char *problem;

    if (!options_read(&options, &page, argc, argv, OPTION_JSON | OPTION_SOCKET))
        return options.status;
    if (argc - options.first != 1)
        return options_refuse(&page, "expected one address or name");

    json_t *subject = subject_read(argv[options.first], &problem);
    if (!subject)
        return options_refuse_argument(&page, argv[options.first], problem);
    json_t *reply = connection_request(options.socket, "explain", subject);
    if (!reply)
        return COMMAND_FAILED;

    bool allowed = json_is_true(json_object_get(reply, "allowed"));
    if (options.json)
        json_dumpf(reply, stdout, JSON_COMPACT);
    else
        explain_text_print(reply, stdout);
    if (options.json)
        putchar('\n');
    json_decref(reply);
    return allowed ? COMMAND_OK : COMMAND_FAILED;
}
