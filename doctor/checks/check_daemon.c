/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration and the daemon: what all else stands on.
 */
#include "doctor/doctor.h"

#include "client/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- configuration ---- */

static void config_warning_add(void *context, const char *line)
{
    struct doctor *doctor = context;

    checklist_add(doctor->list, "configuration", CHECK_WARNING, "%s", line);
}

void check_configuration(struct doctor *doctor)
{
    const char *path = doctor->options->config ? doctor->options->config : CONFIG_DEFAULT_PATH;
    char error[CONFIG_ERROR_MAX];
    int result = config_read(path, &doctor->config, error);

    if (result == 0) {
        const struct config *config = doctor->config;
        size_t names = 0;

        for (size_t i = 0; i < config->whitelist_count; i++)
            names += config->whitelists[i].pattern_count;
        checklist_add(doctor->list, "configuration", CHECK_OK, "%s: %zu whitelist%s, %zu name%s",
                      path, config->whitelist_count, config->whitelist_count == 1 ? "" : "s", names,
                      names == 1 ? "" : "s");
        if (!doctor->options->host_only)
            config_warnings(config, config_warning_add, doctor);
        return;
    }
    doctor->config = NULL;
    for (char *line, *rest = error; (line = strsep(&rest, "\n"));) /* one line a finding */
        checklist_add(doctor->list, "configuration", CHECK_FAILURE, "%s", line);
    if (result == -EACCES)
        checklist_advise(doctor->list, "only root may read it: try sudo");
    else if (result == -ENOENT)
        checklist_advise(doctor->list, "give its path with --config, or copy the firewall's file");
    else
        checklist_advise(doctor->list,
                         "until this is fixed, wildsetd does not start, and `systemctl reload"
                         " wildset` changes nothing");
}

/* ---- daemon ---- */

static int status_ask(struct doctor *doctor)
{
    int error = connection_open(doctor->options->socket, &doctor->connection);

    if (error < 0)
        return error;
    error = connection_ask(doctor->connection, "status", NULL);
    if (error < 0)
        return error;
    error = connection_receive(doctor->connection, &doctor->status);
    if (error <= 0)
        return error < 0 ? error : -ECONNRESET;
    return json_is_string(json_object_get(doctor->status, "version")) ? 0 : -EBADMSG;
}

static void daemon_describe(struct doctor *doctor)
{
    const char *version = json_string_value(json_object_get(doctor->status, "version"));
    json_int_t uptime = json_integer_value(json_object_get(doctor->status, "uptime"));
    json_int_t leases = json_integer_value(json_object_get(doctor->status, "leases"));
    char text[DURATION_TEXT_MAX];

    checklist_add(doctor->list, "daemon", CHECK_OK,
                  "wildsetd %s answers at %s, up for %s; %" JSON_INTEGER_FORMAT
                  " address%s allowed now",
                  version, doctor->options->socket,
                  duration_to_text(uptime > 0 ? (unsigned long long)uptime : 0, text), leases,
                  leases == 1 ? "" : "es");
    if (strcmp(version, WILDSET_VERSION) == 0)
        return;
    checklist_add(doctor->list, "daemon", CHECK_WARNING,
                  "wildsetd is version %s, this wildset is " WILDSET_VERSION, version);
    checklist_advise(doctor->list, "after an upgrade: `systemctl restart wildset`");
}

void check_daemon(struct doctor *doctor)
{
    int error = status_ask(doctor);

    if (error == 0) {
        doctor->daemon = connection_process(doctor->connection);
        daemon_describe(doctor);
        return;
    }
    connection_close(doctor->connection);
    doctor->connection = NULL;
    json_decref(doctor->status);
    doctor->status = NULL;
    checklist_add(doctor->list, "daemon", CHECK_FAILURE, "wildsetd cannot be reached at %s: %s",
                  doctor->options->socket, strerror(-error));
    checklist_advise(doctor->list, "%s", connection_advice(error));
}
