/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table of words, compared without case.
 */
#include "registry/list/labels.h"

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

static int label_find(const char *text, size_t size)
{
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        if (strlen(labels[i].word) == size && strncasecmp(labels[i].word, text, size) == 0)
            return (int)i;
    return -1;
}

bool label_is_known(const char *text, size_t size)
{
    return label_find(text, size) >= 0;
}

bool label_is_host(const char *text, size_t size)
{
    int found = label_find(text, size);

    return found >= 0 && labels[found].host;
}
