/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process may do: capabilities (libcap-ng), no new privileges, resource limits, and a
 * seccomp allow-list (base/seccomp.h).  What exactly is the program's own table.  A process that
 * cannot take its sandbox exits: nothing here fails open.
 */
#ifndef WILDSET_BASE_SANDBOX_H
#define WILDSET_BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

struct sandbox_limit {
    __rlimit_resource_t resource;
    rlim_t most;    /* soft and hard */
    bool on_stderr; /* not when stderr is a file: the log must be able to grow */
};

struct seccomp_table;

/* A program's own. */
struct sandbox_rules {
    const struct seccomp_table *tables; /* besides what every process needs */
    size_t table_count;
    const struct sandbox_limit *limits;
    size_t limit_count;
};

struct sandbox_privileges {
    const char *user;   /* whom root becomes, where this user exists */
    unsigned effective; /* a capability */
    unsigned passed;    /* one in the permitted set only, for programs that are started later */
};

/*
 * First thing in a privileged process.  Whether it was started by root or by systemd with ambient
 * capabilities: it ends with the two of `kept`, all else gone for good (securebits, bounding set
 * where it may be changed).  0 or -errno; -EPERM when one of the two is missing.
 */
int sandbox_reduce_privileges(const struct sandbox_privileges *kept);
/* In the child between fork and exec: NET_RAW alone, ambient, for the program that is executed. */
int sandbox_pass_net_raw(void);
/* The same with nothing passed at all. */
int sandbox_pass_nothing(void);
/* No capabilities from here on, not even permitted. */
int sandbox_drop_capabilities(void);
/* No new privileges, limits, then the listed system calls only; any other ends the process. */
int sandbox_enter(const struct sandbox_rules *rules);

#endif
