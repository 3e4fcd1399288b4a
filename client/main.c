/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `wildset`: finds the subcommand and runs it.  What needs capture or DNS libraries is a program of
 * its own beside us (../libexec/wildset/NAME from where this one lies), so that reading the
 * daemon's state links none of them.
 */
#include "client/commands.h"
#include "client/options.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* NULL: a program in libexec */
    const char *program;               /* its name there; NULL: the command's own */
    const char *help;
};

static const struct command commands[] = {
    {.name = "status", .run = status_main, .help = "sources, interfaces, sets, drops, latency"},
    {.name = "list", .run = list_main, .help = "allowed addresses, and why"},
    {.name = "explain",
     .run = explain_main,
     .help = "why an address or a name is allowed, or why not"},
    {.name = "test", .run = test_main, .help = "what the configuration would do with a name"},
    {.name = "watch", .run = watch_main, .help = "grants, refusals and alarms as they happen"},
    {.name = "rules", .run = rules_main, .help = "a ready nftables ruleset for a whitelist"},
    {.name = "metrics", .run = metrics_main, .help = "counters and latency for Prometheus"},
    {.name = "forget", .run = forget_main, .help = "revoke an address or name"},
    {.name = "reload",
     .run = reload_main,
     .help = "reload the configuration, and wait until it is in force"},
    {.name = "replay", .run = NULL, .help = "what a capture file would have allowed"},
    {.name = "registry",
     .run = NULL,
     .program = "show-registry",
     .help = "fetch a list of servers, and show the result for each entry"},
    {.name = "doctor", .run = NULL, .help = "check the whole setup, and say what to do"},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void commands_print(FILE *out)
{
    fputs("usage: wildset COMMAND [OPTION...] [ARGUMENT...]\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-8s  %s\n", commands[i].name, commands[i].help);
    fputs("\n`wildset COMMAND --help` describes each command, `wildset --version` prints the "
          "version.\n",
          out);
}

static const struct command *subcommand_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

/* PREFIX/bin/wildset runs PREFIX/libexec/wildset/NAME, in the build tree as when installed. */
static int program_run(const char *name, char **argv)
{
    char self[PATH_MAX] = "", path[PATH_MAX];

    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0) {
        fprintf(stderr, "wildset: cannot locate the program of wildset %s: /proc/self/exe: %s\n",
                name, strerror(errno));
        return COMMAND_FAILED;
    }
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(self, '/');

        if (slash)
            *slash = '\0';
    }
    if (snprintf(path, PATH_MAX, "%s/libexec/wildset/%s", self, name) < PATH_MAX)
        execv(path, argv);
    else
        errno = ENAMETOOLONG;
    fprintf(stderr, "wildset: cannot run %s: %s; is the package installed completely?\n", path,
            strerror(errno));
    return COMMAND_FAILED;
}

static int command_run(const struct command *command, int argc, char **argv)
{
    if (command->run)
        return command->run(argc, argv);
    return program_run(command->program ? command->program : command->name, argv);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    bool help = strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
    const struct command *command = subcommand_find(help && argc > 2 ? argv[2] : name);
    char option[] = "--help";

    if (help && command)
        return command_run(command, 2, (char *[]){argv[2], option, NULL});
    if (help) {
        commands_print(stdout);
        return COMMAND_OK;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        puts("wildset " WILDSET_VERSION);
        return COMMAND_OK;
    }
    if (command)
        return command_run(command, argc - 1, argv + 1);
    if (*name != '\0')
        fprintf(stderr, "wildset: unknown command \"%s\"\n\n", name);
    commands_print(stderr);
    return COMMAND_USAGE;
}
