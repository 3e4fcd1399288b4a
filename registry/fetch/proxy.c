/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The environment's variables, and the matching of no_proxy.
 */
#include "registry/fetch/proxy.h"

#include "dnsparse/names/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *proxy_first_of(const char *const *names)
{
    for (; *names; names++) {
        const char *value = getenv(*names);

        if (value && *value != '\0')
            return value;
    }
    return "";
}

const char *proxy_from_environment(void)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                        NULL};
    return proxy_first_of(names);
}

const char *proxy_exceptions_from_environment(void)
{
    static const char *const names[] = {"no_proxy", "NO_PROXY", NULL};
    return proxy_first_of(names);
}

/* The host itself or a name below it; no dot in front or behind counts. */
static bool covers_name(const char *exception, size_t size, const char *host)
{
    size_t length = strlen(host);

    while (size > 0 && exception[0] == '.') {
        exception++;
        size--;
    }
    while (size > 0 && exception[size - 1] == '.')
        size--;
    while (length > 0 && host[length - 1] == '.')
        length--;
    if (size == 0 || length < size || strncasecmp(host + length - size, exception, size) != 0)
        return false;
    return length == size || host[length - size - 1] == '.';
}

static bool covers_address(const char *exception, size_t size, const struct address *address)
{
    char text[PREFIX_TEXT_MAX];
    struct prefix prefix;

    if (size >= 2 && exception[0] == '[' && exception[size - 1] == ']') {
        exception++;
        size -= 2;
    }
    snprintf(text, sizeof(text), "%.*s", (int)size, exception);
    return prefix_from_text(text, &prefix) && prefix_contains(&prefix, address);
}

bool proxy_is_bypassed(const char *exceptions, const char *host)
{
    static const char between[] = ", \t";
    struct address address;
    bool is_address = address_from_text(host, &address);

    for (const char *at = exceptions; *(at += strspn(at, between)) != '\0';) {
        size_t size = strcspn(at, between);

        if ((size == 1 && *at == '*') ||
            (is_address ? covers_address(at, size, &address) : covers_name(at, size, host)))
            return true;
        at += size;
    }
    return false;
}

bool proxy_resolves(const char *proxy)
{
    static const char *const others[] = {"socks://", "socks4://", "socks5://", NULL};

    for (unsigned i = 0; others[i]; i++)
        if (strncasecmp(proxy, others[i], strlen(others[i])) == 0)
            return false;
    return true;
}
