/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and prefixes: text in both directions, order, containment.  Nothing here resolves or
 * guesses: a text is what inet_pton(3) takes, and "192.0.2.1/24" is refused, not rounded.
 */
#include "dnsparse/names/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char decimal_digits[] = "0123456789";

struct address address_from_ipv4(const uint8_t bytes[static 4])
{
    struct address address = {.family = ADDRESS_IPV4};

    memcpy(address.bytes, bytes, 4);
    return address;
}

struct address address_from_ipv6(const uint8_t bytes[static 16])
{
    struct address address = {.family = ADDRESS_IPV6};

    memcpy(address.bytes, bytes, 16);
    return address;
}

unsigned address_size(const struct address *address)
{
    if (address->family == ADDRESS_IPV4)
        return 4;
    return address->family == ADDRESS_IPV6 ? 16 : 0;
}

bool address_is_canonical(const struct address *address)
{
    unsigned size = address_size(address);

    if (size == 0)
        return false;
    for (unsigned i = size; i < sizeof address->bytes; i++)
        if (address->bytes[i] != 0)
            return false;
    return true;
}

bool address_equal(const struct address *a, const struct address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

int address_compare(const struct address *a, const struct address *b)
{
    return memcmp(a, b, sizeof *a); /* the family stands first, and 4 < 6 */
}

bool address_above(const struct address *address, struct address *out)
{
    struct address above = *address;

    for (unsigned i = address_size(address); i-- > 0;) {
        if (++above.bytes[i] == 0)
            continue;
        *out = above;
        return true;
    }
    return false;
}

bool address_from_text(const char *text, struct address *out)
{
    uint8_t bytes[16];

    if (inet_pton(AF_INET, text, bytes) == 1) {
        *out = address_from_ipv4(bytes);
        return true;
    }
    if (inet_pton(AF_INET6, text, bytes) != 1)
        return false;
    *out = address_from_ipv6(bytes);
    return true;
}

const char *address_to_text(const struct address *address, char out[static ADDRESS_TEXT_MAX])
{
    int family = address->family == ADDRESS_IPV4 ? AF_INET : AF_INET6;

    out[0] = '\0';
    if (address_size(address) != 0)
        inet_ntop(family, address->bytes, out, ADDRESS_TEXT_MAX);
    return out;
}

/* Plain decimal, no sign, no leading zero: "/08" is a typing error, not an eight. */
static bool length_from_text(const char *text, unsigned most, uint8_t *out)
{
    size_t digits = strspn(text, decimal_digits);
    unsigned value = 0;

    if (digits == 0 || digits > 3 || text[digits] != '\0')
        return false;
    if (text[0] == '0' && digits > 1)
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (unsigned)(text[i] - '0');
    if (value > most)
        return false;
    *out = (uint8_t)value;
    return true;
}

bool prefix_is_canonical(const struct prefix *prefix)
{
    unsigned bits = address_size(&prefix->address) * 8;

    if (!address_is_canonical(&prefix->address) || prefix->length > bits)
        return false;
    for (unsigned bit = prefix->length; bit < bits; bit++)
        if (prefix->address.bytes[bit / 8] & (0x80 >> bit % 8))
            return false;
    return true;
}

bool prefix_from_text(const char *text, struct prefix *out)
{
    const char *slash = strchr(text, '/');
    size_t size = slash != NULL ? (size_t)(slash - text) : strlen(text);
    char address[ADDRESS_TEXT_MAX];
    struct prefix prefix;

    if (size >= sizeof address)
        return false;
    memcpy(address, text, size);
    address[size] = '\0';
    if (!address_from_text(address, &prefix.address))
        return false;
    prefix.length = (uint8_t)(address_size(&prefix.address) * 8);
    if (slash != NULL && !length_from_text(slash + 1, prefix.length, &prefix.length))
        return false;
    if (!prefix_is_canonical(&prefix))
        return false;
    *out = prefix;
    return true;
}

const char *prefix_to_text(const struct prefix *prefix, char out[static PREFIX_TEXT_MAX])
{
    char address[ADDRESS_TEXT_MAX];

    address_to_text(&prefix->address, address);
    if (prefix->length == address_size(&prefix->address) * 8)
        snprintf(out, PREFIX_TEXT_MAX, "%s", address);
    else
        snprintf(out, PREFIX_TEXT_MAX, "%s/%u", address, (unsigned)prefix->length);
    return out;
}

/* Most of a list's prefixes differ in the family or the first bytes: that is looked at first. */
bool prefix_contains(const struct prefix *prefix, const struct address *address)
{
    unsigned bytes = prefix->length / 8, bits = prefix->length % 8;
    uint8_t mask = (uint8_t)(0xff00 >> bits);

    if (address->family != prefix->address.family)
        return false;
    if (bytes > 0 && address->bytes[0] != prefix->address.bytes[0])
        return false;
    if (address_size(address) == 0 || prefix->length > address_size(address) * 8)
        return false;
    if (memcmp(prefix->address.bytes, address->bytes, bytes) != 0)
        return false;
    return bits == 0 || ((prefix->address.bytes[bytes] ^ address->bytes[bytes]) & mask) == 0;
}
