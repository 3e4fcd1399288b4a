/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset forget`: takes back what was allowed, by address or by name.
 */
#include "client/commands.h"
#include "client/subject.h"

#include <stdbool.h>
#include <stdio.h>

static const struct options_page page = {
    .usage = "usage: wildset forget [--json] ADDRESS|NAME\n",
    .help =
        "Revokes the leases of an address, or all leases of a name; the elements leave "
        "the\n"
        "sets at once.  The next answer for the name allows its addresses again.  Only for root "
        "and\n"
        "the user wildset.\n\n"
        "  --json          one object: {\"forgotten\":N}; with \"leaving\":N while the kernel\n"
        "                  still holds some of the elements\n"
        "  --socket PATH   the daemon's socket\n\n"
        "Exit status: 0 something was revoked, 1 nothing was, or an error, 64 wrong usage.\n",
};

int forget_main(int argc, char **argv)
{
    struct options options;
    json_t *reply = NULL;
    int status = subject_ask(&options, &page, argc, argv, "forget", &reply);

    if (!reply)
        return status;

    json_int_t count = json_integer_value(json_object_get(reply, "forgotten"));
    json_int_t leaving = json_integer_value(json_object_get(reply, "leaving"));
    json_decref(reply);
    if (options.json && leaving > 0)
        printf("{\"forgotten\":%" JSON_INTEGER_FORMAT ",\"leaving\":%" JSON_INTEGER_FORMAT "}\n",
               count, leaving);
    else if (options.json)
        printf("{\"forgotten\":%" JSON_INTEGER_FORMAT "}\n", count);
    else if (count == 0)
        fprintf(stderr, "wildset: nothing is allowed for %s now; `wildset list` shows what is\n",
                argv[options.first]);
    else
        printf("%" JSON_INTEGER_FORMAT " revoked\n", count);
    if (leaving > 0 && !options.json)
        fprintf(stderr,
                "wildset: the kernel still has %" JSON_INTEGER_FORMAT
                " of the revoked elements, because other programs keep changing the ruleset: "
                "wildset keeps trying; `wildset list` shows them as leaving\n",
                leaving);
    return count ? COMMAND_OK : COMMAND_FAILED;
}
