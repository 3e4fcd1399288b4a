/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three-valued, and in doubt "maybe": of what is not known here nothing is claimed.
 */
#include "doctor/rules/nftmatch.h"

#include "base/json_read.h"

#include <netinet/in.h>
#include <string.h>

enum { DEPTH_MAX = 16 }; /* of expressions in expressions */

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static enum truth truth_of(bool value)
{
    return value ? TRUTH_YES : TRUTH_NO;
}

/* ---- what is known of the packet ---- */

static struct nftfact word_fact(const char *word)
{
    return (struct nftfact){.kind = FACT_WORD, .word = word};
}

static struct nftfact mark_fact(const struct nftmark *mark)
{
    return (struct nftfact){.kind = mark->known ? FACT_NUMBER : FACT_UNKNOWN,
                            .number = mark->value,
                            .by_set = mark->by_set};
}

static struct nftfact protocol_fact(const struct nftpacket *packet)
{
    return (struct nftfact){.kind = FACT_WORD,
                            .number = packet->protocol,
                            .word = packet->protocol == IPPROTO_UDP ? "udp" : "tcp"};
}

static struct nftfact payload_fact(const json_t *payload, const struct nftpacket *packet)
{
    const char *protocol = text_of(payload, "protocol"), *field = text_of(payload, "field");
    const char *network = packet->family == ADDRESS_IPV4 ? "ip" : "ip6";
    const char *transport = packet->protocol == IPPROTO_UDP ? "udp" : "tcp";

    /* Raw bytes have no protocol. */
    if (!*protocol || is(protocol, "ether") || is(protocol, "vlan"))
        return (struct nftfact){.kind = FACT_UNKNOWN};
    if (is(protocol, network)) {
        if (is(field, "daddr"))
            return (struct nftfact){.kind = FACT_DESTINATION};
        if (is(field, "protocol") || is(field, "nexthdr"))
            return protocol_fact(packet);
        return (struct nftfact){.kind = FACT_UNKNOWN};
    }
    if (!is(protocol, "th") && !is(protocol, transport))
        return (struct nftfact){.kind = FACT_ABSENT};
    if (is(field, "dport"))
        return (struct nftfact){.kind = FACT_NUMBER, .number = packet->port};
    return (struct nftfact){.kind = FACT_UNKNOWN};
}

static struct nftfact meta_fact(const char *key, const struct nftpacket *packet)
{
    bool ipv4 = packet->family == ADDRESS_IPV4;

    if (is(key, "l4proto"))
        return protocol_fact(packet);
    if (is(key, "nfproto"))
        return word_fact(ipv4 ? "ipv4" : "ipv6");
    if (is(key, "protocol"))
        return word_fact(ipv4 ? "ip" : "ip6");
    if (is(key, "mark"))
        return mark_fact(&packet->packet_mark);
    if (is(key, "iif") || is(key, "iifname") || is(key, "oif") || is(key, "oifname"))
        return (struct nftfact){.kind = FACT_INTERFACE};
    return (struct nftfact){.kind = FACT_UNKNOWN};
}

static struct nftmark mark_calculate(const json_t *expression, const struct nftpacket *packet,
                                     unsigned depth);

struct nftfact nftfact_of(const json_t *expression, const struct nftpacket *packet)
{
    const json_t *payload = json_object_get(expression, "payload");
    const json_t *meta = json_object_get(expression, "meta");
    const json_t *connection = json_object_get(expression, "ct");

    if (payload)
        return payload_fact(payload, packet);
    if (meta)
        return meta_fact(text_of(meta, "key"), packet);
    if (text_is(connection, "key", "state"))
        return word_fact("new"); /* it is a connection's first packet */
    if (text_is(connection, "key", "direction"))
        return word_fact("original");
    if (text_is(connection, "key", "mark"))
        return mark_fact(&packet->connection_mark);
    if (connection)
        return (struct nftfact){.kind = FACT_UNKNOWN};

    struct nftmark mark = mark_calculate(expression, packet, 0);
    return mark_fact(&mark);
}

/* ---- what it is compared with ---- */

static enum truth fact_is_number(const struct nftfact *fact, json_int_t first, json_int_t last)
{
    bool has_number = fact->kind == FACT_NUMBER || (fact->kind == FACT_WORD && fact->number);

    if (!has_number)
        return TRUTH_MAYBE;
    return truth_of(fact->number >= first && fact->number <= last);
}

static enum truth fact_is_word(const struct nftfact *fact, const char *word,
                               const struct nftchain *chain, const struct nftpacket *packet,
                               bool *by_set)
{
    if (word[0] == '@') {
        if (fact->kind != FACT_DESTINATION || !nftchain_names_set(chain, word, packet->set))
            return TRUTH_MAYBE;
        *by_set = !packet->outside;
        return truth_of(!packet->outside);
    }
    if (fact->kind == FACT_WORD)
        return truth_of(is(fact->word, word));
    if (fact->kind == FACT_INTERFACE && is(word, "lo"))
        return TRUTH_NO;
    return TRUTH_MAYBE;
}

