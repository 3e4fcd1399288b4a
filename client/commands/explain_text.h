/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's explanation of an address or a name, in sentences: why it is allowed, or why not,
 * and what to do about it.
 */
#ifndef WILDSET_CLIENT_COMMANDS_EXPLAIN_TEXT_H
#define WILDSET_CLIENT_COMMANDS_EXPLAIN_TEXT_H

#include <jansson.h>
#include <stdio.h>

/* `reply` as in daemon/explanation.h. */
void explain_text_print(const json_t *reply, FILE *out);

#endif
