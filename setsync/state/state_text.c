/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of the state file.  A line is good when printing what was read from it gives the same
 * line again: there is one way to write each lease, and nothing to be lenient about.
 */
#include "setsync/state/state_text.h"

#include "base/siphash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "wildset leases "
#define UNKNOWN "\"\"" /* no name prints like that: its quotes are escaped */

enum { FIELDS = 14, DIGITS_MAX = 20 };

/* ---- one line ---- */

static const char *text_or_unknown(const char *text)
{
    return text[0] != '\0' ? text : UNKNOWN;
}

const char *state_line_print(const struct state_claim *claim, char out[static STATE_LINE_MAX])
{
    char address[ADDRESS_TEXT_MAX], resolver[ADDRESS_TEXT_MAX], set[SET_TEXT_MAX];
    char pattern[PATTERN_TEXT_MAX], name[DNAME_TEXT_MAX], owner[DNAME_TEXT_MAX];
    address_to_text(&claim->address, address);
    address_to_text(&claim->resolver, resolver);
    snprintf(out, STATE_LINE_MAX,
             "lease %s %s %.31s %s %s %s %s %s %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64,
             address, set_name_to_text(&claim->set, set), claim->whitelist,
             pattern_to_text(&claim->pattern, pattern), dname_to_text(&claim->name, name),
             text_or_unknown(dname_to_text(&claim->owner, owner)), text_or_unknown(resolver),
             text_or_unknown(record_type_name(claim->record)), claim->ttl, claim->first_ms,
             claim->last_ms, claim->end_ms);
    return out;
}

/* Digits only, as printed. */
static bool number_from_text(const char *text, uint64_t most, uint64_t *out)
{
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length > DIGITS_MAX || text[length] != '\0')
        return false;
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (number > (most - digit) / 10)
            return false;
        number = 10 * number + digit;
    }
    *out = number;
    return true;
}

static bool record_from_text(const char *text, enum record_type *out)
{
    for (unsigned type = RECORD_NONE; type < RECORD_COUNT; type++) {
        if (strcmp(text_or_unknown(record_type_name((enum record_type)type)), text) != 0)
            continue;
        *out = (enum record_type)type;
        return true;
    }
    return false;
}

/* As the configuration allows them. */
static bool whitelist_from_text(const char *text, char out[static WHITELIST_NAME_MAX])
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t length = strspn(text, letters);
    if (length == 0 || length >= WHITELIST_NAME_MAX || text[length] != '\0')
        return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool set_from_words(char *const words[static 3], struct set_name *out)
{
    char text[STATE_LINE_MAX];
    snprintf(text, sizeof(text), "%s %s %s", words[0], words[1], words[2]);
    return set_name_from_text(text, out);
}

static bool read_words(char *const words[static FIELDS + 1], struct state_claim *claim)
{
    uint64_t ttl;
    if (strcmp(words[0], "lease") != 0 || !address_from_text(words[1], &claim->address) ||
        !set_from_words(words + 2, &claim->set) ||
        !whitelist_from_text(words[5], claim->whitelist) ||
        !pattern_from_text(words[6], &claim->pattern) || !dname_from_text(words[7], &claim->name))
        return false;
    if (strcmp(words[8], UNKNOWN) != 0 && !dname_from_text(words[8], &claim->owner))
        return false;
    if (strcmp(words[9], UNKNOWN) != 0 && !address_from_text(words[9], &claim->resolver))
        return false;
    if (!record_from_text(words[10], &claim->record) ||
        !number_from_text(words[11], UINT32_MAX, &ttl))
        return false;
    claim->ttl = (uint32_t)ttl;
    return number_from_text(words[12], UINT64_MAX, &claim->first_ms) &&
           number_from_text(words[13], UINT64_MAX, &claim->last_ms) &&
           number_from_text(words[14], UINT64_MAX, &claim->end_ms);
}

