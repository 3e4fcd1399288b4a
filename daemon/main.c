/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wildsetd, the daemon: options, configuration, privileges, open, sandbox, loop, close.
 */
#include "base/log.h"
#include "base/priority.h"
#include "base/sandbox.h"
#include "daemon/config/config.h"
#include "daemon/config/trusted.h"
#include "daemon/control/control.h"
#include "daemon/control/protocol.h"
#include "daemon/daemon.h"
#include "daemon/outputs/feed_file.h"
#include "daemon/outputs/lease_saver.h"
#include "daemon/sandbox_rules.h"
#include "daemon/service_paths.h"
#include "daemon/sources/mirrored.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

struct options {
    const char *config;
    const char *control;
    const char *state; /* NULL: where systemd or the package says; "": nowhere */
    bool check;
};

static const char usage[] =
    "usage: wildsetd [--config FILE] [--control SOCKET] [--state FILE] [--check]\n"
    "\n"
    "Watches DNS answers and keeps the addresses of the names that the configuration lists in\n"
    "nftables sets.  Runs in the foreground; SIGHUP reads the configuration again.\n"
    "\n"
    "  --config FILE     instead of " CONFIG_DEFAULT_PATH "\n"
    "  --control SOCKET  instead of " CONTROL_DEFAULT_PATH "\n"
    "  --state FILE      state file; \"\" disables it (" SAVER_FOLDER "/" SAVER_FILE " if\n"
    "                    that directory exists, unless --control is given)\n"
    "  --check           check the configuration and exit (78 if it is invalid)\n"
    "  --help, --version\n";

static const struct option option_table[] = {
    {"config", required_argument, NULL, 'c'},
    {"control", required_argument, NULL, 's'},
    {"state", required_argument, NULL, 'k'},
    {"check", no_argument, NULL, 'n'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};

/* -1: go on; otherwise the status to exit with. */
static int read_options(int argc, char **argv, struct options *options)
{
    int option;

    while ((option = getopt_long(argc, argv, "c:s:k:nhv", option_table, NULL)) != -1) {
        switch (option) {
        case 'c':
            options->config = optarg;
            break;
        case 's':
            options->control = optarg;
            break;
        case 'k':
            options->state = optarg;
            break;
        case 'n':
            options->check = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'v':
            puts("wildsetd " WILDSET_VERSION);
            return EXIT_SUCCESS;
        default:
            fputs(usage, stderr);
            return EX_USAGE;
        }
    }
    if (optind == argc)
        return -1;
    fprintf(stderr, "wildsetd: %s: unexpected argument\n%s", argv[optind], usage);
    return EX_USAGE;
}

static void print_warning(void *context, const char *line)
{
    (void)context;
    printf("warning: %s\n", line);
}

static void print_note(void *context, const char *line)
{
    (void)context;
    printf("note: %s\n", line);
}

/* By whom answers are trusted here, which the system says too. */
static void print_trusted(const struct config *config)
{
    struct trusted_files files = trusted_files();
    struct trusted trusted;
    char text[TRUSTED_TEXT_MAX];

    if (trusted_make(config, &files, &trusted))
        return;
    printf("note: trusted resolvers: %s\n", trusted_to_text(&trusted, text));
    trusted_free(&trusted);
}

static void check_feeds(const struct config *config)
{
    for (size_t i = 0; i < config->whitelist_count; i++) {
        const struct whitelist *whitelist = &config->whitelists[i];
        int result = whitelist->feed[0] != '\0' ? servicepaths_try(whitelist->feed) : 0;

        if (result)
            printf("warning: whitelist %s: feed: %s: %s: %s\n", whitelist->name, whitelist->feed,
                   strerror(-result), feedfile_advice(result));
    }
}

static int check(const struct options *options, const struct config *config)
{
    size_t names = 0;
    for (size_t i = 0; i < config->whitelist_count; i++)
        names += config->whitelists[i].pattern_count;
    config_warnings(config, print_warning, NULL);
    config_notes(config, print_note, NULL);
    print_trusted(config);
    check_feeds(config);
    printf("%s: configuration OK: %zu whitelist%s, %zu name%s\n", options->config,
           config->whitelist_count, config->whitelist_count == 1 ? "" : "s", names,
           names == 1 ? "" : "s");
    return fflush(stdout) ? EX_IOERR : EXIT_SUCCESS;
}

/* The programs stand beside each other, in the build tree as when installed: sbin, libexec/wildset.
 */
static int find_libexec(char out[static PATH_MAX])
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    for (int up = 0; length > 0 && up < 2; up++) {
        while (length > 0 && self[length - 1] != '/')
            length--;
        length--;
    }
    if (length < 0)
        return -ENOENT;
    if (snprintf(out, PATH_MAX, "%.*s/libexec/wildset", (int)length, self) >= PATH_MAX)
        return -ENAMETOOLONG;
    return 0;
}

