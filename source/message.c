/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the enums that a sighting holds, and the check that every message passes before anything
 * in it is believed.
 */
#include "source/message.h"

#include "source/kind.h"

#include <assert.h>
#include <string.h>

/* The channel compares and carries these as bytes: no compiler may put a hole into them. */
static_assert(sizeof(struct sighting_address) == 24, "sighting_address has padding");
static_assert(sizeof(struct sighting) == 1232, "sighting has padding");
static_assert(sizeof(struct alarm_report) == 1512, "alarm_report has padding");
static_assert(sizeof(struct registry_report) == 352, "registry_report has padding");
static_assert(sizeof(struct state_report) == 104, "state_report has padding");

enum {
    SECONDS_MAX = INT32_MAX, /* RFC 2181 section 8 */
    VLAN_MAX = 4095, /* reserved, but twelve bits can say it, and a frame must not end its reader */
};

const char *transport_name(enum transport transport)
{
    static const char *const names[TRANSPORT_COUNT] = {
        [TRANSPORT_UNKNOWN] = "", [TRANSPORT_UDP] = "udp",     [TRANSPORT_TCP] = "tcp",
        [TRANSPORT_TLS] = "tls",  [TRANSPORT_HTTPS] = "https", [TRANSPORT_QUIC] = "quic",
    };
    return (unsigned)transport < TRANSPORT_COUNT ? names[transport] : "";
}

const char *encapsulation_name(enum encapsulation encapsulation)
{
    static const char *const names[ENCAPSULATION_COUNT] = {
        [ENCAPSULATION_NONE] = "",         [ENCAPSULATION_GRE] = "gre",
        [ENCAPSULATION_ERSPAN] = "erspan", [ENCAPSULATION_VXLAN] = "vxlan",
        [ENCAPSULATION_GENEVE] = "geneve", [ENCAPSULATION_IPIP] = "ipip",
        [ENCAPSULATION_TZSP] = "tzsp",     [ENCAPSULATION_GTP] = "gtp",
    };
    return (unsigned)encapsulation < ENCAPSULATION_COUNT ? names[encapsulation] : "";
}

const char *interface_state_name(enum interface_state state)
{
    static const char *const names[STATE_COUNT] = {
        [STATE_READY] = "ready",
        [STATE_UP] = "up",
        [STATE_DOWN] = "down",
        [STATE_WAITING] = "waiting",
        [STATE_ONE_DIRECTION] = "one-direction",
    };
    return (unsigned)state < STATE_COUNT && names[state] ? names[state] : "";
}

const char *interface_filter_name(enum interface_filter filter)
{
    static const char *const names[INTERFACE_FILTER_COUNT] = {
        [INTERFACE_FILTER_NONE] = "",
        [INTERFACE_FILTER_NAMES] = "names",
        [INTERFACE_FILTER_PORT] = "port 53",
        [INTERFACE_FILTER_USERSPACE] = "userspace",
    };
    return (unsigned)filter < INTERFACE_FILTER_COUNT ? names[filter] : "";
}

const char *filter_reason_name(enum filter_reason reason)
{
    static const char *const names[FILTER_REASON_COUNT] = {
        [FILTER_REASON_NONE] = "",
        [FILTER_REASON_CHAIN] = "match-chain",
        [FILTER_REASON_ANY_NAME] = "any-name",
        [FILTER_REASON_MANY_PATTERNS] = "many-patterns",
        [FILTER_REASON_FOLLOWING] = "following",
        [FILTER_REASON_LINK_TYPE] = "link-type",
        [FILTER_REASON_REFUSED] = "refused",
    };
    return (unsigned)reason < FILTER_REASON_COUNT ? names[reason] : "";
}

/* Compared with itself one byte on: memcmp looks at many at once, and a message is mostly zero. */
static bool all_zero(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    return size == 0 || (at[0] == 0 && memcmp(at, at + 1, size - 1) == 0);
}

/* Behind the part of the union that this kind uses. */
static bool rest_is_zero(const struct message *message, size_t used)
{
    const uint8_t *body = (const uint8_t *)&message->sighting;
    size_t size = sizeof(*message) - (size_t)(body - (const uint8_t *)message);

    return all_zero(body + used, size - used);
}

static bool interface_is_valid(const char interface[static IFNAMSIZ])
{
    size_t length = strnlen(interface, IFNAMSIZ);

    if (length == IFNAMSIZ)
        return false;
    for (size_t i = 0; i < length; i++)
        if (interface[i] <= ' ' || interface[i] > '~' || interface[i] == '/')
            return false;
    return all_zero(interface + length, IFNAMSIZ - length);
}

static bool name_is_valid_or_absent(const struct dname *name)
{
    return name->length == 0 ? all_zero(name, sizeof(*name)) : dname_is_canonical(name);
}

static bool address_is_valid_or_absent(const struct address *address)
{
    return address->family == ADDRESS_NONE ? all_zero(address, sizeof(*address))
                                           : address_is_canonical(address);
}

static bool is_among(uint32_t bits, uint32_t member)
{
    return member < 32 && (bits >> member & 1);
}

static bool record_fits(const struct sighting_address *entry, enum source source)
{
    if (!is_among(source_kind(source)->may_claim, entry->record))
        return false;
    switch ((enum record_type)entry->record) {
    case RECORD_A:
        return entry->address.family == ADDRESS_IPV4;
    case RECORD_AAAA:
        return entry->address.family == ADDRESS_IPV6;
    case RECORD_HTTPS:
    case RECORD_SVCB:
    case RECORD_LIST:
        return true;
    case RECORD_NONE:
    case RECORD_COUNT:
        break;
    }
    return false;
}