/* Any of them. */
static enum truth fact_is_among(const struct nftfact *fact, const json_t *list,
                                const struct nftchain *chain, const struct nftpacket *packet,
                                bool *by_set)
{
    enum truth best = TRUTH_NO;
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        enum truth truth =
            json_is_array(item) ? TRUTH_MAYBE : nftfact_is(fact, item, chain, packet, by_set);
        if (truth > best)
            best = truth;
    }
    return best;
}

static enum truth fact_is_in_range(const struct nftfact *fact, const json_t *range)
{
    const json_t *first = json_array_get(range, 0), *last = json_array_get(range, 1);

    if (!json_is_integer(first) || !json_is_integer(last))
        return TRUTH_MAYBE;
    return fact_is_number(fact, json_integer_value(first), json_integer_value(last));
}

enum truth nftfact_is(const struct nftfact *fact, const json_t *right, const struct nftchain *chain,
                      const struct nftpacket *packet, bool *by_set)
{
    const json_t *set = json_object_get(right, "set");
    const json_t *range = json_object_get(right, "range");
    const json_t *value = json_object_get(json_object_get(right, "elem"), "val");

    if (fact->kind == FACT_UNKNOWN)
        return TRUTH_MAYBE;
    if (json_is_integer(right))
        return fact_is_number(fact, json_integer_value(right), json_integer_value(right));
    if (json_is_string(right))
        return fact_is_word(fact, json_string_value(right), chain, packet, by_set);
    if (json_is_array(right))
        return fact_is_among(fact, right, chain, packet, by_set);
    if (json_is_array(set))
        return fact_is_among(fact, set, chain, packet, by_set);
    if (range)
        return fact_is_in_range(fact, range);
    if (json_is_integer(value))
        return fact_is_number(fact, json_integer_value(value), json_integer_value(value));
    if (json_is_string(value))
        return fact_is_word(fact, json_string_value(value), chain, packet, by_set);
    return TRUTH_MAYBE; /* an address, a prefix, a concatenation */
}

static enum truth fact_compares(const struct nftfact *fact, const char *operator,
                                const json_t * right)
{
    json_int_t limit = json_integer_value(right);

    if (fact->kind != FACT_NUMBER || !json_is_integer(right))
        return TRUTH_MAYBE;
    if (is(operator, "<"))
        return truth_of(fact->number < limit);
    if (is(operator, ">"))
        return truth_of(fact->number > limit);
    if (is(operator, "<="))
        return truth_of(fact->number <= limit);
    if (is(operator, ">="))
        return truth_of(fact->number >= limit);
    return TRUTH_MAYBE;
}

enum truth nftmatch(const json_t *match, const struct nftchain *chain,
                    const struct nftpacket *packet, bool *by_set)
{
    const char *operator= text_of(match, "op");
    const json_t *right = json_object_get(match, "right");
    struct nftfact fact = nftfact_of(json_object_get(match, "left"), packet);
    bool said_by_set = fact.by_set;

    if (fact.kind == FACT_ABSENT)
        return TRUTH_NO;
    if (!is(operator, "==") && !is(operator, "in") && !is(operator, "!="))
        return fact_compares(&fact, operator, right);

    enum truth truth = nftfact_is(&fact, right, chain, packet, &said_by_set);
    if (is(operator, "!="))
        return TRUTH_YES - truth;
    if (truth == TRUTH_YES && said_by_set)
        *by_set = true;
    return truth;
}

/* ---- marks ---- */

static struct nftmark mark_calculate(const json_t *expression, const struct nftpacket *packet,
                                     unsigned depth)
{
    static const char *const operators[] = {"&", "|", "^"};
    json_int_t number = json_integer_value(expression);
    struct nftmark sum = {.known = false};

    if (json_is_integer(expression))
        return (struct nftmark){.known = number >= 0 && number <= UINT32_MAX,
                                .value = (uint32_t)number};
    if (text_is(json_object_get(expression, "ct"), "key", "mark"))
        return packet->connection_mark;
    if (text_is(json_object_get(expression, "meta"), "key", "mark"))
        return packet->packet_mark;
    for (size_t i = 0; depth < DEPTH_MAX && i < sizeof(operators) / sizeof(operators[0]); i++) {
        const json_t *parts = json_object_get(expression, operators[i]);

        for (size_t j = 0; j < json_array_size(parts); j++) {
            struct nftmark part = mark_calculate(json_array_get(parts, j), packet, depth + 1);
            uint32_t values[] = {sum.value & part.value, sum.value | part.value,
                                 sum.value ^ part.value};

            sum = j == 0 ? part
                         : (struct nftmark){.known = sum.known && part.known,
                                            .value = values[i],
                                            .by_set = sum.by_set || part.by_set};
        }
    }
    return sum;
}

struct nftmark nftmark_of(const json_t *expression, const struct nftpacket *packet)
{
    return mark_calculate(expression, packet, 0);
}
