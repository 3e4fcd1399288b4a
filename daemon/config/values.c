/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text to value for each type of the configuration: strict, so that a slip is told instead of
 * guessed.
 */
#include "daemon/config/values.h"

#include "dnsparse/names/dns.h"

#include <idn2.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

bool value_boolean(const char *text, bool *out)
{
    static const struct {
        const char *text;
        bool value;
    } words[] = {{"true", true}, {"false", false}, {"yes", true},
                 {"no", false},  {"on", true},     {"off", false}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i].text) != 0)
            continue;
        *out = words[i].value;
        return true;
    }
    return false;
}

/* Digits at *text, which moves behind them; false without one or past `most`. */
static bool take_number(const char **text, uint32_t most, uint32_t *out)
{
    uint64_t value = 0;
    const char *at = *text;
    if (!is_digit(*at))
        return false;
    for (; is_digit(*at); at++) {
        value = value * 10 + (uint64_t)(*at - '0');
        if (value > most)
            return false;
    }
    *text = at;
    *out = (uint32_t)value;
    return true;
}

bool value_number(const char *text, uint32_t most, uint32_t *out)
{
    uint32_t value;
    if (!take_number(&text, most, &value) || *text != '\0')
        return false;
    *out = value;
    return true;
}

/* The letters at *text, which moves behind them, in milliseconds; 0: they are no unit. */
static uint64_t take_unit(const char **text)
{
    static const struct {
        const char *letters;
        uint64_t milliseconds;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    size_t length = strcspn(*text, "0123456789");

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strlen(units[i].letters) != length || memcmp(*text, units[i].letters, length) != 0)
            continue;
        *text += length;
        return units[i].milliseconds;
    }
    return 0;
}

/* In milliseconds; false past DURATION_MAX seconds. */
static bool read_duration(const char *text, uint64_t *out)
{
    uint64_t total = 0, larger = UINT64_MAX;
    uint32_t seconds;

    if (value_number(text, DURATION_MAX, &seconds)) {
        *out = (uint64_t)seconds * 1000;
        return true;
    }
    if (*text == '\0')
        return false;
    while (*text != '\0') {
        uint32_t count;
        if (!take_number(&text, UINT32_MAX, &count))
            return false;
        uint64_t unit = take_unit(&text);
        if (unit == 0 || unit >= larger)
            return false;
        larger = unit;
        total += count * unit;
        if (total > (uint64_t)DURATION_MAX * 1000)
            return false;
    }
    *out = total;
    return true;
}

bool value_duration(const char *text, uint32_t *out)
{
    uint64_t milliseconds;

    if (!read_duration(text, &milliseconds) || milliseconds % 1000 != 0)
        return false;
    *out = (uint32_t)(milliseconds / 1000);
    return true;
}

bool value_milliseconds(const char *text, uint32_t most, uint32_t *out)
{
    uint64_t milliseconds;

    if (!read_duration(text, &milliseconds) || milliseconds > most)
        return false;
    *out = (uint32_t)milliseconds;
    return true;
}

