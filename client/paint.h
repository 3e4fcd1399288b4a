/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Colours, where a person sees them: on a terminal, unless NO_COLOR (https://no-color.org) is set
 * or TERM is "dumb".
 */
#ifndef WILDSET_CLIENT_PAINT_H
#define WILDSET_CLIENT_PAINT_H

#include <stdbool.h>
#include <stdio.h>

enum paint {
    PAINT_NONE,
    PAINT_GOOD,
    PAINT_WARNING,
    PAINT_FAILURE,
};

bool paint_is_wanted(FILE *out);
/* What switches a colour on and, PAINT_NONE, off; "" where colours are not wanted. */
const char *paint_code(enum paint paint, bool wanted);

#endif
