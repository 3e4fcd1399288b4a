/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event that is kept: all that it borrows copied, names at their true length, so that it can be
 * told when there is time, and after a reload.
 */
#ifndef WILDSET_DAEMON_CONTROL_MEMO_H
#define WILDSET_DAEMON_CONTROL_MEMO_H

#include "setsync/policy/event.h"

#include <jansson.h>
#include <stdbool.h>

struct memo;

/* NULL when out of memory. */
struct memo *memo_new(const struct event *event);
void memo_free(struct memo *memo);
/* event_to_json's object and `event`: granted, expired...  NULL when out of memory. */
json_t *memo_to_json(const struct memo *memo);
/* Whether it speaks of this address, or of this name: as the matching one or as the owner. */
bool memo_has_address(const struct memo *memo, const struct address *address);
bool memo_has_name(const struct memo *memo, const struct dname *name);

#endif