bool value_interface(const char *text, struct plan_interface *out)
{
    size_t length = strlen(text);
    if (length == 0 || length >= IFNAMSIZ || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~' || strchr("/:%", text[i]))
            return false;
    *out = (struct plan_interface){.name = {0}};
    memcpy(out->name, text, length);
    return true;
}

/* "@PORT" at the end, as unbound has it; 53 is what no port means.  `length` is what is before. */
static bool take_server_port(const char *text, size_t *length, uint16_t *port)
{
    const char *at = strrchr(text, '@');
    unsigned long value = 0;

    *length = at ? (size_t)(at - text) : strlen(text);
    for (const char *digit = at ? at + 1 : ""; *digit; digit++) {
        if (*digit < '0' || *digit > '9' || value > UINT16_MAX)
            return false;
        value = 10 * value + (unsigned long)(*digit - '0');
    }
    if (value > UINT16_MAX || (at && value == 0))
        return false;
    *port = value == DNS_PORT ? 0 : (uint16_t)value;
    return true;
}

bool value_resolver(const char *text, struct plan_resolver *out)
{
    if (strcmp(text, VALUE_DEFAULT_RESOLVERS) == 0) {
        *out = (struct plan_resolver){.interface = {0}};
        return true;
    }

    char prefix[PREFIX_TEXT_MAX];
    struct plan_interface interface = {.name = {0}};
    struct plan_resolver resolver = {.interface = {0}};
    char server[sizeof(prefix) + 1 + IFNAMSIZ];
    size_t server_length = 0;

    if (!take_server_port(text, &server_length, &resolver.port) || server_length >= sizeof(server))
        return false;
    memcpy(server, text, server_length);
    server[server_length] = '\0';
    const char *percent = strchr(server, '%');
    size_t length = percent ? (size_t)(percent - server) : server_length;
    if (length >= sizeof(prefix) || (percent && !value_interface(percent + 1, &interface)))
        return false;
    memcpy(prefix, server, length);
    prefix[length] = '\0';
    if (!prefix_from_text(prefix, &resolver.prefix))
        return false;
    memcpy(resolver.interface, interface.name, IFNAMSIZ);
    *out = resolver;
    return true;
}

static bool take_port(const char **text, uint16_t *out)
{
    uint32_t port;
    if (!take_number(text, UINT16_MAX, &port) || port == 0)
        return false;
    *out = (uint16_t)port;
    return true;
}

bool value_service(const char *text, struct service *out)
{
    struct service service = {.protocol = IPPROTO_UDP};
    if (strncmp(text, "tcp", 3) == 0)
        service.protocol = IPPROTO_TCP;
    else if (strncmp(text, "udp", 3) != 0)
        return false;
    text += 3;
    if (*text != ' ')
        return false;
    text += strspn(text, " ");
    if (!take_port(&text, &service.first_port))
        return false;
    service.last_port = service.first_port;
    if (*text == '-') {
        text++;
        if (!take_port(&text, &service.last_port))
            return false;
    }
    if (*text != '\0' || service.last_port < service.first_port)
        return false;
    *out = service;
    return true;
}

static bool is_ascii(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* What a name never holds, and what is put where a name belongs does: URLs, ports, prefixes. */
static bool looks_like_name(const char *text)
{
    struct prefix prefix;

    return strpbrk(text, "/:@,;%") == NULL && !prefix_from_text(text, &prefix);
}

/* The host in "scheme://user@host:port/path", or in any part of that. */
static bool host_of(const char *text, char out[static PATTERN_TEXT_MAX])
{
    const char *host = strstr(text, "://") ? strstr(text, "://") + 3 : text;
    const char *user = strpbrk(host, "@/?#");

    if (user && *user == '@')
        host = user + 1;
    size_t length = strcspn(host, "/?#:,; ");
    if (length == 0 || length >= PATTERN_TEXT_MAX)
        return false;
    memcpy(out, host, length);
    out[length] = '\0';
    return true;
}

bool value_mend_name(const char *text, char out[static CONFIG_MEND_MAX])
{
    char host[PATTERN_TEXT_MAX], written[PATTERN_TEXT_MAX];
    struct pattern pattern;
    struct prefix prefix;

    if (prefix_from_text(text, &prefix) || strspn(text, "0123456789./") == strlen(text)) {
        snprintf(
            out, CONFIG_MEND_MAX,
            "an address or prefix, not a name: it needs no wildset, put it into your own rules");
        return true;
    }
    if (*text == '.' && value_pattern(text + 1, &pattern)) {
        snprintf(out, CONFIG_MEND_MAX, "write names = { \"*.%s\" }%s", text + 1,
                 ", and the name without \"*.\" too if it is meant");
        return true;
    }
    if (looks_like_name(text) || !host_of(text, host) || !value_pattern(host, &pattern))
        return false;
    snprintf(out, CONFIG_MEND_MAX, "more than a name: write names = { \"%s\" }%s",
             pattern_to_text(&pattern, written),
             strstr(text, "://") ? "; the URL of a list of servers belongs in registry" : "");
    return true;
}

/* "443/tcp", "tcp/443", "tcp:443", "tcp443": as other programs write it. */
bool value_mend_service(const char *text, char out[static CONFIG_MEND_MAX])
{
    static const char *const protocols[] = {"tcp", "udp"};

    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        const char *ports = text + strcspn(text, "0123456789");
        char written[32];
        struct service service;

        if (!strstr(text, protocols[i]))
            continue;
        size_t digits = strspn(ports, "0123456789-:");
        snprintf(written, sizeof(written), "%s %.*s", protocols[i], digits < 16 ? (int)digits : 16,
                 ports);
        char *colon = strchr(written, ':');
        if (colon)
            *colon = '-';
        if (!value_service(written, &service))
            return false;
        snprintf(out, CONFIG_MEND_MAX, "write services = { \"%s\" }", written);
        return true;
    }
    return false;
}

bool value_pattern(const char *text, struct pattern *out)
{
    char whole[PATTERN_TEXT_MAX];
    const char *name = strncmp(text, "*.", 2) == 0 ? text + 2 : text;
    char *converted;
    bool good;

    if (!looks_like_name(text))
        return false;
    if (is_ascii(text))
        return pattern_from_text(text, out);
    if (idn2_to_ascii_8z(name, &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
        return false;
    good = strlen(converted) + 3 <= sizeof(whole);
    if (good) {
        memcpy(whole, "*.", 3);
        strcpy(whole + (name == text ? 0 : 2), converted);
        good = pattern_from_text(whole, out);
    }
    idn2_free(converted);
    return good;
}

bool value_whitelist_name(const char *text, char out[static WHITELIST_NAME_MAX])
{
    size_t length = strlen(text);
    if (length >= WHITELIST_NAME_MAX || !is_letter(text[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_letter(text[i]) && !is_digit(text[i]) && text[i] != '_' && text[i] != '-')
            return false;
    memset(out, 0, WHITELIST_NAME_MAX);
    memcpy(out, text, length);
    return true;
}

bool value_url(const char *text)
{
    static const char scheme[] = "https://";
    const char *host = text + sizeof(scheme) - 1;
    size_t length;

    if (*text == '\0')
        return true;
    if (strncmp(text, scheme, sizeof(scheme) - 1) != 0)
        return false;
    for (const char *at = text; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return false;
    length = strcspn(host, "/?#");
    return length > 0 && host[0] != ':' && !memchr(host, '@', length);
}

bool value_user(const char *text, struct config_user *out)
{
    size_t length = strlen(text);

    if (length == 0 || length >= sizeof(out->name) || *text == '-' ||
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != length)
        return false;
    memset(out, 0, sizeof(*out));
    memcpy(out->name, text, length);
    return true;
}

bool value_path(const char *text)
{
    return *text == '\0' || (*text == '/' && strlen(text) < PATH_MAX);
}

/* One way to write each path, so that two whitelists cannot share a file unseen. */
static bool is_plain_path(const char *text)
{
    const char *part = text;

    while (*part == '/') {
        size_t length = strcspn(++part, "/");
        if (length == 0 || (length == 1 && part[0] == '.') ||
            (length == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        part += length;
    }
    return *part == '\0';
}

bool value_feed(const char *text, char out[static WHITELIST_FEED_MAX])
{
    size_t length = strlen(text);

    if (length >= WHITELIST_FEED_MAX || (length > 0 && (*text != '/' || !is_plain_path(text))))
        return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    memset(out, 0, WHITELIST_FEED_MAX);
    memcpy(out, text, length);
    return true;
}
