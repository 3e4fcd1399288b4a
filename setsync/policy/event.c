/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as JSON, with the keys that are the same everywhere (design 7).
 */
#include "setsync/policy/event.h"

#include "source/json.h"

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

static bool event_is_verdict(enum event_kind kind)
{
    return kind == EVENT_GRANTED || kind == EVENT_EXTENDED || kind == EVENT_REFUSED;
}

static void event_put_sighting(json_t *object, const struct sighting *sighting)
{
    char interface[IFNAMSIZ + 1] = {0};

    if (!sighting)
        return;
    put_address(object, "resolver", &sighting->resolver);
    put_address(object, "client", &sighting->client);
    memcpy(interface, sighting->interface, IFNAMSIZ);
    put_text(object, "interface", interface);
    if (sighting->vlan != SIGHTING_NO_VLAN)
        put_count(object, "vlan", (uint64_t)sighting->vlan);
    put_text(object, "transport", transport_name((enum transport)sighting->transport));
}

/* "addresses": what the extra answer says; "earlier": what the counted one said.  Of a TCP stream's
 * alarm neither is known. */
static void event_put_alarm(json_t *object, const struct event *event)
{
    const struct alarm_report *alarm = event->alarm;

    if (!alarm || event->reason != REASON_EXTRA_ANSWER)
        return;
    json_t *addresses = json_array();
    json_t *earlier = json_array();
    for (unsigned i = 0; i < alarm->sighting.address_count; i++)
        append_address(addresses, &alarm->sighting.addresses[i].address);
    for (unsigned i = 0; i < alarm->earlier_count; i++)
        append_address(earlier, &alarm->earlier[i]);
    json_object_set_new(object, "addresses", addresses);
    json_object_set_new(object, "earlier", earlier);
}

json_t *event_to_json(const struct event *event)
{
    char set[SET_TEXT_MAX], pattern[PATTERN_TEXT_MAX];
    json_t *object = json_object();

    put_time(object, "time", event->real_ns);
    if (event_is_verdict(event->kind))
        put_text(object, "verdict", event_kind_name(event->kind));
    put_text(object, "reason", reason_name(event->reason));
    if (event->whitelist)
        put_text(object, "whitelist", event->whitelist->name);
    if (event->set)
        put_text(object, "set", set_name_to_text(event->set, set));
    put_name(object, "name", event->name);
    put_name(object, "owner", event->owner);
    if (event->pattern)
        put_text(object, "pattern", pattern_to_text(event->pattern, pattern));
    if (event->record != RECORD_NONE)
        put_text(object, "record", record_type_name(event->record));
    put_address(object, "address", event->address);
    if (event->lifetime != 0) {
        put_count(object, "ttl", event->ttl);
        put_count(object, "lifetime", event->lifetime);
    }
    put_time(object, "expires", event->expires_real_ns);
    put_text(object, "source", source_name(event->source));
    event_put_sighting(object, event->sighting);
    event_put_alarm(object, event);
    if (event->wait) {
        put_address(object, "client", &event->wait->client);
        put_text(object, "outcome", event->wait->outcome);
        put_count(object, "waited_us", event->wait->us);
    }
    return object;
}
