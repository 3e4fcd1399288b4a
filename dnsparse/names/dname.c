/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domain names: from the wire, from text, to text, compared by labels.  A length byte is at most 63
 * and a letter at least 65, so lower-casing a whole name at once cannot touch a length.
 */
#include "dnsparse/names/dname.h"

#include <string.h>

size_t dname_from_wire(const uint8_t *wire, size_t size, struct dname *out)
{
    size_t end = size < DNAME_MAX ? size : DNAME_MAX, at = 0;

    while (at < end && wire[at] != 0) {
        if (wire[at] > DNAME_LABEL_MAX)
            return 0;
        at += 1u + wire[at];
    }
    if (at >= end)
        return 0;
    for (size_t i = 0; i <= at; i++)
        out->wire[i] = byte_lower(wire[i]);
    memset(out->wire + at + 1, 0, sizeof out->wire - at - 1);
    out->length = (uint8_t)(at + 1);
    return at + 1;
}

bool dname_is_canonical(const struct dname *name)
{
    struct dname made;

    return dname_from_wire(name->wire, sizeof name->wire, &made) != 0 && dname_equal(name, &made);
}

/* A name being put together; a label's length is known only at its end. */
struct dname_builder {
    struct dname name;
    size_t at;    /* the next byte */
    size_t label; /* the open label's length byte */
};

static bool builder_end_label(struct dname_builder *builder)
{
    size_t length = builder->at - builder->label - 1;

    if (length == 0)
        return false;
    builder->name.wire[builder->label] = (uint8_t)length;
    builder->label = builder->at++;
    return true;
}

static bool dname_is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/*
 * One character of a label; behind a backslash three digits or the character itself.  Returns what
 * follows, or NULL.
 */
static const char *character_read(const char *text, uint8_t *out)
{
    bool escaped = *text == '\\';
    unsigned value;

    text += escaped;
    if (!escaped || !dname_is_digit(text[0])) {
        *out = (uint8_t)*text;
        return *out > ' ' && *out <= '~' && (escaped || *out != '"') ? text + 1 : NULL;
    }
    if (!dname_is_digit(text[1]) || !dname_is_digit(text[2]))
        return NULL;
    value = (unsigned)(text[0] - '0') * 100 + (unsigned)(text[1] - '0') * 10 +
            (unsigned)(text[2] - '0');
    if (value > UINT8_MAX)
        return NULL;
    *out = (uint8_t)value;
    return text + 3;
}

static bool labels_from_text(const char *text, struct dname_builder *builder)
{
    uint8_t byte;

    while (*text != '\0') {
        if (*text == '.') {
            if (!builder_end_label(builder))
                return false;
            text++;
            continue;
        }
        text = character_read(text, &byte);
        /* One byte has to be left for the root. */
        if (text == NULL || builder->at >= DNAME_MAX - 1 ||
            builder->at - builder->label > DNAME_LABEL_MAX)
            return false;
        builder->name.wire[builder->at++] = byte_lower(byte);
    }
    /* Behind a final dot the open label is empty: its length byte is the root already. */
    return builder->at - builder->label == 1 ? builder->label > 0 : builder_end_label(builder);
}

bool dname_from_text(const char *text, struct dname *out)
{
    struct dname_builder builder = {.at = 1};

    if (strcmp(text, ".") != 0 && !labels_from_text(text, &builder))
        return false;
    builder.name.length = (uint8_t)builder.at;
    *out = builder.name;
    return true;
}

static char *byte_to_text(uint8_t byte, char *out)
{
    bool plain = byte > ' ' && byte <= '~' && byte != '\\' && byte != '.' && byte != '"';

    if (plain) {
        *out = (char)byte_lower(byte);
        return out + 1;
    }
    out[0] = '\\';
    out[1] = (char)('0' + byte / 100);
    out[2] = (char)('0' + byte / 10 % 10);
    out[3] = (char)('0' + byte % 10);
    return out + 4;
}

const char *dname_to_text(const struct dname *name, char out[static DNAME_TEXT_MAX])
{
    char *end = out;
    unsigned at = 0;

    /* Labels are cut at the name's own length: at worst a name never checked prints as nonsense. */
    while (at < name->length && name->wire[at] != 0) {
        unsigned stop = at + 1u + (name->wire[at] & DNAME_LABEL_MAX);

        if (at != 0)
            *end++ = '.';
        for (at++; at < stop && at < name->length; at++)
            end = byte_to_text(name->wire[at], end);
    }
    if (name->length > 0 && end == out)
        *end++ = '.';
    *end = '\0';
    return out;
}

bool dname_equal(const struct dname *a, const struct dname *b)
{
    return a->length == b->length && memcmp(a->wire, b->wire, sizeof a->wire) == 0;
}

bool dname_is_below(const struct dname *name, const struct dname *suffix)
{
    int at = 0; /* signed: past the end of a name that was never checked it only ends the loop */

    if (suffix->length == 0 || name->length <= suffix->length)
        return false;
    while (name->length - at > suffix->length)
        at += 1 + name->wire[at];
    return name->length - at == suffix->length &&
           memcmp(name->wire + at, suffix->wire, suffix->length) == 0;
}

unsigned dname_labels(const struct dname *name)
{
    unsigned labels = 0;

    for (unsigned at = 0; at < name->length && name->wire[at] != 0; at += 1u + name->wire[at])
        labels++;
    return labels;
}
