/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon may do once it is set up: system calls and limits.
 */
#ifndef WILDSET_DAEMON_SANDBOX_RULES_H
#define WILDSET_DAEMON_SANDBOX_RULES_H

struct sandbox_rules;
struct sandbox_privileges;

const struct sandbox_rules *daemon_sandbox_rules(void);
/* What it keeps from the start on. */
const struct sandbox_privileges *daemon_privileges(void);

#endif
