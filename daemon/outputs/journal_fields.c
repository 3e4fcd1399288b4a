/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An alarm has each address of the extra answer as an address of
 * its own: whoever looks for one finds the alarm too.
 */
#include "daemon/outputs/journal_fields.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Made by `uuidgen -r`, never to change: journalctl MESSAGE_ID=..., and the catalog. */
static const char *const message_ids[EVENT_COUNT] = {
    [EVENT_GRANTED] = "8b340505ca9f495491c69095324f4697",
    [EVENT_EXTENDED] = "09ee8420b3154c118d5018fc30d570b1",
    [EVENT_REFUSED] = "ddc4a640f1b247a2962a6a1bab6979a6",
    [EVENT_ALARM] = "9fceb8f2db8542ea849d7c55934271a2",
    [EVENT_EXPIRED] = "9ed0c4a78cf841be90ff15b3d4732dce",
    [EVENT_EVICTED] = "d7a513133d524a83927afb254ed9eb34",
    [EVENT_FORGOTTEN] = "644da076b51849aeac802c18a02a5e59",
    [EVENT_WAITED] = "449fdb06f96e4f4e9eda6be46bee4a64",
};

static void add_number(struct journald_entry *entry, const char *field, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    journald_add(entry, field, text);
}

static void add_name(struct journald_entry *entry, const char *field, const struct dname *name)
{
    char text[DNAME_TEXT_MAX];
    if (name && name->length > 0)
        journald_add(entry, field, dname_to_text(name, text));
}

static void add_address(struct journald_entry *entry, const char *field,
                        const struct address *address)
{
    char text[ADDRESS_TEXT_MAX];
    if (address && address->family != ADDRESS_NONE)
        journald_add(entry, field, address_to_text(address, text));
}

static void add_sighting(struct journald_entry *entry, const struct sighting *sighting)
{
    char interface[IFNAMSIZ + 1] = "";

    add_address(entry, "WILDSET_RESOLVER", &sighting->resolver);
    add_address(entry, "WILDSET_CLIENT", &sighting->client);
    memcpy(interface, sighting->interface, IFNAMSIZ);
    journald_add(entry, "WILDSET_INTERFACE", interface);
    if (sighting->vlan != SIGHTING_NO_VLAN)
        add_number(entry, "WILDSET_VLAN", sighting->vlan);
    journald_add(entry, "WILDSET_TRANSPORT", transport_name((enum transport)sighting->transport));
}

void journal_fields(const struct event *event, struct journald_entry *entry)
{
    const struct sighting *sighting = event->sighting;
    const struct alarm_report *alarm = event->alarm;
    bool has_one = event->address && event->address->family != ADDRESS_NONE;
    char set[SET_TEXT_MAX], pattern[PATTERN_TEXT_MAX], end[CLOCK_TEXT_MAX];

    journald_add(entry, "MESSAGE_ID", message_ids[event->kind]);
    journald_add(entry, "WILDSET_EVENT", event_kind_name(event->kind));
    journald_add(entry, "WILDSET_REASON", reason_name(event->reason));
    journald_add(entry, "WILDSET_SOURCE", source_name(event->source));
    if (event->whitelist)
        journald_add(entry, "WILDSET_WHITELIST", event->whitelist->name);
    if (event->set)
        journald_add(entry, "WILDSET_SET", set_name_to_text(event->set, set));
    if (event->pattern)
        journald_add(entry, "WILDSET_PATTERN", pattern_to_text(event->pattern, pattern));
    add_name(entry, "WILDSET_NAME", event->name);
    add_name(entry, "WILDSET_OWNER", event->owner);
    if (event->record != RECORD_NONE)
        journald_add(entry, "WILDSET_RECORD", record_type_name(event->record));
    /* The event's own address; of an answer that was refused whole, or that is an alarm, each. */
    add_address(entry, "WILDSET_ADDRESS", event->address);
    for (unsigned i = 0; !has_one && sighting && i < sighting->address_count; i++)
        add_address(entry, "WILDSET_ADDRESS", &sighting->addresses[i].address);
    for (unsigned i = 0; alarm && i < alarm->earlier_count; i++)
        add_address(entry, "WILDSET_EARLIER", &alarm->earlier[i]);
    if (event->lifetime > 0) {
        add_number(entry, "WILDSET_TTL", event->ttl);
        add_number(entry, "WILDSET_LIFETIME", event->lifetime);
    }
    if (event->expires_real_ns > 0)
        journald_add(entry, "WILDSET_EXPIRES", clock_to_text(event->expires_real_ns, end));
    if (sighting)
        add_sighting(entry, sighting);
    if (event->wait) {
        add_address(entry, "WILDSET_CLIENT", &event->wait->client);
        journald_add(entry, "WILDSET_OUTCOME", event->wait->outcome);
        add_number(entry, "WILDSET_WAITED_US", event->wait->us);
    }
}
