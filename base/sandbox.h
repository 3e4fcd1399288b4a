/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each process may do: capabilities (libcap-ng), no new privileges, resource limits, and a
 * seccomp allow-list (libseccomp) as a table for each role.  A process that cannot take its sandbox
 * exits: nothing here fails open.
 */
#ifndef WILDSET_BASE_SANDBOX_H
#define WILDSET_BASE_SANDBOX_H

enum sandbox_role {
    SANDBOX_DAEMON,
    SANDBOX_SNIFFER,
    SANDBOX_REGISTRY,
};

/*
 * First thing in the daemon.  Whether it was started by root or by systemd with ambient
 * capabilities: NET_ADMIN effective, NET_RAW in the permitted set only, all else gone for good
 * (securebits, bounding set where it may be changed).  Started as root with a user `wildset` on the
 * system, it becomes that user.  0 or -errno; -EPERM when NET_ADMIN or NET_RAW is missing.
 */
int sandbox_daemon_privileges(void);
/* In the child between fork and exec: NET_RAW alone, ambient, for the program that is executed. */
int sandbox_pass_net_raw(void);
/* The same with nothing passed at all. */
int sandbox_pass_nothing(void);
/* No capabilities from here on, not even permitted. */
int sandbox_drop_capabilities(void);
/* No new privileges, limits, then the role's system calls only; a call off the list ends the
 * process. */
int sandbox_enter(enum sandbox_role role);

#endif
