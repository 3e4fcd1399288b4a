/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fixed part, and behind it the names and an alarm's addresses: some 300 bytes in all, one
 * allocation.
 */
#include "daemon/control/memo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct memo {
    uint64_t real_ns, expires_real_ns;
    uint32_t ttl, lifetime;
    uint8_t kind, reason, source, record;
    struct address address, resolver, client;
    char interface[IFNAMSIZ];
    int16_t vlan;
    uint8_t transport;
    bool has_whitelist, has_set, has_sighting, is_alarm;
    uint8_t pattern_kind;
    uint8_t name_size, owner_size, pattern_size; /* 0: none */
    uint8_t address_count, earlier_count;        /* of an alarm */
    size_t size;                                 /* of `bytes` */
    uint8_t bytes[]; /* name, owner, pattern, whitelist, set, addresses */
};

/* A memo taken apart again, with what its event points at. */
struct opened {
    struct event event;
    struct whitelist whitelist;
    struct set_name set;
    struct dname name, owner;
    struct pattern pattern;
    struct address address;
    struct alarm_report alarm; /* its sighting is that of any event */
};

static uint8_t size_of_name(const struct dname *name)
{
    return name ? name->length : 0;
}

static uint8_t bounded(uint32_t count)
{
    return (uint8_t)(count < SIGHTING_ADDRESSES_MAX ? count : SIGHTING_ADDRESSES_MAX);
}

static size_t room_for(const struct memo *memo)
{
    return (size_t)memo->name_size + memo->owner_size + memo->pattern_size +
           (memo->has_whitelist ? WHITELIST_NAME_MAX : 0) +
           (memo->has_set ? sizeof(struct set_name) : 0) +
           sizeof(struct address) * (size_t)(memo->address_count + memo->earlier_count);
}

static struct memo measure(const struct event *event)
{
    struct memo memo = {
        .real_ns = event->real_ns,
        .expires_real_ns = event->expires_real_ns,
        .ttl = event->ttl,
        .lifetime = event->lifetime,
        .kind = (uint8_t)event->kind,
        .reason = (uint8_t)event->reason,
        .source = (uint8_t)event->source,
        .record = (uint8_t)event->record,
        .has_whitelist = event->whitelist != NULL,
        .has_set = event->set != NULL,
        .name_size = size_of_name(event->name),
        .owner_size = size_of_name(event->owner),
        .pattern_size = event->pattern ? event->pattern->name.length : 0,
        .pattern_kind = event->pattern ? event->pattern->kind : 0,
    };

    if (event->address)
        memo.address = *event->address;
    if (event->alarm) {
        memo.is_alarm = true;
        memo.address_count = bounded(event->alarm->sighting.address_count);
        memo.earlier_count = bounded(event->alarm->earlier_count);
    }
    return memo;
}

static void note_sighting(struct memo *memo, const struct sighting *sighting)
{
    if (!sighting)
        return;
    memo->has_sighting = true;
    memo->resolver = sighting->resolver;
    memo->client = sighting->client;
    memo->vlan = sighting->vlan;
    memo->transport = sighting->transport;
    memcpy(memo->interface, sighting->interface, IFNAMSIZ);
}

static void put(uint8_t **at, const void *data, size_t size)
{
    if (size > 0)
        memcpy(*at, data, size);
    *at += size;
}

static void put_all(struct memo *memo, const struct event *event)
{
    uint8_t *at = memo->bytes;

    put(&at, event->name ? event->name->wire : NULL, memo->name_size);
    put(&at, event->owner ? event->owner->wire : NULL, memo->owner_size);
    put(&at, event->pattern ? event->pattern->name.wire : NULL, memo->pattern_size);
    if (memo->has_whitelist)
        put(&at, event->whitelist->name, WHITELIST_NAME_MAX);
    if (memo->has_set)
        put(&at, event->set, sizeof(*event->set));
    for (unsigned i = 0; i < memo->address_count; i++)
        put(&at, &event->alarm->sighting.addresses[i].address, sizeof(struct address));
    for (unsigned i = 0; i < memo->earlier_count; i++)
        put(&at, &event->alarm->earlier[i], sizeof(struct address));
}

