/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset reload`: the daemon reads its configuration again; ends when that is in force.
 */
#include "client/commands.h"
#include "client/connection.h"
#include "client/options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

static const struct options_page page = {
    .usage = "usage: wildset reload [--json]\n",
    .help = "Makes the daemon reload its configuration.  Returns once it is in force and the "
            "sources use\n"
            "it; if it is invalid, with an error, file and line, and the previous one is kept.  "
            "Only for\n"
            "root and the user wildset.\n\n"
            "  --json          one object: {\"reloaded\":true}\n"
            "  --socket PATH   the daemon's socket\n\n"
            "Exit status: 0 it is in force, 1 an error, 64 wrong usage.\n",
};

/* 1 with the reply; 0 or -errno. */
static int reload(const char *path, struct connection **connection, json_t **reply)
{
    int error = connection_open(path, connection);

    if (error == 0)
        error = connection_ask(*connection, "reload", NULL);
    if (error == 0)
        error = connection_be_patient(*connection); /* the daemon knows how long it may take */
    return error == 0 ? connection_receive(*connection, reply) : error;
}

int reload_main(int argc, char **argv)
{
    struct connection *connection = NULL;
    struct options options;
    json_t *reply = NULL;
    bool done = false;

    if (!options_read(&options, &page, argc, argv, OPTION_JSON | OPTION_SOCKET))
        return options.status;
    if (argc != options.first)
        return options_refuse(&page, "takes no argument");

    int got = reload(options.socket, &connection, &reply);
    if (got == 0)
        fputs("wildset: wildsetd exited, or accepts no more clients: try `systemctl "
              "status wildset`\n",
              stderr);
    else if (got < 0)
        connection_explain(options.socket, got);
    else
        done = !reply_is_error(reply);
    if (done && options.json)
        puts("{\"reloaded\":true}");
    json_decref(reply);
    connection_close(connection);
    return done ? COMMAND_OK : COMMAND_FAILED;
}
