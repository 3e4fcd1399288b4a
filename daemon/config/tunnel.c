/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tunnel as the configuration names it: its type, and what has to hold for it to be entered.
 */
#include "daemon/config/values.h"
#include "dnsparse/names/dns.h"

#include <string.h>

enum {
    WORD_MAX = PREFIX_TEXT_MAX,
};

/* What its packets are numbered by, and whether UDP carries it. */
static const struct tunnel_kind {
    const char *number; /* NULL: by nothing */
    uint32_t most;
    bool udp;
} kinds[ENCAPSULATION_COUNT] = {
    [ENCAPSULATION_GRE] = {"key", UINT32_MAX, true},
    [ENCAPSULATION_ERSPAN] = {"session", 0x3ff, false},
    [ENCAPSULATION_VXLAN] = {"vni", 0xffffff, true},
    [ENCAPSULATION_GENEVE] = {"vni", 0xffffff, true},
    [ENCAPSULATION_IPIP] = {NULL, 0, false},
    [ENCAPSULATION_TZSP] = {NULL, 0, true},
    [ENCAPSULATION_GTP] = {"teid", UINT32_MAX, true},
};

/* The next word, "" at the end; false when it is longer than any that is wanted. */
static bool take_word(const char **text, char out[static WORD_MAX])
{
    *text += strspn(*text, " ");
    size_t length = strcspn(*text, " ");

    if (length >= WORD_MAX)
        return false;
    memcpy(out, *text, length);
    out[length] = '\0';
    *text += length;
    return true;
}

static bool find_encapsulation(const char *word, uint8_t *out)
{
    for (unsigned i = ENCAPSULATION_NONE + 1; i < ENCAPSULATION_COUNT; i++) {
        if (strcmp(word, encapsulation_name((enum encapsulation)i)) != 0)
            continue;
        *out = (uint8_t)i;
        return true;
    }
    return false;
}

/* Each condition once. */
static bool take_condition(const char *key, const char *value, struct plan_tunnel *tunnel)
{
    const struct tunnel_kind *kind = &kinds[tunnel->encapsulation];
    uint32_t port;

    if (strcmp(key, "from") == 0)
        return tunnel->from.address.family == ADDRESS_NONE &&
               prefix_from_text(value, &tunnel->from);
    if (strcmp(key, "port") == 0) {
        if (!kind->udp || tunnel->port || !value_number(value, UINT16_MAX, &port) || port == 0 ||
            port == DNS_PORT)
            return false;
        tunnel->port = (uint16_t)port;
        return true;
    }
    if (!kind->number || strcmp(key, kind->number) != 0 || tunnel->has_number)
        return false;
    tunnel->has_number = value_number(value, kind->most, &tunnel->number);
    return tunnel->has_number;
}

bool value_tunnel(const char *text, struct plan_tunnel *out)
{
    char key[WORD_MAX], value[WORD_MAX];
    struct plan_tunnel tunnel;

    memset(&tunnel, 0, sizeof(tunnel));
    if (!take_word(&text, key) || !find_encapsulation(key, &tunnel.encapsulation))
        return false;
    while (text[strspn(text, " ")] != '\0') {
        if (!take_word(&text, key) || !take_word(&text, value) ||
            !take_condition(key, value, &tunnel))
            return false;
    }
    *out = tunnel;
    return true;
}
