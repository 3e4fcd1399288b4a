/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The subcommands that live in the dispatcher itself, one file each.  Each gets its own name as
 * argv[0] and returns the process's exit status.
 */
#ifndef WILDSET_CLIENT_COMMANDS_H
#define WILDSET_CLIENT_COMMANDS_H

int list_main(int argc, char **argv);
int metrics_main(int argc, char **argv);
int status_main(int argc, char **argv);
int forget_main(int argc, char **argv);
int reload_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int watch_main(int argc, char **argv);
int rules_main(int argc, char **argv);
int test_main(int argc, char **argv);

#endif
