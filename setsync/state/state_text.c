/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of the state file: jansson reads and prints a line, and each of its members is checked
 * by the reader of its kind.
 */
#include "setsync/state/state_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "wildset-leases"
#define HEAD_1 "wildset leases "
#define UNKNOWN_1 "\"\""

enum { WORDS_1 = 15 }; /* in a line of version 1 */

/* ---- printing ---- */

/* NULL, which is left out, for what is unknown. */
static const char *text_if_known(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static json_int_t state_time(uint64_t ms)
{
    return ms < INT64_MAX ? (json_int_t)ms : INT64_MAX;
}

/* Takes the object. */
static const char *state_object_print(json_t *object, char out[static STATE_LINE_MAX])
{
    size_t size = object ? json_dumpb(object, out, STATE_LINE_MAX - 1, JSON_COMPACT) : 0;
    json_decref(object);
    if (size == 0 || size >= STATE_LINE_MAX)
        return NULL;
    out[size] = '\0';
    return out;
}

const char *state_head_print(uint64_t saved_ms, char out[static STATE_LINE_MAX])
{
    snprintf(out, STATE_LINE_MAX, "{\"" HEAD "\":%d,\"saved\":%lld}", STATE_VERSION,
             (long long)state_time(saved_ms));
    return out;
}

const char *state_line_print(const struct state_claim *claim, char out[static STATE_LINE_MAX])
{
    char address[ADDRESS_TEXT_MAX], resolver[ADDRESS_TEXT_MAX], set[SET_TEXT_MAX];
    char pattern[PATTERN_TEXT_MAX], name[DNAME_TEXT_MAX], owner[DNAME_TEXT_MAX];
    return state_object_print(
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*, s:s*, s:s*, s:I, s:I, s:I, s:I}", "address",
                  address_to_text(&claim->address, address), "set",
                  set_name_to_text(&claim->set, set), "whitelist", claim->whitelist, "pattern",
                  pattern_to_text(&claim->pattern, pattern), "name",
                  dname_to_text(&claim->name, name), "owner",
                  text_if_known(dname_to_text(&claim->owner, owner)), "resolver",
                  text_if_known(address_to_text(&claim->resolver, resolver)), "record",
                  text_if_known(record_type_name(claim->record)), "ttl", (json_int_t)claim->ttl,
                  "granted", state_time(claim->first_ms), "seen", state_time(claim->last_ms),
                  "expires", state_time(claim->end_ms)),
        out);
}

/* ---- a line ---- */

