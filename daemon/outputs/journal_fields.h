/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event as fields of a journal entry: WILDSET_ and the key of the JSON, in upper case.  What is
 * unknown is left out.  wildsetd(8) lists them, and the MESSAGE_IDs with their texts are in
 * packaging/systemd/wildset.catalog.
 */
#ifndef WILDSET_DAEMON_OUTPUTS_JOURNAL_FIELDS_H
#define WILDSET_DAEMON_OUTPUTS_JOURNAL_FIELDS_H

#include "base/journald.h"
#include "setsync/policy/event.h"

/* All but MESSAGE, PRIORITY and SYSLOG_IDENTIFIER. */
void journal_fields(const struct event *event, struct journald_entry *entry);

#endif
