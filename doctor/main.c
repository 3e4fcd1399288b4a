/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset doctor`: walks the whole way and says of each step whether it works and what to do.
 */
#include "doctor/doctor.h"

#include "client/subject.h"
#include "client/table.h"
#include "daemon/config/values.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct options_page page = {
    .usage =
        "usage: wildset doctor [--config FILE] [--socket PATH] [--json]\n"
        "       wildset doctor [--host-only] [--ca FILE] [--path PATH] [--timeout SECONDS] ...\n"
        "                      HOST\n",
    .help =
        "Checks the whole setup: configuration, daemon, sandbox, interfaces, DNS, sets, rules,\n"
        "registry, clock; and says what to do about each finding.  With HOST, a server's name or\n"
        "address, also what a client on this machine finds on the way to it: its addresses and\n"
        "whether they are allowed, each service, the certificate, and a WebSocket.\n"
        "As root it can look at the rules too.\n\n"
        "  --config FILE      the configuration (" CONFIG_DEFAULT_PATH ")\n"
        "  --socket PATH      the daemon's socket\n"
        "  --host-only        only what concerns HOST: for a client, where no daemon runs\n"
        "  --ca FILE          certificates to trust instead of the system's\n"
        "  --path PATH        where HOST has a WebSocket (/)\n"
        "  --timeout SECONDS  for each step on the way to HOST (3)\n"
        "  --json             one object\n\n"
        "Exit status: 0; 1 with a failure; 64 wrong usage.  Warnings do not count.\n",
};

enum { TIMEOUT_SECONDS = 3, TIMEOUT_MOST = 60 };

/* What has to be there for a check to make sense; each thing missing is a finding of its own. */
enum need {
    NEEDS_NOTHING,
    NEEDS_STATUS,
    NEEDS_CONFIG,
};

static const struct {
    void (*run)(struct doctor *doctor);
    enum need need;
    bool of_host; /* also with --host-only */
} checks[] = {
    {check_configuration, NEEDS_NOTHING, true}, {check_daemon, NEEDS_NOTHING, false},
    {check_sandbox, NEEDS_STATUS, false},       {check_sources, NEEDS_STATUS, false},
    {check_interfaces, NEEDS_STATUS, false},    {check_dns, NEEDS_STATUS, false},
    {check_resolvers, NEEDS_STATUS, false},     {check_encrypted_dns, NEEDS_STATUS, false},
    {check_sets, NEEDS_STATUS, false},          {check_rules, NEEDS_CONFIG, false},
    {check_registry, NEEDS_STATUS, false},      {check_clock, NEEDS_NOTHING, true},
    {check_host, NEEDS_CONFIG, true},
};

static int examine(struct doctor *doctor)
{
    doctor->list = checklist_new(stdout, doctor->options->json, colour_is_wanted(stdout));
    if (!doctor->list) {
        fputs("wildset: out of memory\n", stderr);
        return COMMAND_FAILED;
    }
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        const bool has[] = {[NEEDS_NOTHING] = true,
                            [NEEDS_STATUS] = doctor->status,
                            [NEEDS_CONFIG] = doctor->config};

        if (has[checks[i].need] && (checks[i].of_host || !doctor->options->host_only))
            checks[i].run(doctor);
    }
    checklist_end(doctor->list);
    int status = checklist_count(doctor->list, CHECK_FAILURE) > 0 ? COMMAND_FAILED : COMMAND_OK;
    checklist_free(doctor->list);
    connection_close(doctor->connection);
    json_decref(doctor->status);
    if (doctor->config)
        config_free(doctor->config);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    perror("wildset: cannot write the output");
    return COMMAND_FAILED;
}

/* "/", "/socket?room=1": as it may stand in a request line. */
static bool path_is_good(const char *path)
{
    if (path[0] != '/' || strlen(path) > 1024)
        return false;
    for (; *path; path++) {
        if (*path <= ' ' || *path > '~')
            return false;
    }
    return true;
}

/* NULL, or what is wrong with the options. */
static const char *options_judge(const struct options *options, const char *host,
                                 struct doctor *doctor)
{
    uint32_t seconds = TIMEOUT_SECONDS;

    if (!host && (options->host_only || options->ca || options->path || options->timeout))
        return "--host-only, --ca, --path and --timeout require a HOST";
    if (options->path && !path_is_good(options->path))
        return "--path: expected the path of a URL, for example /socket";
    if (options->timeout &&
        (!value_number(options->timeout, TIMEOUT_MOST, &seconds) || seconds == 0))
        return "--timeout: expected seconds, 1 to 60";
    doctor->timeout_ms = seconds * 1000;
    return NULL;
}

int main(int argc, char **argv)
{
    struct options options;
    struct doctor doctor = {.options = &options};
    json_t *subject = NULL;

    if (!options_read(&options, &page, argc, argv,
                      OPTION_JSON | OPTION_CONFIG | OPTION_SOCKET | OPTION_HOST_ONLY | OPTION_CA |
                          OPTION_PATH | OPTION_TIMEOUT))
        return options.status;
    if (argc - options.first > 1)
        return options_refuse(&page, "expected at most one host");
    const char *host = argv[options.first];
    const char *problem = options_judge(&options, host, &doctor);
    if (problem)
        return options_refuse(&page, problem);
    if (host) {
        subject = subject_read(host, &problem);
        if (!subject)
            return options_refuse_argument(&page, host, problem);
    }
    doctor.host = json_string_value(json_object_get(subject, "address"));
    if (!doctor.host)
        doctor.host = json_string_value(json_object_get(subject, "name"));
    int status = examine(&doctor);
    json_decref(subject);
    return status;
}
