/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text to entry, from the outside in: quotes, scheme, user, path, brackets, port, and what is left.
 */
#include "registry/list/entry.h"

#include <string.h>

enum { PORT_MAX = 65535, PORT_DIGITS_MAX = 5 };

/* A piece of another program's text, not NUL-terminated. */
struct piece {
    const char *text;
    size_t size;
};

static bool field_is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool field_is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static struct piece field_cut(struct piece piece, size_t first, size_t behind)
{
    return (struct piece){.text = piece.text + first, .size = behind - first};
}

/* Where the first of these bytes stands; the size when none does. */
static size_t field_find(struct piece piece, const char *bytes)
{
    for (size_t i = 0; i < piece.size; i++)
        if (piece.text[i] != '\0' && strchr(bytes, piece.text[i]))
            return i;
    return piece.size;
}

static struct piece field_trim(struct piece piece)
{
    while (piece.size > 0 && is_space(piece.text[0]))
        piece = field_cut(piece, 1, piece.size);
    while (piece.size > 0 && is_space(piece.text[piece.size - 1]))
        piece.size--;
    if (piece.size >= 2 && strchr("\"'", piece.text[0]) &&
        piece.text[piece.size - 1] == piece.text[0])
        return field_cut(piece, 1, piece.size - 1);
    return piece;
}

static bool is_visible(struct piece piece)
{
    for (size_t i = 0; i < piece.size; i++)
        if (piece.text[i] <= ' ' || piece.text[i] > '~')
            return false;
    return piece.size > 0;
}

/* What stands behind "scheme://", or nothing when there is no scheme. */
static bool take_scheme(struct piece *piece)
{
    size_t colon = field_find(*piece, ":");

    if (colon == 0 || colon + 3 > piece->size || memcmp(piece->text + colon, "://", 3) != 0 ||
        !field_is_letter(piece->text[0]))
        return false;
    for (size_t i = 0; i < colon; i++)
        if (!field_is_letter(piece->text[i]) && !field_is_digit(piece->text[i]) &&
            !strchr("+-.", piece->text[i]))
            return false;
    *piece = field_cut(*piece, colon + 3, piece->size);
    return true;
}

/* The authority of a URL (RFC 3986 section 3.2), without its user. */
static struct piece authority_of(struct piece piece)
{
    piece.size = field_find(piece, "/?#");
    for (size_t i = piece.size; i > 0; i--)
        if (piece.text[i - 1] == '@')
            return field_cut(piece, i, piece.size);
    return piece;
}

static bool read_address(struct piece piece, struct address *out)
{
    char text[ADDRESS_TEXT_MAX];

    if (piece.size == 0 || piece.size >= sizeof(text))
        return false;
    memcpy(text, piece.text, piece.size);
    text[piece.size] = '\0';
    return address_from_text(text, out);
}

/* Decimal digits, at most `most`. */
static bool read_number(struct piece piece, unsigned most, unsigned *out)
{
    unsigned value = 0;

    if (piece.size == 0 || piece.size > PORT_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < piece.size; i++) {
        if (!field_is_digit(piece.text[i]))
            return false;
        value = 10 * value + (unsigned)(piece.text[i] - '0');
    }
    *out = value;
    return value <= most;
}

static bool is_port(struct piece piece)
{
    unsigned port;

    return read_number(piece, PORT_MAX, &port) && port > 0;
}

static struct entry entry_of_address(const struct address *address)
{
    return (struct entry){.kind = ENTRY_ADDRESS, .address = *address};
}

/*
 * "ADDRESS/LENGTH", with or without bits behind the length: it is refused in any case.  False when
 * no address stands in front of a slash; what stands behind it may still be no length.
 */
static bool read_prefix(struct piece piece, struct entry *out)
{
    size_t slash = field_find(piece, "/");
    struct address address;
    unsigned bits, length;

    if (slash == piece.size || !read_address(field_cut(piece, 0, slash), &address))
        return false;
    *out = (struct entry){0};
    bits = 8 * address_size(&address);
    if (!read_number(field_cut(piece, slash + 1, piece.size), bits, &length))
        return true;
    *out = entry_of_address(&address);
    if (length < bits)
        out->kind = ENTRY_PREFIX;
    return true;
}

