/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running whole: sources tell, setsync decides and writes, the control socket answers.  What
 * main.c opens, runs and closes.
 */
#ifndef WILDSET_DAEMON_DAEMON_H
#define WILDSET_DAEMON_DAEMON_H

struct config;
struct daemon;

struct daemon_options {
    const char *config_path;
    const char *control_path;
    const char *libexec; /* the directory of the source programs */
    const char *state;   /* the file that keeps the leases; NULL: none */
};

/*
 * Takes the configuration.  Sets are looked at and made, the control socket is open, the sniffer
 * has been started; 0, or -errno with `*what` saying what failed.
 */
int daemon_open(const struct daemon_options *options, struct config *config, struct daemon **out,
                const char **what);
/* Until SIGTERM or SIGINT.  0 or -errno. */
int daemon_run(struct daemon *daemon);
/* Ends the sources; the sets stay as they are. */
void daemon_close(struct daemon *daemon);

#endif
