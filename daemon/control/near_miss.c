/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By labels, as patterns are matched.
 */
#include "daemon/control/near_miss.h"

#include <string.h>

enum { SIBLING_LABELS = 2 }; /* in common: fewer say nothing, they would all be "com" */

const char *nearness_name(enum nearness nearness)
{
    static const char *const names[NEARNESS_COUNT] = {
        [NEARNESS_APEX] = "apex",
        [NEARNESS_BELOW] = "below",
        [NEARNESS_LOOKALIKE] = "lookalike",
        [NEARNESS_INSIDE] = "inside",
        [NEARNESS_ABOVE] = "above",
        [NEARNESS_SIBLING] = "sibling",
        [NEARNESS_NONE] = "",
    };
    return (unsigned)nearness < NEARNESS_COUNT ? names[nearness] : "";
}

/* Where the last `labels` labels begin. */
static const uint8_t *tail_of(const struct dname *name, unsigned labels)
{
    const uint8_t *at = name->wire;

    for (unsigned left = dname_labels(name); left > labels; left--)
        at += *at + 1;
    return at;
}

static bool tails_are_equal(const struct dname *a, const struct dname *b, unsigned labels)
{
    const uint8_t *left = tail_of(a, labels), *right = tail_of(b, labels);
    size_t left_size = (size_t)(a->wire + a->length - left);
    size_t right_size = (size_t)(b->wire + b->length - right);

    return left_size == right_size && memcmp(left, right, left_size) == 0;
}

/* The pattern's first label with something in front of it, the labels behind being the same. */
static bool is_lookalike(const struct dname *base, const struct dname *name)
{
    unsigned labels = dname_labels(base);

    if (labels < SIBLING_LABELS || dname_labels(name) < labels ||
        !tails_are_equal(base, name, labels - 1))
        return false;

    const uint8_t *label = tail_of(name, labels);
    const uint8_t *wanted = base->wire;
    return *label > *wanted && memcmp(label + 1 + *label - *wanted, wanted + 1, *wanted) == 0;
}

/* All of the pattern's labels in a row, and more behind them. */
static bool is_inside(const struct dname *base, const struct dname *name)
{
    const uint8_t *end = name->wire + name->length;
    size_t size = base->length - 1U; /* without the root */

    if (dname_labels(base) < SIBLING_LABELS)
        return false;
    for (const uint8_t *at = name->wire; (size_t)(end - at) > size + 1; at += *at + 1) {
        if (memcmp(at, base->wire, size) == 0)
            return true;
    }
    return false;
}

enum nearness nearness_judge(const struct pattern *pattern, const struct dname *name)
{
    const struct dname *base = &pattern->name;

    if (pattern->kind == PATTERN_BELOW && dname_equal(base, name))
        return NEARNESS_APEX;
    if (pattern->kind == PATTERN_EXACT && dname_is_below(name, base))
        return NEARNESS_BELOW;
    if (is_lookalike(base, name))
        return NEARNESS_LOOKALIKE;
    if (is_inside(base, name))
        return NEARNESS_INSIDE;
    if (dname_labels(name) > 0 && dname_is_below(base, name))
        return NEARNESS_ABOVE;
    if (dname_labels(base) > SIBLING_LABELS && dname_labels(name) >= SIBLING_LABELS &&
        tails_are_equal(base, name, SIBLING_LABELS))
        return NEARNESS_SIBLING;
    return NEARNESS_NONE;
}
