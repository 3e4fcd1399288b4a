/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An address is found at once; for a name all leases are looked through, a stretch a step.
 */
#include "daemon/control/explain.h"

#include "daemon/control/event_ring.h"
#include "daemon/control/explain_policy.h"
#include "daemon/control/protocol.h"
#include "daemon/outputs/views.h"
#include "setsync/setsync.h"
#include "source/json.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEASES_SHOWN = 32,
    REFUSALS_SHOWN = 16,
    LOOK_A_STEP = 1024, /* leases: about 0.1 ms */
};

struct explanation {
    struct address address; /* without family: a name is asked for */
    struct dname name;
    json_t *leases;
    const struct set_name *set_shown[LEASES_SHOWN]; /* compared, never followed */
    struct address address_shown[LEASES_SHOWN];
    size_t shown, left_out, below;
    size_t foreign; /* sets that somebody else has put the address into */
    size_t cursor;
    /* During a step. */
    const struct daemon_views *views;
    struct moment now;
};

struct explanation *explanation_new(const struct address *address, const struct dname *name)
{
    struct explanation *explanation = calloc(1, sizeof(*explanation));

    if (!explanation)
        return NULL;
    explanation->address = *address;
    explanation->name = *name;
    explanation->leases = json_array();
    if (explanation->leases)
        return explanation;
    free(explanation);
    return NULL;
}

void explanation_free(struct explanation *explanation)
{
    if (!explanation)
        return;
    json_decref(explanation->leases);
    free(explanation);
}

static bool asks_for_address(const struct explanation *explanation)
{
    return explanation->address.family != ADDRESS_NONE;
}

/* ---- values ---- */

/* A moment of the boot-time clock as a date.  What was before this boot's beginning stays dark. */
static void put_moment(json_t *object, const char *key, uint64_t boot_ns, const struct moment *now)
{
    if (boot_ns != 0)
        put_time(object, key, now->real_ns + boot_ns - now->boot_ns);
}

static void put_end(json_t *object, uint64_t expires_ns, const struct moment *now)
{
    put_moment(object, "expires", expires_ns, now);
    put_count(object, "left",
              expires_ns > now->boot_ns ? (expires_ns - now->boot_ns) / NS_PER_SECOND : 0);
}

/* ---- leases ---- */

static json_t *claim_to_json(const struct lease_claim *claim, const struct moment *now)
{
    char pattern[PATTERN_TEXT_MAX];
    json_t *object = json_object();

    put_text(object, "whitelist", claim->whitelist->name);
    put_name(object, "name", &claim->name);
    put_name(object, "owner", &claim->owner);
    if (claim->pattern.name.length)
        put_text(object, "pattern", pattern_to_text(&claim->pattern, pattern));
    if (claim->record != RECORD_NONE)
        put_text(object, "record", record_type_name(claim->record));
    put_count(object, "ttl", claim->ttl);
    put_text(object, "source", source_name(claim->source));
    put_address(object, "resolver", &claim->resolver);
    put_moment(object, "first_seen", claim->granted_ns, now);
    put_moment(object, "last_seen", claim->seen_ns, now);
    put_end(object, claim->expires_ns, now);
    return object;
}

static void put_element(json_t *object, const struct explanation *explanation,
                        const struct lease *lease)
{
    struct setsync_element element;

    if (setsync_read(explanation->views->sync, lease, &element) < 0)
        return;
    if (!element.exists)
        put_text(object, "element", "absent");
    else if (lease->removed)
        put_text(object, "element", "leaving");
    else if (lease->is_wide)
        put_text(object, "element", "covered");
    else
        put_text(object, "element", lease->write == LEASE_COVERED ? "foreign" : "present");
    if (element.exists && element.timeout_ms > 0)
        put_count(object, "element_left", element.expires_ms / 1000);
}

static json_t *lease_to_json(const struct explanation *explanation, const struct lease *lease)
{
    char set[SET_TEXT_MAX];
    json_t *object = json_object();
    json_t *claims = json_array();

    put_address(object, "address", &lease->address);
    put_text(object, "set", set_name_to_text(lease->set_name, set));
    put_element(object, explanation, lease);
    put_end(object, lease->expires_ns, &explanation->now);
    json_t *clients = lease->client_count ? json_array() : NULL;
    for (unsigned i = 0; i < lease->client_count; i++)
        append_address(clients, &lease->clients[i]);
    if (clients)
        json_object_set_new(object, "clients", clients);
    for (unsigned i = 0; i < lease->claim_count; i++) {
        const struct lease_claim claim = lease_claim_at(lease, i);
        json_array_append_new(claims, claim_to_json(&claim, &explanation->now));
    }
    json_object_set_new(object, "claims", claims);
    return object;
}

static void show(struct explanation *explanation, const struct lease *lease)
{
    for (size_t i = 0; i < explanation->shown; i++) {
        if (explanation->set_shown[i] == lease->set_name &&
            address_equal(&explanation->address_shown[i], &lease->address))
            return;
    }
    if (explanation->shown == LEASES_SHOWN) {
        explanation->left_out++;
        return;
    }
    explanation->set_shown[explanation->shown] = lease->set_name;
    explanation->address_shown[explanation->shown++] = lease->address;
    json_array_append_new(explanation->leases, lease_to_json(explanation, lease));
}

