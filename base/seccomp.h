/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system calls of each role, part of the sandbox (runtime/sandbox.h).
 */
#ifndef WILDSET_BASE_SECCOMP_H
#define WILDSET_BASE_SECCOMP_H

enum sandbox_role;

/* From here on a call off the role's list ends the process (SIGSYS).  0 or -errno. */
int seccomp_enter(enum sandbox_role role);

#endif
