/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patterns and prefixes are what the configuration is made of, so people try them here.
 */
#include "client/subject.h"

#include "daemon/config/values.h"
#include "dnsparse/names/address.h"

#include <string.h>

json_t *subject_read(const char *text, const char **problem)
{
    char name[DNAME_TEXT_MAX];
    struct address address;
    struct prefix prefix;
    struct pattern pattern;

    *problem = NULL;
    if (address_from_text(text, &address))
        return json_pack("{s:s}", "address", text);
    if (prefix_from_text(text, &prefix))
        *problem = "that is a prefix: expected one address or name";
    else if (!value_pattern(text, &pattern))
        *problem = "that is neither an address nor a domain name";
    else if (pattern.kind != PATTERN_EXACT)
        *problem =
            "that is a pattern: expected one address or name, for example one that it matches";
    if (*problem)
        return NULL;
    return json_pack("{s:s}", "name", dname_to_text(&pattern.name, name));
}
