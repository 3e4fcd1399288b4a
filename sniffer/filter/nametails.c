/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patterns are sorted twice: by bytes, to leave out what another one covers, then by words.  Extra
 * names find their places in a copy of that order.
 */
#include "sniffer/filter/nametails.h"

#include <stdlib.h>
#include <string.h>

struct nametails {
    bool any, too_many;
    unsigned pattern_count, extra_count;
    unsigned exact_count;          /* of the patterns */
    const struct nametail **order; /* of all, sorted by words */
    const struct nametail **base;  /* of the patterns alone */
    struct nametail *tails;
    struct nametail extra[NAMETAILS_EXTRA_MAX];
};

/* ---- order ---- */

static int compare_bytes(const void *left, const void *right)
{
    const struct nametail *const *entries[] = {left, right};
    const struct nametail *a = *entries[0], *b = *entries[1];

    for (unsigned i = 0; i < a->name.length && i < b->name.length; i++) {
        if (nametail_byte(a, i) != nametail_byte(b, i))
            return nametail_byte(a, i) < nametail_byte(b, i) ? -1 : 1;
    }
    if (a->name.length != b->name.length)
        return a->name.length < b->name.length ? -1 : 1;
    return (int)a->exact - (int)b->exact;
}

/* How much of a word there is. */
static unsigned size_at(const struct nametail *tail, unsigned depth)
{
    unsigned rest = nametail_rest(tail, depth);

    return rest < NAMETAIL_WORD ? rest : NAMETAIL_WORD;
}

/* Behind the same words: names that end within the next word first, by what they have of it. */
static int compare_words(const void *left, const void *right)
{
    const struct nametail *const *entries[] = {left, right};
    const struct nametail *a = *entries[0], *b = *entries[1];

    for (unsigned depth = 0;; depth++) {
        unsigned size_a = size_at(a, depth), size_b = size_at(b, depth);
        uint32_t word_a = nametail_bytes(a, NAMETAIL_WORD * depth, size_a);
        uint32_t word_b = nametail_bytes(b, NAMETAIL_WORD * depth, size_b);

        if (size_a != size_b)
            return size_a < size_b ? -1 : 1;
        if (word_a != word_b)
            return word_a < word_b ? -1 : 1;
        if (size_a < NAMETAIL_WORD)
            return 0;
    }
}

/* ---- making ---- */

static bool ends_with(const struct nametail *tail, const struct nametail *end)
{
    if (tail->name.length < end->name.length)
        return false;
    for (unsigned i = 0; i < end->name.length; i++) {
        if (nametail_byte(tail, i) != nametail_byte(end, i))
            return false;
    }
    return true;
}

/* Sorted by bytes: what another one covers stands right behind it and what else it covers. */
static unsigned prune(const struct nametail **order, unsigned count)
{
    const struct nametail *cover = NULL;
    unsigned kept = 0;

    for (unsigned i = 0; i < count; i++) {
        const struct nametail *tail = order[i], *last = kept > 0 ? order[kept - 1] : NULL;

        if ((cover && ends_with(tail, cover)) ||
            (last && last->name.length == tail->name.length && ends_with(tail, last)))
            continue;
        if (!tail->exact)
            cover = tail;
        order[kept++] = tail;
    }
    return kept;
}

static void arrange(struct nametails *tails, unsigned count)
{
    qsort(tails->base, count, sizeof(*tails->base), compare_bytes);
    count = prune(tails->base, count);
    tails->too_many = count > NAMETAILS_MAX;
    if (tails->too_many) {
        free(tails->tails);
        tails->tails = NULL;
        return;
    }
    qsort(tails->base, count, sizeof(*tails->base), compare_words);
    tails->pattern_count = count;
    for (unsigned i = 0; i < count; i++)
        tails->exact_count += tails->base[i]->exact;
    memcpy(tails->order, tails->base, count * sizeof(*tails->order));
}

struct nametails *nametails_new(const struct whitelist_pattern *patterns, size_t count)
{
    struct nametails *tails = calloc(1, sizeof(*tails));
    unsigned collected = 0;

    if (!tails)
        return NULL;
    tails->tails = calloc(count + 1, sizeof(*tails->tails));
    tails->base = calloc(count + 1, sizeof(const struct nametail *));
    tails->order = calloc(count + NAMETAILS_EXTRA_MAX, sizeof(const struct nametail *));
    if (!tails->tails || !tails->base || !tails->order) {
        nametails_free(tails);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const struct pattern *pattern = &patterns[i].pattern;

        tails->any |= pattern->kind == PATTERN_ANY;
        if (pattern->kind == PATTERN_ANY || pattern->name.length == 0)
            continue;
        tails->tails[collected] =
            (struct nametail){.name = pattern->name, .exact = pattern->kind == PATTERN_EXACT};
        tails->base[collected] = &tails->tails[collected];
        collected++;
    }
    arrange(tails, collected);
    return tails;
}

void nametails_free(struct nametails *tails)
{
    if (!tails)
        return;
    free(tails->tails);
    free(tails->base);
    free(tails->order);
    free(tails);
}

bool nametails_are_usable(const struct nametails *tails)
{
    return !tails->any && !tails->too_many;
}

bool nametails_have_any(const struct nametails *tails)
{
    return tails->any;
}

bool nametails_have_exact(const struct nametails *tails)
{
    return tails->exact_count + tails->extra_count > 0;
}

unsigned nametails_count(const struct nametails *tails)
{
    return tails->pattern_count + tails->extra_count;
}

const struct nametail *nametails_at(const struct nametails *tails, unsigned index)
{
    return tails->order[index];
}

bool nametails_set_extra(struct nametails *tails, const struct dname *names, size_t count)
{
    if (count > NAMETAILS_EXTRA_MAX)
        return false;
    memcpy(tails->order, tails->base, tails->pattern_count * sizeof(*tails->order));
    tails->extra_count = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned total = nametails_count(tails), low = 0, high = total;
        const struct nametail *tail = &tails->extra[i];

        if (names[i].length == 0)
            continue;
        tails->extra[i] = (struct nametail){.name = names[i], .exact = true};
        while (low < high) {
            unsigned middle = (low + high) / 2;

            if (compare_words(&tails->order[middle], &tail) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < total && compare_words(&tails->order[low], &tail) == 0)
            continue;
        memmove(tails->order + low + 1, tails->order + low, (total - low) * sizeof(*tails->order));
        tails->order[low] = tail;
        tails->extra_count++;
    }
    return true;
}
