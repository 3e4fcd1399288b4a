/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Set names as people write them: "FAMILY TABLE SET".  Identifiers are what nftables' own scanner
 * takes without quotes: a letter or `_` first, then letters, digits and `_ . - /`.
 */
#include "setsync/policy/whitelist.h"

#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>

static const struct family {
    const char *name;
    uint8_t number;
} families[] = {
    {"inet", NFPROTO_INET},     {"ip", NFPROTO_IPV4},       {"ip6", NFPROTO_IPV6},
    {"bridge", NFPROTO_BRIDGE}, {"netdev", NFPROTO_NETDEV},
};

enum { FAMILY_COUNT = sizeof(families) / sizeof(families[0]), FAMILY_NAME_MAX = 8 };

static bool set_name_is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static bool set_name_is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* The next word, at most `size - 1` bytes, copied; returns what follows it, NULL when there is
 * none. */
static const char *set_name_next_word(const char *text, char *out, size_t size)
{
    while (set_name_is_blank(*text))
        text++;
    size_t length = 0;
    while (text[length] != '\0' && !set_name_is_blank(text[length]))
        length++;
    if (length == 0 || length >= size)
        return NULL;
    memcpy(out, text, length);
    out[length] = '\0';
    return text + length;
}

static bool set_name_is_identifier(const char *word)
{
    if (!set_name_is_letter(word[0]) && word[0] != '_')
        return false;
    for (const char *at = word; *at != '\0'; at++)
        if (!set_name_is_letter(*at) && !strchr("0123456789_.-/", *at))
            return false;
    return true;
}

static bool set_name_family(const char *text, uint8_t *out)
{
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        if (strcmp(families[i].name, text) != 0)
            continue;
        *out = families[i].number;
        return true;
    }
    return false;
}

bool set_name_from_text(const char *text, struct set_name *out)
{
    struct set_name name = {0};
    char family[FAMILY_NAME_MAX];
    if (strcmp(text, "none") == 0) {
        *out = (struct set_name){.family = SET_FAMILY_NONE};
        return true;
    }
    text = set_name_next_word(text, family, sizeof(family));
    if (!text || !set_name_family(family, &name.family))
        return false;
    text = set_name_next_word(text, name.table, sizeof(name.table));
    if (!text || !set_name_is_identifier(name.table))
        return false;
    text = set_name_next_word(text, name.set, sizeof(name.set));
    if (!text || !set_name_is_identifier(name.set))
        return false;
    while (set_name_is_blank(*text))
        text++;
    if (*text != '\0')
        return false;
    *out = name;
    return true;
}

const char *set_family_name(uint8_t family)
{
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        if (families[i].number == family)
            return families[i].name;
    return NULL;
}

const char *set_name_to_text(const struct set_name *name, char out[static SET_TEXT_MAX])
{
    const char *family = set_family_name(name->family);
    if (set_name_is_none(name))
        return strcpy(out, "none");
    snprintf(out, SET_TEXT_MAX, "%s %.*s %.*s", family ? family : "?", SET_IDENTIFIER_MAX - 1,
             name->table, SET_IDENTIFIER_MAX - 1, name->set);
    return out;
}

bool set_name_equal(const struct set_name *a, const struct set_name *b)
{
    return a->family == b->family && !set_name_is_none(a) && strcmp(a->table, b->table) == 0 &&
           strcmp(a->set, b->set) == 0;
}

bool set_name_is_none(const struct set_name *name)
{
    return name->family == SET_FAMILY_NONE;
}

bool set_name_is_own(const struct set_name *name)
{
    return name->family == NFPROTO_INET && strcmp(name->table, "wildset") == 0;
}

static bool whitelist_has_one_service(const struct whitelist *whitelist,
                                      const struct service *service)
{
    for (size_t i = 0; i < whitelist->service_count; i++) {
        const struct service *own = &whitelist->services[i];

        if (own->protocol == service->protocol && own->first_port == service->first_port &&
            own->last_port == service->last_port)
            return true;
    }
    return false;
}

static bool whitelist_has_all_services(const struct whitelist *whitelist,
                                       const struct whitelist *other)
{
    for (size_t i = 0; i < other->service_count; i++)
        if (!whitelist_has_one_service(whitelist, &other->services[i]))
            return false;
    return true;
}

bool whitelists_mix_services(const struct whitelist *a, const struct whitelist *b)
{
    return (set_name_equal(&a->set4, &b->set4) || set_name_equal(&a->set6, &b->set6)) &&
           (!whitelist_has_all_services(a, b) || !whitelist_has_all_services(b, a));
}