/* systemd makes /run/wildset for the unit (RuntimeDirectory); by hand nobody has. */
static int make_runtime_folder(const char *control)
{
    static const char folder[] = "/run/wildset";
    const struct passwd *user;

    if (strcmp(control, CONTROL_DEFAULT_PATH) != 0)
        return 0;
    if (mkdir(folder, 0755) < 0 && errno != EEXIST)
        return -errno;
    user = geteuid() == 0 ? getpwnam("wildset") : NULL;
    if (user && chown(folder, user->pw_uid, user->pw_gid) < 0)
        return -errno;
    return 0;
}

/* By root while it may; in a unit LimitRTPRIO says it. */
static void take_priority(void)
{
    int result;

    (void)priority_allow();
    result = priority_take(PRIORITY_DAEMON);
    if (result)
        log_notice("no real-time priority (%s): on a busy machine addresses are added later; "
                   "LimitRTPRIO=2 in the unit grants it",
                   strerror(-result));
}

static int prepare_daemon(const struct options *options, enum plan_latency latency,
                          char libexec[static PATH_MAX], const char **what)
{
    int result = find_libexec(libexec);
    *what = "locating the source programs";
    if (result)
        return result;
    *what = "making /run/wildset";
    result = make_runtime_folder(options->control);
    if (result)
        return result;
    if (latency == LATENCY_LOW)
        take_priority();
    if (sched_getscheduler(0) == SCHED_IDLE)
        log_notice("cannot leave the SCHED_IDLE scheduling class: on a busy machine addresses are "
                   "added late, or not at all");
    *what = "acquiring privileges (CAP_NET_ADMIN and CAP_NET_RAW: start it by systemd or as root)";
    return sandbox_reduce_privileges(daemon_privileges());
}

/* systemd makes the directory and names it (StateDirectory, the first of several). */
static const char *find_state(const struct options *options, char out[static PATH_MAX])
{
    const char *folder = getenv("STATE_DIRECTORY");

    if (options->state)
        return options->state[0] != '\0' ? options->state : NULL;
    if (!folder || folder[0] != '/') {
        folder = SAVER_FOLDER;
        if (strcmp(options->control, CONTROL_DEFAULT_PATH) != 0)
            return NULL; /* one beside the system's own: its leases are none of ours */
    }
    snprintf(out, PATH_MAX, "%.*s", (int)strcspn(folder, ":"), folder);
    if (access(out, W_OK) < 0) {
        log_notice("%s: %s: leases will be lost on reboot", out, strerror(errno));
        return NULL;
    }
    snprintf(out, PATH_MAX, "%.*s/" SAVER_FILE, (int)strcspn(folder, ":"), folder);
    return out;
}

/* Takes the configuration. */
static int run_daemon(const struct options *options, struct config *config)
{
    char libexec[PATH_MAX], state[PATH_MAX];
    struct daemon_options wanted = {
        .config_path = options->config,
        .control_path = options->control,
        .libexec = libexec,
    };
    struct daemon *daemon;
    const char *what;
    int result = prepare_daemon(options, config->latency, libexec, &what);

    if (result) {
        config_free(config);
        log_error("%s: %s", what, strerror(-result));
        return result == -EPERM ? EX_NOPERM : EX_OSERR;
    }
    wanted.state = find_state(options, state);
    result = daemon_open(&wanted, config, &daemon, &what);
    if (result) {
        log_error("cannot open %s: %s%s", what, strerror(-result),
                  result == -EADDRINUSE ? ": another wildsetd is running" : "");
        return EX_OSERR;
    }
    result = sandbox_enter(daemon_sandbox_rules());
    if (result)
        log_error("entering the sandbox: %s", strerror(-result));
    else
        result = daemon_run(daemon);
    daemon_close(daemon);
    return result ? EX_OSERR : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options options = {.config = CONFIG_DEFAULT_PATH, .control = CONTROL_DEFAULT_PATH};
    char error[CONFIG_ERROR_MAX];
    struct config *config;
    int status = read_options(argc, argv, &options);

    if (status >= 0)
        return status;
    log_open("wildsetd", LOG_LEVEL_INFO);
    if (mirrored_config_read(options.config, &config, error)) {
        fprintf(stderr, "%s\n", error);
        return EX_CONFIG;
    }
    if (!options.check)
        return run_daemon(&options, config);
    status = check(&options, config);
    config_free(config);
    return status;
}
