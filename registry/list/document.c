/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kind of document it is, by its first byte that says something.
 */
#include "registry/list/document.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *word;
    bool host;
} labels[] = {
    {"host", true},       {"hostname", true},  {"fqdn", true},        {"name", true},
    {"domain", true},     {"server", true},    {"node", true},        {"dns", true},
    {"dnsname", true},    {"dns_name", true},  {"host_name", true},   {"hosts", false},
    {"hostnames", false}, {"names", false},    {"domains", false},    {"servers", false},
    {"nodes", false},     {"address", false},  {"addresses", false},  {"addr", false},
    {"ip", false},        {"ips", false},      {"ip_address", false}, {"ipaddress", false},
    {"ipv4", false},      {"ipv6", false},     {"ip4", false},        {"ip6", false},
    {"a", false},         {"aaaa", false},     {"url", false},        {"urls", false},
    {"uri", false},       {"endpoint", false}, {"endpoints", false},  {"target", false},
    {"targets", false},   {"prefix", false},   {"prefixes", false},   {"cidr", false},
    {"network", false},   {"networks", false}, {"ip_prefix", false},  {"ipv6_prefix", false},
};

static int find_label(const char *text, size_t size)
{
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        if (strlen(labels[i].word) == size && strncasecmp(labels[i].word, text, size) == 0)
            return (int)i;
    return -1;
}

bool document_is_label(const char *text, size_t size)
{
    return find_label(text, size) >= 0;
}

bool document_is_host_label(const char *text, size_t size)
{
    int found = find_label(text, size);

    return found >= 0 && labels[found].host;
}

/* "[2001:db8::1]:443" in the first line is text, though it begins as JSON does. */
static bool begins_with_address(const char *bytes, size_t size)
{
    size_t line = 0;

    while (line < size && line < ENTRY_TEXT_MAX && !strchr("\r\n,; \t", bytes[line]))
        line++;
    return entry_from_text(bytes, line, true).kind == ENTRY_ADDRESS;
}

enum document_outcome document_read(const char *bytes, size_t size, document_visit *visit,
                                    void *context)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";

    if (size > 0 && memchr(bytes, '\0', size))
        return DOCUMENT_BINARY;
    if (size >= 3 && memcmp(bytes, byte_order_mark, 3) == 0) {
        bytes += 3;
        size -= 3;
    }
    for (; size > 0 && strchr(" \t\r\n", *bytes); bytes++)
        size--;
    if (size == 0)
        return DOCUMENT_OK;
    if (*bytes == '<')
        return DOCUMENT_PAGE;
    if (*bytes == '{' || (*bytes == '[' && !begins_with_address(bytes, size)))
        return document_read_json(bytes, size, visit, context);
    return document_read_text(bytes, size, visit, context);
}