bool state_line_parse(const char *line, struct state_claim *out)
{
    char text[STATE_LINE_MAX], again[STATE_LINE_MAX];
    char *words[FIELDS + 1];
    size_t count = 0;
    if (strlen(line) >= sizeof(text))
        return false;
    memcpy(text, line, strlen(line) + 1);
    char *rest = text;
    while (rest && count <= FIELDS)
        words[count++] = strsep(&rest, " ");
    struct state_claim claim = {0};
    if (rest || count != FIELDS + 1 || !read_words(words, &claim))
        return false;
    if (strcmp(state_line_print(&claim, again), line) != 0)
        return false;
    *out = claim;
    return true;
}

/* ---- the whole ---- */

/* Against accidents, not against people: who may write the file needs no trick. */
void state_sum_add(struct state_sum *sum, const char *line)
{
    const struct siphash_key key = {.k0 = sum->value, .k1 = sum->lines};
    sum->value = siphash(&key, line, strlen(line));
    sum->lines++;
}

struct lines {
    const char *at, *end;
    size_t number;
    char line[STATE_LINE_MAX];
};

/* False at the end, and for a line that is none: too long, without its newline, with a NUL. */
static bool next_line(struct lines *lines)
{
    size_t left = (size_t)(lines->end - lines->at);
    const char *newline = left > 0 ? memchr(lines->at, '\n', left) : NULL;
    lines->number++;
    if (!newline)
        return false;
    size_t length = (size_t)(newline - lines->at);
    if (length >= sizeof(lines->line) || memchr(lines->at, '\0', length))
        return false;
    memcpy(lines->line, lines->at, length);
    lines->line[length] = '\0';
    lines->at = newline + 1;
    return true;
}

static enum state_verdict read_head(struct lines *lines, struct state_sum *sum, uint64_t *saved_ms)
{
    static const char saved[] = "saved ";
    char first[sizeof(MAGIC) + DIGITS_MAX];
    if (!next_line(lines) || strncmp(lines->line, MAGIC, strlen(MAGIC)) != 0)
        return STATE_FOREIGN;
    snprintf(first, sizeof(first), MAGIC "%d", STATE_VERSION);
    if (strcmp(lines->line, first) != 0)
        return STATE_FUTURE;
    state_sum_add(sum, lines->line);
    if (!next_line(lines) || strncmp(lines->line, saved, strlen(saved)) != 0 ||
        !number_from_text(lines->line + strlen(saved), UINT64_MAX, saved_ms))
        return STATE_DAMAGED;
    state_sum_add(sum, lines->line);
    return STATE_GOOD;
}

static bool is_end(const struct lines *lines, const struct state_sum *sum, size_t claims)
{
    char end[64];
    snprintf(end, sizeof(end), "end %zu %016" PRIx64, claims, sum->value);
    return strcmp(lines->line, end) == 0 && lines->at == lines->end;
}

/* One walk; the claims are told only in the second, when the first has seen that all is good. */
static struct state_reading walk(const char *text, size_t size, state_each *each, void *context)
{
    struct lines lines = {.at = text, .end = text + size};
    struct state_sum sum = {0};
    struct state_reading reading = {0};
    struct state_claim claim;
    reading.verdict = read_head(&lines, &sum, &reading.saved_ms);
    while (reading.verdict == STATE_GOOD) {
        if (!next_line(&lines))
            reading.verdict = STATE_DAMAGED;
        else if (is_end(&lines, &sum, reading.claims))
            return reading;
        else if (!state_line_parse(lines.line, &claim))
            reading.verdict = STATE_DAMAGED;
        if (reading.verdict != STATE_GOOD)
            break;
        state_sum_add(&sum, lines.line);
        reading.claims++;
        if (each)
            each(context, &reading, &claim);
    }
    reading.line = lines.number;
    return reading;
}

struct state_reading state_parse(const char *text, size_t size, state_each *each, void *context)
{
    struct state_reading reading = walk(text, size, NULL, NULL);
    return reading.verdict == STATE_GOOD ? walk(text, size, each, context) : reading;
}
