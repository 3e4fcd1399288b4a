/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's explanation of an address or a name, in sentences: why it is allowed, or why not,
 * and what to do about it.
 */
#ifndef WILDSET_CLIENT_COMMANDS_EXPLAIN_TEXT_H
#define WILDSET_CLIENT_COMMANDS_EXPLAIN_TEXT_H

#include <jansson.h>
#include <stdio.h>

/* Which patterns come near the reply's name, or that none does: whitelist by whitelist. */
void explain_misses_print(const json_t *reply, FILE *out);
/* What to do about a name that no pattern matches. */
void explain_add_name_print(FILE *out);
/* `reply` as in daemon/explanation.h. */
void explain_text_print(const json_t *reply, FILE *out);

#endif
