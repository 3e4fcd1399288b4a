/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patterns and the matcher.  The input is lines of text: the first is a name, the others are
 * patterns.  Every pattern reads back as what it prints, and the matcher says what the patterns say
 * one by one, also for bytes of the input taken as a name on the wire.
 */
#include "dnsparse/names/matcher.h"
#include "tests/fuzz/require.h"

#include <stdint.h>
#include <string.h>

enum { PATTERNS_MAX = 32, LINE_MAX_SIZE = 1200 };

/* The next line of the input, or false at its end. */
static bool line_next(const uint8_t **data, size_t *size, char out[static LINE_MAX_SIZE])
{
    const uint8_t *end = *size > 0 ? memchr(*data, '\n', *size) : NULL;
    size_t length = end != NULL ? (size_t)(end - *data) : *size, copied = length;

    if (*size == 0)
        return false;
    if (copied >= LINE_MAX_SIZE)
        copied = LINE_MAX_SIZE - 1;
    memcpy(out, *data, copied);
    out[copied] = '\0';
    *data += end != NULL ? length + 1 : length;
    *size -= end != NULL ? length + 1 : length;
    return true;
}

static void pattern_round_trip(const struct pattern *pattern)
{
    char text[PATTERN_TEXT_MAX];
    struct pattern again;

    REQUIRE(pattern_from_text(pattern_to_text(pattern, text), &again));
    REQUIRE(pattern_equal(pattern, &again));
}

static whitelist_mask ask_each(const struct whitelist_pattern *patterns, size_t count,
                               const struct dname *name)
{
    whitelist_mask found = 0;

    for (size_t i = 0; i < count; i++)
        if (pattern_matches(&patterns[i].pattern, name))
            found |= (whitelist_mask)1 << patterns[i].whitelist;
    return found;
}

static void name_try(const struct matcher *matcher, const struct whitelist_pattern *patterns,
                     size_t count, const struct dname *name)
{
    REQUIRE(matcher_find(matcher, name) == ask_each(patterns, count, name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct whitelist_pattern patterns[PATTERNS_MAX];
    const uint8_t *rest = data;
    size_t left = size, count = 0;
    char name_text[LINE_MAX_SIZE] = "", text[LINE_MAX_SIZE];
    struct matcher *matcher;
    struct dname name;

    line_next(&rest, &left, name_text);
    while (count < PATTERNS_MAX && line_next(&rest, &left, text)) {
        if (!pattern_from_text(text, &patterns[count].pattern))
            continue;
        pattern_round_trip(&patterns[count].pattern);
        patterns[count].whitelist = (uint8_t)(count * 7 % WHITELISTS_MAX);
        count++;
    }
    matcher = matcher_new(patterns, count);
    REQUIRE(matcher != NULL);
    if (dname_from_text(name_text, &name))
        name_try(matcher, patterns, count, &name);
    for (size_t i = 0; i < count; i++)
        name_try(matcher, patterns, count, &patterns[i].pattern.name);
    if (dname_from_wire(data, size, &name) != 0)
        name_try(matcher, patterns, count, &name);
    matcher_find_wire(matcher, data, size);
    matcher_free(matcher);
    return 0;
}