static bool record_from_text(const char *text, enum record_type *out)
{
    for (unsigned type = RECORD_NONE + 1; type < RECORD_COUNT; type++) {
        if (strcmp(record_type_name((enum record_type)type), text) != 0)
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
    memcpy(out, text, length + 1);
    return true;
}

/* A claim as its line has it; NULL: unknown. */
struct state_words {
    const char *address, *set, *whitelist, *pattern, *name, *owner, *resolver, *record;
    json_int_t ttl, granted, seen, expires;
};

static bool state_words_read(const struct state_words *words, struct state_claim *out)
{
    struct state_claim claim = {
        .ttl = (uint32_t)words->ttl,
        .first_ms = (uint64_t)words->granted,
        .last_ms = (uint64_t)words->seen,
        .end_ms = (uint64_t)words->expires,
    };
    if (words->ttl < 0 || words->ttl > UINT32_MAX || words->granted < 0 || words->seen < 0 ||
        words->expires < 0 || !address_from_text(words->address, &claim.address) ||
        !set_name_from_text(words->set, &claim.set) ||
        !whitelist_from_text(words->whitelist, claim.whitelist) ||
        !pattern_from_text(words->pattern, &claim.pattern) ||
        !dname_from_text(words->name, &claim.name) ||
        (words->owner && !dname_from_text(words->owner, &claim.owner)) ||
        (words->resolver && !address_from_text(words->resolver, &claim.resolver)) ||
        (words->record && !record_from_text(words->record, &claim.record)))
        return false;
    *out = claim;
    return true;
}

static bool state_object_parse(const char *line, struct state_claim *out)
{
    enum { ALWAYS_THERE = 9 };
    struct state_words words = {0};
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    bool is_good =
        object &&
        json_unpack(object, "{s:s, s:s, s:s, s:s, s:s, s?s, s?s, s?s, s:I, s:I, s:I, s:I}",
                    "address", &words.address, "set", &words.set, "whitelist", &words.whitelist,
                    "pattern", &words.pattern, "name", &words.name, "owner", &words.owner,
                    "resolver", &words.resolver, "record", &words.record, "ttl", &words.ttl,
                    "granted", &words.granted, "seen", &words.seen, "expires",
                    &words.expires) == 0 &&
        json_object_size(object) == (size_t)ALWAYS_THERE + !!words.owner + !!words.resolver +
                                        !!words.record && /* and nothing else */
        state_words_read(&words, out);
    json_decref(object);
    return is_good;
}

/* Digits only; what is too large for a time is the last of all. */
static bool time_from_text(const char *text, json_int_t *out)
{
    size_t length = strspn(text, "0123456789");
    if (length == 0 || text[length] != '\0')
        return false;
    *out = state_time(strtoull(text, NULL, 10));
    return true;
}

/* lease ADDRESS FAMILY TABLE SET WHITELIST PATTERN NAME OWNER RESOLVER RECORD TTL FIRST LAST END */
static bool state_words_parse(const char *line, struct state_claim *out)
{
    char text[STATE_LINE_MAX], set[STATE_LINE_MAX];
    char *word[WORDS_1];
    size_t count = 0;
    snprintf(text, sizeof(text), "%s", line);
    char *rest = text;
    while (rest && count < WORDS_1)
        word[count++] = strsep(&rest, " ");
    if (rest || count < WORDS_1 || strcmp(word[0], "lease") != 0)
        return false;
    snprintf(set, sizeof(set), "%.64s %.64s %.64s", word[2], word[3], word[4]);
    for (unsigned i = 8; i <= 10; i++)
        if (strcmp(word[i], UNKNOWN_1) == 0)
            word[i] = NULL;
    struct state_words words = {
        .address = word[1],
        .set = set,
        .whitelist = word[5],
        .pattern = word[6],
        .name = word[7],
        .owner = word[8],
        .resolver = word[9],
        .record = word[10],
    };
    return time_from_text(word[11], &words.ttl) && time_from_text(word[12], &words.granted) &&
           time_from_text(word[13], &words.seen) && time_from_text(word[14], &words.expires) &&
           state_words_read(&words, out);
}

bool state_line_parse(const char *line, unsigned version, struct state_claim *out)
{
    return version == 1 ? state_words_parse(line, out) : state_object_parse(line, out);
}

/* ---- the whole ---- */

enum line { LINE_NONE, LINE_GOOD, LINE_DAMAGED };

/* Damaged: too long, without its newline, or with a NUL. */
static enum line line_read(FILE *stream, char out[static STATE_LINE_MAX])
{
    size_t length = 0;
    bool is_good = true;
    int byte;
    while ((byte = getc_unlocked(stream)) != EOF && byte != '\n') {
        is_good &= byte != '\0' && length < STATE_LINE_MAX - 1;
        if (is_good)
            out[length] = (char)byte;
        length++;
    }
    if (byte == EOF && length == 0)
        return LINE_NONE;
    if (byte == EOF || !is_good)
        return LINE_DAMAGED;
    out[length] = '\0';
    return LINE_GOOD;
}

static enum state_verdict head_parse_1(FILE *stream, char line[static STATE_LINE_MAX],
                                       uint64_t *saved_ms)
{
    static const char saved[] = "saved ";
    json_int_t time;
    if (strcmp(line, HEAD_1 "1") != 0)
        return STATE_FUTURE;
    if (line_read(stream, line) != LINE_GOOD || strncmp(line, saved, strlen(saved)) != 0 ||
        !time_from_text(line + strlen(saved), &time))
        return STATE_FOREIGN;
    *saved_ms = (uint64_t)time;
    return STATE_GOOD;
}

/* Without its head nothing is known of a file: not even when it was written. */
static enum state_verdict head_read(FILE *stream, char line[static STATE_LINE_MAX],
                                    unsigned *version, uint64_t *saved_ms)
{
    json_int_t number = 0, time = 0;
    if (line_read(stream, line) != LINE_GOOD)
        return STATE_FOREIGN;
    if (strncmp(line, HEAD_1, strlen(HEAD_1)) == 0) {
        *version = 1;
        return head_parse_1(stream, line, saved_ms);
    }
    json_t *head = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    bool is_ours = head && json_unpack(head, "{s:I}", HEAD, &number) == 0;
    bool is_whole =
        is_ours && json_unpack(head, "{s:I, s:I !}", HEAD, &number, "saved", &time) == 0;
    json_decref(head);
    if (is_ours && number > STATE_VERSION)
        return STATE_FUTURE;
    if (!is_whole || number != STATE_VERSION || time < 0)
        return STATE_FOREIGN;
    *version = STATE_VERSION;
    *saved_ms = (uint64_t)time;
    return STATE_GOOD;
}

struct state_reading state_read(FILE *stream, state_each *each, void *context)
{
    char line[STATE_LINE_MAX];
    struct state_reading reading = {0};
    struct state_claim claim;
    unsigned version = 0;
    enum line found;
    reading.verdict = head_read(stream, line, &version, &reading.saved_ms);
    if (reading.verdict != STATE_GOOD)
        return reading;
    for (size_t number = version == 1 ? 3 : 2; (found = line_read(stream, line)) != LINE_NONE;
         number++) {
        if (found == LINE_GOOD && version == 1 && strncmp(line, "end ", 4) == 0)
            continue; /* a count and a checksum */
        if (found == LINE_GOOD && state_line_parse(line, version, &claim)) {
            reading.claims++;
            each(context, &reading, &claim);
        } else if (reading.damaged++ == 0) {
            reading.line = number;
        }
    }
    return reading;
}
