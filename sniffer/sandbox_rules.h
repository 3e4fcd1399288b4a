/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sniffer may do once it is set up: system calls and limits.
 */
#ifndef WILDSET_SNIFFER_SANDBOX_RULES_H
#define WILDSET_SNIFFER_SANDBOX_RULES_H

struct sandbox_rules;

const struct sandbox_rules *sniffer_sandbox_rules(void);

#endif