static void look_for_name(void *context, const struct lease *lease)
{
    struct explanation *explanation = context;
    bool below = false;

    if (lease->expires_ns <= explanation->now.boot_ns)
        return;
    for (unsigned i = 0; i < lease->claim_count; i++) {
        const struct kept_claim *claim = &lease->claims[i];

        if (kept_name_equal(claim->name, &explanation->name) ||
            kept_name_equal(claim->owner, &explanation->name)) {
            show(explanation, lease);
            return;
        }
        struct dname name = kept_name_get(claim->name);
        below |= dname_is_below(&name, &explanation->name);
    }
    explanation->below += below;
}

/* No lease, and still the set lets it through. */
static void show_foreign(void *context, const struct set_name *set,
                         const struct setsync_element *element)
{
    struct explanation *explanation = context;
    char text[SET_TEXT_MAX];
    json_t *object = json_object();

    put_address(object, "address", &explanation->address);
    put_text(object, "set", set_name_to_text(set, text));
    put_text(object, "element", element->is_wide ? "covered" : "foreign");
    if (element->timeout_ms > 0)
        put_count(object, "element_left", element->expires_ms / 1000);
    json_object_set_new(object, "claims", json_array());
    json_array_append_new(explanation->leases, object);
    explanation->foreign++;
}

/* True when all have been looked at. */
static bool look(struct explanation *explanation)
{
    const struct setsync *sync = explanation->views->sync;
    const struct lease *leases[LEASES_SHOWN];

    if (asks_for_address(explanation)) {
        size_t count =
            setsync_find(sync, &explanation->address, &explanation->now, leases, LEASES_SHOWN);

        for (size_t i = 0; i < count; i++)
            show(explanation, leases[i]);
        setsync_each_foreign(sync, &explanation->address, show_foreign, explanation);
        return true;
    }
    for (unsigned looked = 0; looked < LOOK_A_STEP; looked += SETSYNC_SLICE) {
        setsync_slice(sync, &explanation->cursor, look_for_name, explanation);
        if (explanation->cursor == 0)
            return true;
    }
    return false;
}

/* ---- refusals ---- */

static bool event_names(const json_t *event, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(event, key));

    return value && strcmp(value, text) == 0;
}

static bool event_lists(const json_t *event, const char *key, const char *text)
{
    json_t *value;
    size_t i;

    json_array_foreach(json_object_get(event, key), i, value)
    {
        if (strcmp(json_string_value(value), text) == 0)
            return true;
    }
    return false;
}

static bool event_is_about(const json_t *event, const struct explanation *explanation)
{
    char address[ADDRESS_TEXT_MAX], name[DNAME_TEXT_MAX];

    if (asks_for_address(explanation)) {
        address_to_text(&explanation->address, address);
        return event_names(event, "address", address) || event_lists(event, "addresses", address) ||
               event_lists(event, "earlier", address);
    }
    dname_to_text(&explanation->name, name);
    return event_names(event, "name", name) || event_names(event, "owner", name);
}

/* The newest first; how many more there are. */
static uint64_t put_events(json_t *object, const char *key, const struct explanation *explanation,
                           const struct event_ring *ring)
{
    json_t *array = json_array(), *event;
    uint64_t number = event_ring_begin(ring), lost, left_out = 0;

    while ((event = event_ring_next(ring, &number, &lost))) {
        if (event_is_about(event, explanation))
            json_array_insert(array, 0, event);
        json_decref(event);
        if (json_array_size(array) > REFUSALS_SHOWN) {
            json_array_remove(array, REFUSALS_SHOWN);
            left_out++;
        }
    }
    json_object_set_new(object, key, array);
    return left_out;
}

/* ---- all of it ---- */

static json_t *conclude(const struct explanation *explanation, const struct event_ring *refusals,
                        const struct event_ring *waits)
{
    json_t *object = json_object();
    uint64_t left_out;

    put_count(object, "protocol", CONTROL_PROTOCOL);
    if (asks_for_address(explanation))
        put_address(object, "address", &explanation->address);
    else
        put_name(object, "name", &explanation->name);
    put_flag(object, "allowed", explanation->shown + explanation->foreign > 0);
    json_object_set(object, "leases", explanation->leases);
    if (explanation->left_out)
        put_count(object, "leases_left_out", explanation->left_out);
    if (explanation->below)
        put_count(object, "leases_below", explanation->below);
    json_object_set_new(
        object, "whitelists",
        judgement_to_json(explanation->views, &explanation->address, &explanation->name));
    left_out = put_events(object, "recent", explanation, refusals);
    if (left_out)
        put_count(object, "recent_left_out", left_out);
    if (asks_for_address(explanation))
        (void)put_events(object, "waits", explanation, waits);
    return object;
}

json_t *explanation_step(struct explanation *explanation, const struct daemon_views *views,
                         const struct event_ring *refusals, const struct event_ring *waits,
                         bool *done)
{
    explanation->views = views;
    explanation->now = clock_now();
    *done = look(explanation);
    return *done ? conclude(explanation, refusals, waits) : NULL;
}
