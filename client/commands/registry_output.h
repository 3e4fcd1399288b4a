/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `wildset registry` prints: a line an entry, as JSON or in columns; the summary and the ready
 * `names` line.
 */
#ifndef WILDSET_CLIENT_COMMANDS_REGISTRY_OUTPUT_H
#define WILDSET_CLIENT_COMMANDS_REGISTRY_OUTPUT_H

#include "client/commands/registry_entries.h"

/* False when stdout did not take it. */
bool registry_output(const struct listed_entries *entries, bool json);
/* On stderr. */
void registry_output_summary(const struct listed_entries *entries);

#endif
