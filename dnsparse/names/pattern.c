/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Name patterns.  A literal asterisk inside a name is refused even when it is escaped: printed, it
 * would read back as a wildcard.
 */
#include "dnsparse/names/pattern.h"

#include <string.h>

/* Label by label: 42, the asterisk's code, may also be a label's length. */
static bool labels_have_asterisk(const struct dname *name)
{
    for (unsigned at = 0; at < name->length; at += 1u + name->wire[at])
        if (memchr(name->wire + at + 1, '*', name->wire[at]) != NULL)
            return true;
    return false;
}

bool pattern_from_text(const char *text, struct pattern *out)
{
    struct pattern pattern = {.kind = PATTERN_EXACT};
    const char *name = text;

    if (strcmp(text, "*") == 0) {
        pattern.kind = PATTERN_ANY;
        name = ".";
    } else if (strncmp(text, "*.", 2) == 0) {
        pattern.kind = PATTERN_BELOW;
        name = text + 2;
    }
    if (!dname_from_text(name, &pattern.name) || labels_have_asterisk(&pattern.name))
        return false;
    if (pattern.kind == PATTERN_BELOW && pattern.name.length == 1)
        return false; /* "*..": below the root is nearly "*", and nobody means it */
    *out = pattern;
    return true;
}

const char *pattern_to_text(const struct pattern *pattern, char out[static PATTERN_TEXT_MAX])
{
    static const char *const heads[] = {
        [PATTERN_EXACT] = "",
        [PATTERN_BELOW] = "*.",
        [PATTERN_ANY] = "*",
    };
    size_t size = strlen(heads[pattern->kind]);

    memcpy(out, heads[pattern->kind], size + 1);
    if (pattern->kind != PATTERN_ANY)
        dname_to_text(&pattern->name, out + size);
    return out;
}

bool pattern_equal(const struct pattern *a, const struct pattern *b)
{
    return a->kind == b->kind && dname_equal(&a->name, &b->name);
}

bool pattern_matches(const struct pattern *pattern, const struct dname *name)
{
    switch ((enum pattern_kind)pattern->kind) {
    case PATTERN_EXACT:
        return name->length > 0 && dname_equal(&pattern->name, name);
    case PATTERN_BELOW:
        return dname_is_below(name, &pattern->name);
    case PATTERN_ANY:
        return name->length > 0;
    }
    return false;
}
