/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain name in wire format (RFC 1035 section 3.1), uncompressed, in lower case, on the stack.
 * 256 bytes without padding; bytes behind the name are zero, so equal names are equal byte for
 * byte.  A label may hold any byte, a dot included: names are compared by labels, never as text.
 */
#ifndef WILDSET_DNSPARSE_NAMES_DNAME_H
#define WILDSET_DNSPARSE_NAMES_DNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DNAME_MAX = 255,        /* RFC 1035 section 2.3.4, the root's zero byte included */
    DNAME_LABEL_MAX = 63,   /* RFC 1035 section 2.3.4 */
    DNAME_LABELS_MAX = 127, /* labels without the root: 127 of one byte make 255 bytes */
    DNAME_TEXT_MAX = 1024,  /* four characters a byte (\DDD) at most, and the NUL */
};

struct dname {
    uint8_t length; /* of `wire`, the root's zero byte included: 1..255; 0: no name (unknown) */
    uint8_t wire[DNAME_MAX];
};

/* An ASCII letter in lower case (RFC 4343); any other byte, a label's length too, as it is. */
static inline uint8_t byte_lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

/*
 * Reads an uncompressed name at the start of `wire`; a compression pointer, an unknown label type,
 * a missing end or more than 255 bytes fail.  Letters become lower case.  Returns the bytes read,
 * or 0.
 */
size_t dname_from_wire(const uint8_t *wire, size_t size, struct dname *out);
/* What dname_from_wire would have made: checks a name that came over the channel. */
bool dname_is_canonical(const struct dname *name);

/*
 * Presentation format (RFC 1035 section 5.1): a final dot is allowed, `\.` and `\DDD` are read.  An
 * empty text, an empty label and bytes that make it too long fail.  "." is the root.
 */
bool dname_from_text(const char *text, struct dname *out);
/*
 * The one printer of untrusted names: lower case, no final dot (the root is "."), every byte
 * outside [!-~] and each `\`, `.` and `"` inside a label as \DDD.  Returns `out`; "" for no name.
 */
const char *dname_to_text(const struct dname *name, char out[static DNAME_TEXT_MAX]);

bool dname_equal(const struct dname *a, const struct dname *b);
/* True when `name` has one or more labels in front of `suffix`. */
bool dname_is_below(const struct dname *name, const struct dname *suffix);
/* Labels without the root: 0..127. */
unsigned dname_labels(const struct dname *name);

/* Whether an uncompressed name of the wire, in any case, is this one. */
static inline bool dname_is_wire(const struct dname *name, const uint8_t *wire, size_t size)
{
    if (name->length != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (name->wire[i] != byte_lower(wire[i]))
            return false;
    return true;
}

#endif
