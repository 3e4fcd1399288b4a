/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What in a status object deserves attention, in words, with what to do about it.
 */
#ifndef WILDSET_CLIENT_ADVICE_H
#define WILDSET_CLIENT_ADVICE_H

#include <jansson.h>
#include <stddef.h>

typedef void advice_line(void *context, const char *line);

/* Calls `each` (may be NULL) with every finding, the gravest first; how many. */
size_t advice_each(const json_t *status, advice_line *each, void *context);

#endif