struct memo *memo_new(const struct event *event)
{
    struct memo fixed = measure(event);

    fixed.size = room_for(&fixed);
    struct memo *memo = malloc(sizeof(*memo) + fixed.size);
    if (!memo)
        return NULL;
    *memo = fixed;
    note_sighting(memo, event->sighting);
    put_all(memo, event);
    return memo;
}

void memo_free(struct memo *memo)
{
    free(memo);
}

static void take(const uint8_t **at, void *out, size_t size)
{
    if (size > 0)
        memcpy(out, *at, size);
    *at += size;
}

static void take_name(const uint8_t **at, uint8_t size, struct dname *out)
{
    out->length = size;
    take(at, out->wire, size);
}

static void take_all(const struct memo *memo, struct opened *out)
{
    const uint8_t *at = memo->bytes;

    take_name(&at, memo->name_size, &out->name);
    take_name(&at, memo->owner_size, &out->owner);
    take_name(&at, memo->pattern_size, &out->pattern.name);
    out->pattern.kind = memo->pattern_kind;
    if (memo->has_whitelist)
        take(&at, out->whitelist.name, WHITELIST_NAME_MAX);
    if (memo->has_set)
        take(&at, &out->set, sizeof(out->set));
    for (unsigned i = 0; i < memo->address_count; i++)
        take(&at, &out->alarm.sighting.addresses[i].address, sizeof(struct address));
    for (unsigned i = 0; i < memo->earlier_count; i++)
        take(&at, &out->alarm.earlier[i], sizeof(struct address));
    out->alarm.sighting.address_count = memo->address_count;
    out->alarm.earlier_count = memo->earlier_count;
}

static void take_sighting(const struct memo *memo, struct sighting *out)
{
    out->resolver = memo->resolver;
    out->client = memo->client;
    out->vlan = memo->vlan;
    out->transport = memo->transport;
    memcpy(out->interface, memo->interface, IFNAMSIZ);
}

static void memo_open(const struct memo *memo, struct opened *out)
{
    memset(out, 0, sizeof(*out));
    take_all(memo, out);
    take_sighting(memo, &out->alarm.sighting);
    out->address = memo->address;
    out->event = (struct event){
        .kind = (enum event_kind)memo->kind,
        .reason = (enum reason)memo->reason,
        .source = (enum source)memo->source,
        .real_ns = memo->real_ns,
        .whitelist = memo->has_whitelist ? &out->whitelist : NULL,
        .set = memo->has_set ? &out->set : NULL,
        .name = &out->name,
        .owner = &out->owner,
        .pattern = memo->pattern_size ? &out->pattern : NULL,
        .address = &out->address,
        .record = (enum record_type)memo->record,
        .ttl = memo->ttl,
        .lifetime = memo->lifetime,
        .expires_real_ns = memo->expires_real_ns,
        .sighting = memo->has_sighting ? &out->alarm.sighting : NULL,
        .alarm = memo->is_alarm ? &out->alarm : NULL,
    };
}

json_t *memo_to_json(const struct memo *memo)
{
    struct opened opened;

    memo_open(memo, &opened);
    json_t *object = event_to_json(&opened.event);
    if (object &&
        json_object_set_new(object, "event", json_string(event_kind_name(opened.event.kind))) < 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

bool memo_has_address(const struct memo *memo, const struct address *address)
{
    size_t count = (size_t)memo->address_count + memo->earlier_count;
    const uint8_t *at = memo->bytes + memo->size - count * sizeof(struct address);

    if (address_equal(&memo->address, address))
        return true;
    for (size_t i = 0; i < count; i++) {
        struct address other;
        take(&at, &other, sizeof(other));
        if (address_equal(&other, address))
            return true;
    }
    return false;
}

bool memo_has_name(const struct memo *memo, const struct dname *name)
{
    const uint8_t *at = memo->bytes;

    if (memo->name_size == name->length && memcmp(at, name->wire, name->length) == 0)
        return true;
    at += memo->name_size;
    return memo->owner_size == name->length && memcmp(at, name->wire, name->length) == 0;
}
