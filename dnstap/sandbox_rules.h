/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the dnstap process may do once it is set up: system calls and limits.
 */
#ifndef WILDSET_DNSTAP_SANDBOX_RULES_H
#define WILDSET_DNSTAP_SANDBOX_RULES_H

struct sandbox_rules;

const struct sandbox_rules *dnstap_sandbox_rules(void);

#endif
