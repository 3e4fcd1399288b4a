/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset metrics`: for Prometheus, on the standard output or as a file of node_exporter's
 * textfile collector, which must never find half of it.
 */
#include "client/commands.h"
#include "client/commands/prometheus.h"
#include "client/connection.h"
#include "client/options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct options_page page = {
    .usage = "usage: wildset metrics [--output FILE]\n",
    .help = "Counters, leases, drops and latency as Prometheus reads them.  When the daemon does\n"
            "not answer, wildset_up is 0.\n\n"
            "  --output FILE   replace FILE as a whole, for node_exporter's textfile collector\n"
            "  --socket PATH   the daemon's socket\n\n"
            "Exit status: 0, 1 when the daemon or FILE cannot be reached, 64 wrong usage.\n",
};

static int stream_finish(FILE *stream)
{
    if (ferror(stream) || fflush(stream) != 0)
        return errno ? -errno : -EIO;
    return fchmod(fileno(stream), 0644) < 0 ? -errno : 0;
}

/* 0 or -errno. */
static int file_replace(const char *path, const json_t *status)
{
    char draft[PATH_MAX];
    FILE *stream;
    int fd, error;

    if (snprintf(draft, sizeof(draft), "%s.new", path) >= (int)sizeof(draft))
        return -ENAMETOOLONG;
    fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    stream = fdopen(fd, "w");
    if (!stream) {
        close(fd);
        return -ENOMEM;
    }
    errno = 0;
    exposition_print(status, stream);
    error = stream_finish(stream);
    if (fclose(stream) != 0 && error == 0)
        error = -errno;
    if (error == 0 && rename(draft, path) < 0)
        error = -errno;
    if (error < 0)
        (void)unlink(draft);
    return error;
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
        error = file_replace(options.output, status);
    else
        exposition_print(status, stdout);
    if (error < 0)
        fprintf(stderr, "wildset: writing %s: %s\n", options.output, strerror(-error));
    json_decref(status);
    return known && error == 0 ? COMMAND_OK : COMMAND_FAILED;
}
