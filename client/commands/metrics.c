/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset metrics`: for Prometheus, on the standard output or as a file of node_exporter's
 * textfile collector, which must never find half of it.
 */
#include "base/file.h"
#include "client/commands.h"
#include "client/commands/prometheus.h"
#include "client/connection.h"
#include "client/options.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct options_page page = {
    .usage = "usage: wildset metrics [--output FILE]\n",
    .help = "Counters, leases, drops and latency as Prometheus reads them.  When the daemon does\n"
            "not answer, wildset_up is 0.\n\n"
            "  --output FILE   replace FILE as a whole, for node_exporter's textfile collector\n"
            "  --socket PATH   the daemon's socket\n\n"
            "Exit status: 0, 1 when the daemon or FILE cannot be reached, 64 wrong usage.\n",
};

static int print_status(void *context, FILE *stream)
{
    exposition_print(context, stream);
    return 0;
}

int metrics_main(int argc, char **argv)
{
    struct options options;
    int error = 0;

    if (!options_read(&options, &page, argc, argv, OPTION_OUTPUT | OPTION_SOCKET))
        return options.status;
    if (argc != options.first)
        return options_refuse(&page, "takes no argument");

    json_t *status = connection_request(options.socket, "status", NULL);
    bool known = status != NULL;
    if (options.output)
        error = file_replace(options.output, 0644, false, print_status, status);
    else
        exposition_print(status, stdout);
    if (error < 0)
        fprintf(stderr, "wildset: writing %s: %s\n", options.output, strerror(-error));
    json_decref(status);
    return known && error == 0 ? COMMAND_OK : COMMAND_FAILED;
}
