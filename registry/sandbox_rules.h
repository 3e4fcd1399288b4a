/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the registry process may do once it is set up: system calls and limits.
 */
#ifndef WILDSET_REGISTRY_SANDBOX_RULES_H
#define WILDSET_REGISTRY_SANDBOX_RULES_H

struct sandbox_rules;

const struct sandbox_rules *registry_sandbox_rules(void);

#endif
