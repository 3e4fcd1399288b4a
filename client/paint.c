/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal's own eight colours (ECMA-48 SGR): its user has chosen how they look.
 */
#include "client/paint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool paint_is_wanted(FILE *out)
{
    const char *off = getenv("NO_COLOR"), *terminal = getenv("TERM");

    if (off && *off != '\0')
        return false;
    return terminal && strcmp(terminal, "dumb") != 0 && isatty(fileno(out));
}

const char *paint_code(enum paint paint, bool wanted)
{
    static const char *const codes[] = {
        [PAINT_NONE] = "\033[0m",
        [PAINT_GOOD] = "\033[32m",
        [PAINT_WARNING] = "\033[33m",
        [PAINT_FAILURE] = "\033[31m",
    };

    return wanted ? codes[paint] : "";
}
