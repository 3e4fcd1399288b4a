/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset explain`: why an address or a name is allowed, or why not.
 */
#include "client/commands.h"
#include "client/commands/explain_text.h"
#include "client/subject.h"

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
    json_t *reply = NULL;
    int status = subject_ask(&options, &page, argc, argv, "explain", &reply);

    if (!reply)
        return status;

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
