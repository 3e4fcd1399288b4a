/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings: each is one function that looks at one source, interface or set and says a line when
 * something is wrong there.
 */
#include "client/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    ADVICE_MAX = 640,
    QUIET_SECONDS = 60, /* after this long without an answer something is probably wrong */
};

struct advice {
    advice_line *each;
    void *context;
    size_t count;
};

static void say(struct advice *advice, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct advice *advice, const char *format, ...)
{
    char line[ADVICE_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    advice->count++;
    if (advice->each)
        advice->each(advice->context, line);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static json_int_t counter_of(const json_t *source, const char *key)
{
    return number_of(json_object_get(source, "counters"), key);
}

static void look_at_source(struct advice *advice, const json_t *source)
{
    const char *name = text_of(source, "source");

    if (strcmp(text_of(source, "state"), "waiting") == 0)
        say(advice,
            "the %s does not run and is started again in a moment (%s); nothing is learned from"
            " it meanwhile, the sets stay: see `journalctl -u wildset`",
            name, text_of(source, "problem"));
    if (strcmp(text_of(source, "state"), "starting") == 0)
        say(advice, "the %s is starting and not ready yet", name);
    if (number_of(source, "violations") > 0)
        say(advice,
            "the %s sent %" JSON_INTEGER_FORMAT " messages that it may not send, and was ended"
            " for it: somebody may have taken it over; see `journalctl -u wildset`",
            name, number_of(source, "violations"));
    if (counter_of(source, "alarms") > 0)
        say(advice,
            "%" JSON_INTEGER_FORMAT " answers contradicted the one that came first, and were not"
            " learned: somebody may be spoofing DNS; `journalctl -u wildset` has both",
            counter_of(source, "alarms"));
}

/* Only once some time has passed: right after the start nothing has come yet. */
static void look_at_traffic(struct advice *advice, const json_t *status, const json_t *source)
{
    if (strcmp(text_of(source, "source"), "sniffer") != 0 ||
        strcmp(text_of(source, "state"), "running") != 0 ||
        number_of(status, "uptime") < QUIET_SECONDS)
        return;
    if (counter_of(source, "answers") == 0)
        say(advice,
            "no DNS answer has come by yet: do the clients' DNS packets (UDP port 53) pass the"
            " interfaces below? DNS over TLS or HTTPS cannot be read");
    else if (counter_of(source, "matching-answers") == 0)
        say(advice,
            "DNS answers come by, but none for a name of the whitelists yet: try `getent ahosts"
            " NAME` on a client; a client may also use its cache, or DNS over HTTPS");
}

static void look_at_interface(struct advice *advice, const json_t *interface)
{
    const char *name = text_of(interface, "interface");
    const char *state = text_of(interface, "state");
    json_int_t received = number_of(interface, "received");
    json_int_t dropped = number_of(interface, "dropped");
    json_int_t by_interface = number_of(interface, "interface_dropped");

    if (strcmp(state, "down") == 0)
        say(advice, "%s is down: `ip link set %s up`; it is used as soon as it is up", name, name);
    if (strcmp(state, "waiting") == 0)
        say(advice,
            "there is no interface %s: check capture.interfaces against `ip link`; it is used as"
            " soon as it is there",
            name);
    if (strcmp(state, "one-direction") == 0)
        say(advice,
            "%s shows answers but not the questions to them: mirror both directions, or name the"
            " resolvers in capture.resolvers and set require-query = false",
            name);
    if (dropped > 0)
        say(advice,
            "%s: the kernel dropped %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
            " packets, the sniffer did not keep up: answers may be missed; give it a CPU of its"
            " own, or mirror DNS traffic only",
            name, dropped, received);
    if (by_interface > 0)
        say(advice,
            "%s: the network card or its driver dropped %" JSON_INTEGER_FORMAT
            " packets: larger rings (`ethtool -G %s rx 4096`) or less mirrored traffic help",
            name, by_interface, name);
}

static void look_at_set(struct advice *advice, const json_t *set)
{
    const char *name = text_of(set, "set");
    json_int_t leases = number_of(set, "leases");
    json_int_t capacity = number_of(set, "capacity");

    if (strcmp(text_of(set, "state"), "missing") == 0)
        say(advice,
            "%s: %s; make the set, or set create = true; its addresses are entered as soon as it"
            " is there",
            name, *text_of(set, "problem") ? text_of(set, "problem") : "there is no such set");
    if (strcmp(text_of(set, "state"), "wrong") == 0)
        say(advice,
            "%s %s: delete the set so that wildset makes it anew, or name another in the"
            " configuration",
            name, text_of(set, "problem"));
    if (capacity > 0 && leases >= capacity)
        say(advice,
            "%s is full (%" JSON_INTEGER_FORMAT " addresses): each new one drives out the one"
            " nearest to its end; raise max-addresses, or narrow the names",
            name, leases);
    if (number_of(set, "full") > 0)
        say(advice,
            "%s: the kernel said %" JSON_INTEGER_FORMAT " times that the set is full; something"
            " else fills it too, or its size is too small: see `nft list set %s`",
            name, number_of(set, "full"), name);
}

static void look_at_totals(struct advice *advice, const json_t *status)
{
    const json_t *transactions = json_object_get(status, "transactions");

    if (number_of(transactions, "failed") > 0)
        say(advice,
            "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " transactions with the kernel"
            " failed; they are tried again: see `journalctl -u wildset`",
            number_of(transactions, "failed"), number_of(transactions, "count"));
}

size_t advice_each(const json_t *status, advice_line *each, void *context)
{
    struct advice advice = {.each = each, .context = context};
    json_t *source, *item;
    size_t i, j;

    if (json_array_size(json_object_get(status, "sources")) == 0)
        say(&advice, "no source runs: nothing is learned; see `journalctl -u wildset`");
    json_array_foreach(json_object_get(status, "sources"), i, source)
    {
        look_at_source(&advice, source);
        json_array_foreach(json_object_get(source, "interfaces"), j, item)
            look_at_interface(&advice, item);
    }
    json_array_foreach(json_object_get(status, "sets"), i, item) look_at_set(&advice, item);
    look_at_totals(&advice, status);
    json_array_foreach(json_object_get(status, "sources"), i, source)
        look_at_traffic(&advice, status, source);
    json_array_foreach(json_object_get(status, "warnings"), i, item)
        say(&advice, "%s", json_string_value(item) ? json_string_value(item) : "");
    return advice.count;
}
