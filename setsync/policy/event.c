/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as JSON, with the keys that are the same everywhere (design 7).  What is unknown is left
 * out: never null, never empty.
 */
#include "setsync/policy/event.h"

#include "base/clock.h"

#include <string.h>

static const char *const kind_names[EVENT_COUNT] = {
    [EVENT_GRANTED] = "granted",     [EVENT_EXTENDED] = "extended", [EVENT_REFUSED] = "refused",
    [EVENT_ALARM] = "alarm",         [EVENT_EXPIRED] = "expired",   [EVENT_EVICTED] = "evicted",
    [EVENT_FORGOTTEN] = "forgotten", [EVENT_WAITED] = "waited",
};

const char *event_kind_name(enum event_kind kind)
{
    return (unsigned)kind < EVENT_COUNT ? kind_names[kind] : "";
}

/* An object in the making; the first failure sticks. */
struct object {
    json_t *json;
    bool failed;
};

static void event_put(struct object *object, const char *key, json_t *value)
{
    if (!value || json_object_set_new_nocheck(object->json, key, value) < 0)
        object->failed = true;
}

static void event_put_text(struct object *object, const char *key, const char *text)
{
    if (text && text[0] != '\0')
        event_put(object, key, json_string(text));
}

static void event_put_integer(struct object *object, const char *key, int64_t value)
{
    event_put(object, key, json_integer(value));
}

static void event_put_time(struct object *object, const char *key, uint64_t real_ns)
{
    char text[CLOCK_TEXT_MAX];
    if (real_ns != 0)
        event_put_text(object, key, clock_to_text(real_ns, text));
}

static void event_put_name(struct object *object, const char *key, const struct dname *name)
{
    char text[DNAME_TEXT_MAX];
    if (name && name->length > 0)
        event_put_text(object, key, dname_to_text(name, text));
}

static void event_put_address(struct object *object, const char *key, const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];
    if (address && address->family != ADDRESS_NONE)
        event_put_text(object, key, address_to_text(address, text));
}

static bool event_is_verdict(enum event_kind kind)
{
    return kind == EVENT_GRANTED || kind == EVENT_EXTENDED || kind == EVENT_REFUSED;
}

static void event_put_whitelist(struct object *object, const struct event *event)
{
    char set[SET_TEXT_MAX];
    if (event->whitelist)
        event_put_text(object, "whitelist", event->whitelist->name);
    if (event->set)
        event_put_text(object, "set", set_name_to_text(event->set, set));
}

static void event_put_pattern(struct object *object, const struct pattern *pattern)
{
    char text[PATTERN_TEXT_MAX];
    if (pattern)
        event_put_text(object, "pattern", pattern_to_text(pattern, text));
}

static void event_put_lifetime(struct object *object, const struct event *event)
{
    if (event->lifetime != 0) {
        event_put_integer(object, "ttl", event->ttl);
        event_put_integer(object, "lifetime", event->lifetime);
    }
    event_put_time(object, "expires", event->expires_real_ns);
}

static void event_put_sighting(struct object *object, const struct sighting *sighting)
{
    if (!sighting)
        return;
    event_put_address(object, "resolver", &sighting->resolver);
    event_put_address(object, "client", &sighting->client);
    char interface[IFNAMSIZ + 1] = {0};
    memcpy(interface, sighting->interface, IFNAMSIZ);
    if (interface[0] != '\0')
        event_put(object, "interface", json_stringn(interface, strlen(interface)));
    if (sighting->vlan != SIGHTING_NO_VLAN)
        event_put_integer(object, "vlan", sighting->vlan);
    event_put_text(object, "transport", transport_name((enum transport)sighting->transport));
}

static void event_append_address(struct object *object, json_t *array,
                                 const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];
    json_t *value = json_string(address_to_text(address, text));
    if (!value || json_array_append_new(array, value) < 0)
        object->failed = true;
}

/* "addresses": what the extra answer says; "earlier": what the counted one said.  Of a TCP stream's
 * alarm neither is known. */
static void event_put_alarm(struct object *object, const struct event *event)
{
    const struct alarm_report *alarm = event->alarm;

    if (!alarm || event->reason != REASON_EXTRA_ANSWER)
        return;
    json_t *addresses = json_array();
    json_t *earlier = json_array();
    for (unsigned i = 0; addresses && i < alarm->sighting.address_count; i++)
        event_append_address(object, addresses, &alarm->sighting.addresses[i].address);
    for (unsigned i = 0; earlier && i < alarm->earlier_count; i++)
        event_append_address(object, earlier, &alarm->earlier[i]);
    event_put(object, "addresses", addresses);
    event_put(object, "earlier", earlier);
}

static void event_put_wait(struct object *object, const struct event_wait *wait)
{
    if (!wait)
        return;
    event_put_address(object, "client", &wait->client);
    event_put_text(object, "outcome", wait->outcome);
    event_put_integer(object, "waited_us", (int64_t)wait->us);
}

json_t *event_to_json(const struct event *event)
{
    struct object object = {.json = json_object()};
    if (!object.json)
        return NULL;
    event_put_time(&object, "time", event->real_ns);
    if (event_is_verdict(event->kind))
        event_put_text(&object, "verdict", event_kind_name(event->kind));
    event_put_text(&object, "reason", reason_name(event->reason));
    event_put_whitelist(&object, event);
    event_put_name(&object, "name", event->name);
    event_put_name(&object, "owner", event->owner);
    event_put_pattern(&object, event->pattern);
    if (event->record != RECORD_NONE)
        event_put_text(&object, "record", record_type_name(event->record));
    event_put_address(&object, "address", event->address);
    event_put_lifetime(&object, event);
    event_put_text(&object, "source", source_name(event->source));
    event_put_sighting(&object, event->sighting);
    event_put_alarm(&object, event);
    event_put_wait(&object, event->wait);
    if (!object.failed)
        return object.json;
    json_decref(object.json);
    return NULL;
}