static bool addresses_are_valid(const struct sighting *sighting, enum source source)
{
    const struct sighting_address *addresses = sighting->addresses;
    unsigned count = sighting->address_count;

    if (count > SIGHTING_ADDRESSES_MAX)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!address_is_canonical(&addresses[i].address) || !record_fits(&addresses[i], source) ||
            !all_zero(addresses[i].zero, sizeof(addresses[i].zero)) ||
            addresses[i].ttl > SECONDS_MAX)
            return false;
    return all_zero(addresses + count, (SIGHTING_ADDRESSES_MAX - count) * sizeof(*addresses));
}

static bool sighting_is_valid(const struct sighting *sighting, enum source source)
{
    return name_is_valid_or_absent(&sighting->question) &&
           name_is_valid_or_absent(&sighting->matched) &&
           name_is_valid_or_absent(&sighting->owner) &&
           address_is_valid_or_absent(&sighting->resolver) &&
           address_is_valid_or_absent(&sighting->client) && sighting->vlan >= SIGHTING_NO_VLAN &&
           sighting->vlan <= VLAN_MAX && sighting->transport < TRANSPORT_COUNT &&
           sighting->encapsulation < ENCAPSULATION_COUNT && sighting->more <= 1 &&
           all_zero(sighting->zero, sizeof(sighting->zero)) && sighting->chain_ttl <= SECONDS_MAX &&
           interface_is_valid(sighting->interface) && addresses_are_valid(sighting, source);
}

static bool answer_is_valid(const struct sighting *sighting, enum source source)
{
    return sighting_is_valid(sighting, source) && sighting->reason == REASON_NONE &&
           sighting->stranger == STRANGER_UNKNOWN && sighting->question.length > 0 &&
           sighting->matched.length > 0 && sighting->owner.length > 0 &&
           (!sighting->more || sighting->address_count == SIGHTING_ADDRESSES_MAX);
}

static bool refusal_is_valid(const struct sighting *sighting, enum source source)
{
    return sighting_is_valid(sighting, source) && sighting->reason > REASON_NONE &&
           sighting->reason < REASON_COUNT && sighting->more == 0 &&
           sighting->stranger < STRANGER_COUNT &&
           (sighting->stranger == STRANGER_UNKNOWN ||
            sighting->reason == REASON_UNTRUSTED_RESOLVER);
}

static bool alarm_is_valid(const struct alarm_report *alarm, enum source source)
{
    if (alarm->earlier_count > SIGHTING_ADDRESSES_MAX || alarm->asked_again > 1 ||
        !all_zero(alarm->zero, sizeof(alarm->zero)) || !refusal_is_valid(&alarm->sighting, source))
        return false;
    for (unsigned i = 0; i < alarm->earlier_count; i++)
        if (!address_is_canonical(&alarm->earlier[i]))
            return false;
    return all_zero(alarm->earlier + alarm->earlier_count,
                    (SIGHTING_ADDRESSES_MAX - alarm->earlier_count) * sizeof(*alarm->earlier));
}

#define WHY(reason) (UINT32_C(1) << FILTER_REASON_##reason)

/* What a filter may be explained with. */
static const uint32_t filter_reasons[INTERFACE_FILTER_COUNT] = {
    [INTERFACE_FILTER_NONE] = WHY(NONE),
    [INTERFACE_FILTER_NAMES] = WHY(NONE) | WHY(CHAIN),
    [INTERFACE_FILTER_PORT] = WHY(ANY_NAME) | WHY(MANY_PATTERNS) | WHY(FOLLOWING) | WHY(REFUSED),
    [INTERFACE_FILTER_USERSPACE] = WHY(LINK_TYPE) | WHY(REFUSED),
};

static bool state_is_valid(const struct state_report *state, enum source source)
{
    bool named = state->interface[0] != '\0';

    return state->ethertype <= UINT16_MAX && state->zero == 0 &&
           interface_is_valid(state->interface) &&
           is_among(source_kind(source)->may_state, state->state) &&
           named == (state->state != STATE_READY && state->state != STATE_ONE_DIRECTION) &&
           state->promiscuous <= 1 && state->filter < INTERFACE_FILTER_COUNT &&
           is_among(filter_reasons[state->filter], state->filter_reason) && state->link_type >= -1;
}

bool message_is_valid(const struct message *message, enum source source)
{
    if (!is_among(source_kind(source)->may_send, message->kind) || message->zero != 0)
        return false;
    switch ((enum message_kind)message->kind) {
    case MESSAGE_ANSWER:
        return rest_is_zero(message, sizeof(message->sighting)) &&
               answer_is_valid(&message->sighting, source);
    case MESSAGE_REFUSAL:
        return rest_is_zero(message, sizeof(message->sighting)) &&
               refusal_is_valid(&message->sighting, source);
    case MESSAGE_ALARM:
        return rest_is_zero(message, sizeof(message->alarm)) &&
               alarm_is_valid(&message->alarm, source);
    case MESSAGE_COUNTERS:
        return rest_is_zero(message, sizeof(message->counters)) &&
               message->counters.refused[REASON_NONE] == 0;
    case MESSAGE_STATE:
        return rest_is_zero(message, sizeof(message->state)) &&
               state_is_valid(&message->state, source);
    case MESSAGE_ASKED:
        return rest_is_zero(message, sizeof(message->asked)) &&
               dname_is_canonical(&message->asked.question);
    case MESSAGE_REGISTRY:
        return rest_is_zero(message, sizeof(message->registry)) &&
               registry_report_is_valid(&message->registry);
    case MESSAGE_CAUGHT_UP:
        return rest_is_zero(message, 0);
    }
    return false;
}
