/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The findings are the client's own (daemon/control/diagnosis.c), over the same figures.
 */
#include "daemon/health_line.h"

#include "daemon/config/config.h"
#include "daemon/control/diagnosis.h"
#include "daemon/control/status.h"

#include <jansson.h>
#include <stdio.h>

/* A failure stands before a warning, of those the first. */
struct gravest {
    bool found, failure;
    char text[HEALTHLINE_MAX - 16];
};

static void keep_gravest(void *context, const struct advice *advice)
{
    struct gravest *gravest = context;

    if (gravest->found && (gravest->failure || !advice->failure))
        return;
    snprintf(gravest->text, sizeof(gravest->text), "%s", advice->text);
    gravest->found = true;
    gravest->failure = advice->failure;
}

const char *healthline(const struct daemon_views *views, char out[static HEALTHLINE_MAX])
{
    struct moment now = clock_now();
    json_t *status = overview_to_json(views, &now);
    struct gravest gravest = {.found = false};
    size_t count = views->config->whitelist_count;

    if (advice_each(status, keep_gravest, &gravest) > 0)
        snprintf(out, HEALTHLINE_MAX, "%s: %s", gravest.failure ? "failing" : "degraded",
                 gravest.text);
    else
        snprintf(out, HEALTHLINE_MAX,
                 "ok: %zu whitelist%s, %" JSON_INTEGER_FORMAT " addresses allowed now", count,
                 count == 1 ? "" : "s", json_integer_value(json_object_get(status, "leases")));
    json_decref(status);
    return out;
}