/* "[ADDRESS]" and "[ADDRESS]:PORT" */
static struct entry bracketed(struct piece piece)
{
    size_t end = field_find(piece, "]");
    struct address address;

    if (end == piece.size || !read_address(field_cut(piece, 1, end), &address))
        return (struct entry){0};
    piece = field_cut(piece, end + 1, piece.size);
    if (piece.size > 0 && (piece.text[0] != ':' || !is_port(field_cut(piece, 1, piece.size))))
        return (struct entry){0};
    return entry_of_address(&address);
}

/* Letters, digits, - and _ in labels (RFC 1123 section 2.1; _ is seen in practice). */
static bool entry_read_name(struct piece piece, struct dname *out)
{
    char text[DNAME_MAX + 1];

    if (piece.size == 0 || piece.size >= sizeof(text))
        return false;
    for (size_t i = 0; i < piece.size; i++)
        if (!field_is_letter(piece.text[i]) && !field_is_digit(piece.text[i]) &&
            !strchr("-_.", piece.text[i]))
            return false;
    memcpy(text, piece.text, piece.size);
    text[piece.size] = '\0';
    return dname_from_text(text, out) && out->length > 1;
}

/* "1.2.3" and "300.1.2.3" are slips, "3.14" a number: no top-level domain is a number. */
static bool ends_in_number(struct piece piece)
{
    if (piece.size > 0 && piece.text[piece.size - 1] == '.')
        piece.size--;
    while (piece.size > 0 && field_is_digit(piece.text[piece.size - 1]))
        piece.size--;
    return piece.size == 0 || piece.text[piece.size - 1] == '.';
}

static bool has_letters_at_end(struct piece piece)
{
    if (piece.size > 0 && piece.text[piece.size - 1] == '.')
        piece.size--;
    return piece.size > 0 && field_is_letter(piece.text[piece.size - 1]);
}

static struct entry host(struct piece piece, bool sure)
{
    struct entry entry = {.kind = ENTRY_HOST};

    if (ends_in_number(piece) || !entry_read_name(piece, &entry.name))
        return (struct entry){0};
    if (!sure && (dname_labels(&entry.name) < 2 || !has_letters_at_end(piece)))
        return (struct entry){0};
    return entry;
}

/* "*", "*.NAME" and ".NAME", which means the same where it is used. */
static struct entry wildcard(struct piece piece)
{
    struct entry entry = {.kind = ENTRY_WILDCARD};

    if (piece.size == 1 && piece.text[0] == '*') {
        entry.name.length = 1;
        return entry;
    }
    if (piece.text[0] == '*')
        piece = field_cut(piece, 1, piece.size);
    if (piece.size < 2 || piece.text[0] != '.' ||
        !entry_read_name(field_cut(piece, 1, piece.size), &entry.name))
        return (struct entry){0};
    return entry;
}

/* A host or an address, with a port or without. */
static struct entry endpoint(struct piece piece, bool sure)
{
    struct address address;
    size_t colon;

    if (piece.size > 0 && piece.text[0] == '[')
        return bracketed(piece);
    if (read_address(piece, &address))
        return entry_of_address(&address);
    colon = field_find(piece, ":");
    if (colon < piece.size) {
        if (!is_port(field_cut(piece, colon + 1, piece.size)))
            return (struct entry){0};
        piece.size = colon;
    }
    if (read_address(piece, &address))
        return entry_of_address(&address);
    if (piece.size > 0 && strchr("*.", piece.text[0]))
        return wildcard(piece);
    return host(piece, sure);
}

struct entry entry_from_text(const char *text, size_t size, bool sure)
{
    struct piece piece = field_trim((struct piece){.text = text, .size = size});
    struct entry entry;

    if (piece.size > ENTRY_TEXT_MAX || !is_visible(piece))
        return (struct entry){0};
    if (take_scheme(&piece))
        return endpoint(authority_of(piece), true);
    if (read_prefix(piece, &entry))
        return entry;
    if (!sure && field_find(piece, "/?#@") < piece.size)
        return (struct entry){0}; /* a path, a mail address */
    return endpoint(authority_of(piece), sure);
}
